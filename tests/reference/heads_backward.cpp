#include <attend/core/check.hpp>
#include <attend/mask.hpp>
#include <attend/normalize.hpp>
#include <attend/reference/heads_backward.hpp>
#include <attend/score.hpp>
#include <attend/testing/compare_gradient.hpp>

#include "reference/backward_problem.hpp"

#include <gtest/gtest.h>

#include <tuple>
#include <vector>

namespace heads_backward_tests {

using namespace attend_test;
using at::HeadsShape;
using Row = at::Matrix<double>;  // all numbers of an array of heads, in one row

/// 2 sequences, 4 query heads that share 2 key heads, 3 queries, 5 keys, 3 features, 2 of a value.
struct HeadsProblem {
  HeadsShape query{2, 4, 3, 3}, key{2, 2, 5, 3}, value{2, 2, 5, 2}, output{2, 4, 3, 2}, lse{2, 4, 3, 1};
  Row q = random(1, 2 * 4 * 3 * 3, 51), k = random(1, 2 * 2 * 5 * 3, 52), v = random(1, 2 * 2 * 5 * 2, 53);
  Row d_output = random(1, 2 * 4 * 3 * 2, 54), d_lse = random(1, 2 * 4 * 3, 55);

  template <class... Policies>
  [[nodiscard]] double loss(Row const& x, Row const& y, Row const& z, Policies const&... policies) const {
    auto const kept = at::reference::forward(at::heads(x.data(), query), at::heads(y.data(), key),
                                             at::heads(z.data(), value), policies...);
    double sum = 0;
    for (std::size_t i = 0; i < kept.output.size(); ++i) sum += kept.output[i] * d_output(static_cast<at::Index>(i));
    for (std::size_t i = 0; i < kept.log_sum_exp.size(); ++i)
      sum += kept.log_sum_exp[i] * d_lse(static_cast<at::Index>(i));
    return sum;
  }
};

Row row_of(std::vector<double> const& numbers) { return Eigen::Map<Row const>(numbers.data(), 1, std::ssize(numbers)); }

TEST(ReferenceHeadsBackward, GroupsAndPoliciesAreSummedUp) {
  HeadsProblem const x;
  at::Alibi const alibi{std::vector<double>{0.1, 0.2, 0.3, 0.4}};
  Row const a_head = random(1, 4 * 3 * 5, 56), a_sequence = random(1, 2 * 5, 57);
  at::Bias<double> const head_bias{a_head.data(), at::GridShape{1, 4, 3, 5}};
  at::Bias<double> const sequence_bias{a_sequence.data(), at::GridShape{2, 1, 1, 5}};
  at::RelativeBias<double> const relative{random(4, 5, 58)};
  at::T5Bias<double> const t5{random(6, 4, 59), true, 4};
  at::Softmax const softmax{.temperature = 0.9, .sinks = {0.1, -0.2, 0.3, -0.4}};
  at::Gaussian const gaussian{at::Grid<double>(random(1, 12, 60), at::GridShape{1, 4, 3, 1}), 2.0};
  auto const with = [&](auto const& function) {
    return function(alibi, head_bias, sequence_bias, relative, t5, softmax, gaussian, at::Causal{});
  };
  auto const g = with([&](auto const&... policy) {
    return at::reference::backward(at::heads(x.q.data(), x.query), at::heads(x.k.data(), x.key),
                                   at::heads(x.v.data(), x.value), at::heads(x.d_output.data(), x.output),
                                   at::heads(x.d_lse.data(), x.lse), policy...);
  });

  at::testing::GradientReport report;
  auto const compare = [&](char const* name, Row const& at_here, std::vector<double> const& gradient,
                           auto const& loss) {
    auto const all = [&](Row const& here) {
      return with([&](auto const&... policy) { return loss(here, policy...); });
    };
    report.add(at::testing::compare_gradient(name, at_here, row_of(gradient), all));
  };
  compare("query", x.q, g.query, [&](Row const& q, auto const&... p) { return x.loss(q, x.k, x.v, p...); });
  compare("key", x.k, g.key, [&](Row const& k, auto const&... p) { return x.loss(x.q, k, x.v, p...); });
  compare("value", x.v, g.value, [&](Row const& v, auto const&... p) { return x.loss(x.q, x.k, v, p...); });

  // Each policy in its turn is moved, the others stay.
  auto policies = std::tuple(alibi, head_bias, sequence_bias, relative, t5, softmax, gaussian, at::Causal{});
  [&]<std::size_t... index>(std::index_sequence<index...>) {
    auto const compare_policy = [&]<std::size_t i>() {
      auto const original = std::get<i>(policies);
      auto const loss = [&](auto const& policy) {
        std::get<i>(policies) = policy;
        double const value = std::apply([&](auto const&... p) { return x.loss(x.q, x.k, x.v, p...); }, policies);
        std::get<i>(policies) = original;
        return value;
      };
      report.add(
          at::testing::compare_parameters("policy " + std::to_string(i), original, std::get<i>(g.policies), loss));
    };
    (compare_policy.template operator()<index>(), ...);
  }(std::make_index_sequence<7>());
  EXPECT_TRUE(report.passed()) << report;
  EXPECT_EQ(report.entries, 72 + 60 + 40 + 4 + 60 + 10 + 20 + 24 + 5 + 13);
}

TEST(ReferenceHeadsBackward, AHeadOfItsOwnIsTheSameAsAMatrix) {
  BackwardProblem const x;
  at::Matrix<double> const q = x.q, k = x.k, v = x.v, d_output = x.d_output;
  auto const alone = at::reference::backward(q, k, v, d_output, at::Sigmoid{}, at::Euclidean{0.7});
  auto const heads =
      at::reference::backward(at::heads(q.data(), HeadsShape{1, 1, 5, 3}), at::heads(k.data(), HeadsShape{1, 1, 7, 3}),
                              at::heads(v.data(), HeadsShape{1, 1, 7, 2}),
                              at::heads(d_output.data(), HeadsShape{1, 1, 5, 2}), at::Sigmoid{}, at::Euclidean{0.7});
  EXPECT_EQ(row_of(heads.key), Row(Eigen::Map<Row const>(alone.key.data(), 1, 21)));
  EXPECT_EQ(std::get<1>(heads.policies).gamma, std::get<1>(alone.policies).gamma);
}

TEST(ReferenceHeadsBackward, WrongSizesAreRefused) {
  HeadsProblem const x;
  EXPECT_THROW((void)at::reference::backward(at::heads(x.q.data(), x.query), at::heads(x.k.data(), x.key),
                                             at::heads(x.v.data(), x.value), at::heads(x.d_lse.data(), x.lse)),
               at::Error);
  EXPECT_THROW((void)at::reference::backward(at::heads(x.q.data(), x.query), at::heads(x.k.data(), x.key),
                                             at::heads(x.v.data(), x.value), at::heads(x.d_output.data(), x.output),
                                             at::heads(x.d_output.data(), x.output)),
               at::Error);
}

}  // namespace heads_backward_tests
