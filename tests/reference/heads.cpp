#include <attend/reference/heads.hpp>

#include <attend/mask.hpp>
#include <attend/score.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace heads_tests {

namespace at = attend;
namespace reference = attend::reference;
using at::Index;

std::vector<double> numbers(Index count, unsigned seed) {
  std::srand(seed);
  Eigen::VectorXd const x = Eigen::VectorXd::Random(count);
  return {x.begin(), x.end()};
}

at::Matrix<double> matrix(at::Heads<double const> const& heads, Index b, Index h) {
  at::Matrix<double> x(heads.length(), heads.dim());
  for (Index i = 0; i < x.rows(); ++i)
    for (Index f = 0; f < x.cols(); ++f) x(i, f) = heads(b, h, i, f);
  return x;
}

TEST(ReferenceHeads, EachIsACallOfItsOwnAndGroupsShareKeys) {
  auto const q_numbers = numbers(2 * 6 * 3 * 4, 1), k_numbers = numbers(2 * 2 * 5 * 4, 2),
             v_numbers = numbers(2 * 2 * 5 * 3, 3);
  at::Heads<double const> const q = at::heads(q_numbers.data(), {2, 6, 3, 4});
  at::Heads<double const> const k = at::heads(k_numbers.data(), {2, 2, 5, 4});
  at::Heads<double const> const v = at::heads(v_numbers.data(), {2, 2, 5, 3});
  auto const kept = reference::forward(q, k, v, at::Causal{});
  auto const out = at::heads(kept.output.data(), {2, 6, 3, 3});
  auto const weights = reference::weights(q, k, at::Causal{});
  auto const scores = reference::scores(q, k, at::Causal{});
  for (Index b = 0; b < 2; ++b)
    for (Index h = 0; h < 6; ++h) {
      auto const alone = reference::forward(matrix(q, b, h), matrix(k, b, h / 3), matrix(v, b, h / 3), at::Causal{});
      EXPECT_EQ(matrix(out, b, h), alone.output);
      for (Index i = 0; i < 3; ++i)
        EXPECT_EQ(kept.log_sum_exp[static_cast<std::size_t>((b * 6 + h) * 3 + i)], alone.log_sum_exp(i));
      EXPECT_EQ(matrix(at::heads(weights.data(), {2, 6, 3, 5}), b, h),
                reference::weights(matrix(q, b, h), matrix(k, b, h / 3), at::Causal{}));
      EXPECT_EQ(matrix(at::heads(scores.data(), {2, 6, 3, 5}), b, h),
                reference::scores(matrix(q, b, h), matrix(k, b, h / 3), at::Causal{}));
    }
  EXPECT_EQ(reference::attention(q, k, v, at::Causal{}), kept.output);
}

TEST(ReferenceHeads, PoliciesKnowHeadAndSequence) {
  std::vector<double> const zeros(100, 0.0);
  at::Heads<double const> const q = at::heads(zeros.data(), {2, 3, 1, 2}), k = at::heads(zeros.data(), {2, 1, 4, 2});
  auto const scores = reference::scores(q, k, [](auto s, auto p) { return s + 10 * p.head + 100 * p.batch; });
  EXPECT_EQ(scores[0], 0);
  EXPECT_EQ(scores[4 * 2], 20);
  EXPECT_EQ(scores[4 * 4 + 3], 110);
  // Caches filled to different lengths.
  auto const w = reference::weights(q, k, at::QueryStart{{0, 2}}, at::Causal{});
  EXPECT_EQ(w[0], 1);
  EXPECT_NEAR(w[4 * 3 + 2], 1.0 / 3, 1e-15);
  EXPECT_EQ(w[4 * 3 + 3], 0);
}

TEST(ReferenceHeads, ReadsThroughStridesAndInHalfPrecision) {
  auto const x = numbers(2 * 3 * 2 * 4, 1);  // (batch, length, heads, dim)
  at::Heads<double const> const q(x.data(), {2, 2, 3, 4}, {24, 4, 8, 1});
  std::vector<Eigen::half> rounded;
  for (double const number : x) rounded.push_back(static_cast<Eigen::half>(number));
  at::Heads<Eigen::half const> const half(rounded.data(), q.shape(), q.strides());
  auto const wanted = reference::attention(q, q, q);
  auto const found = reference::attention(half, half, half);
  static_assert(std::is_same_v<decltype(found), std::vector<float> const>);
  auto const wide = reference::attention<double>(half, half, half);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(found[i]), wanted[i], 2e-3);
    EXPECT_NEAR(static_cast<double>(found[i]), wide[i], 1e-6);
  }
  EXPECT_EQ(matrix(at::heads(wanted.data(), {2, 2, 3, 4}), 1, 1),
            reference::attention(matrix(q, 1, 1), matrix(q, 1, 1), matrix(q, 1, 1)));
}

TEST(ReferenceHeads, SaysWhatIsWrong) {
  std::vector<double> const x(200, 0.0);
  auto const of = [&](at::HeadsShape shape) { return at::heads(x.data(), shape); };
  EXPECT_THROW((void)reference::attention(of({2, 2, 3, 4}), of({1, 2, 3, 4}), of({1, 2, 3, 4})), at::Error);
  EXPECT_THROW((void)reference::attention(of({1, 3, 3, 4}), of({1, 2, 3, 4}), of({1, 2, 3, 4})), at::Error);
  EXPECT_THROW((void)reference::attention(of({1, 2, 3, 4}), of({1, 2, 3, 5}), of({1, 2, 3, 4})), at::Error);
  EXPECT_THROW((void)reference::attention(of({1, 2, 3, 4}), of({1, 2, 3, 4}), of({1, 1, 3, 4})), at::Error);
  EXPECT_THROW((void)reference::attention(of({1, 2, 3, 4}), of({1, 2, 3, 4}), of({1, 2, 4, 4})), at::Error);
  EXPECT_THROW((void)reference::attention(of({1, 2, 3, 4}), of({1, 0, 3, 4}), of({1, 0, 3, 4})), at::Error);
  EXPECT_TRUE(reference::attention(of({0, 2, 3, 4}), of({0, 1, 3, 4}), of({0, 1, 3, 4})).empty());
}

}  // namespace heads_tests
