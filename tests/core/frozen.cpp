// One instruction set is enough here, and compiles faster than all.
#ifndef ATTEND_NO_DISPATCH
#define ATTEND_NO_DISPATCH
#endif

#include <attend/attention.hpp>
#include <attend/core/frozen.hpp>
#include <attend/normalize/entmax.hpp>
#include <attend/score/additive.hpp>
#include <attend/score/alibi.hpp>
#include <attend/score/bias.hpp>

#include <gtest/gtest.h>

#include <tuple>
#include <type_traits>

namespace frozen_tests {

namespace at = attend;
using at::Index;
using Matrix = at::Matrix<double>;

Matrix random(Index rows, Index columns, unsigned seed) {
  std::srand(seed);
  return Matrix::Random(rows, columns);
}

static_assert(at::Learned<at::Bias<double>> && !at::Learned<at::Frozen<at::Bias<double>>>);
static_assert(at::Adjuster<at::Frozen<at::Bias<double>>> && at::Similarity<at::Frozen<at::Additive<double>>> &&
              at::Normalizer<at::Frozen<at::Entmax>>);

struct Problem {
  Matrix q = random(70, 3, 1), k = random(90, 3, 2), v = random(90, 2, 3), d_output = random(70, 2, 4);
  at::Additive<double> additive{random(5, 3, 5), random(5, 3, 6), random(5, 1, 7)};
  at::Bias<double> bias{random(70, 90, 8)};
};

TEST(Frozen, GivesTheSameWithoutGradientsOfItsOwn) {
  Problem const x;
  at::Attention const learned{x.additive, x.bias, at::Alibi{0.1}, at::Entmax{1.4}};
  at::Attention const still{at::frozen(x.additive), at::frozen(x.bias), at::Alibi{0.1}, at::frozen(at::Entmax{1.4})};
  auto const kept = still.forward(x.q, x.k, x.v);
  EXPECT_EQ(kept.output, learned.forward(x.q, x.k, x.v).output);

  at::Workspace much, little;
  auto const wanted = learned.backward(x.q, x.k, x.v, kept, x.d_output, much);
  auto const found = still.backward(x.q, x.k, x.v, kept, x.d_output, little);
  static_assert(std::is_same_v<decltype(found.policies), std::tuple<at::Alibi>>);
  EXPECT_EQ(found.query, wanted.query);
  EXPECT_EQ(found.key, wanted.key);
  EXPECT_EQ(found.value, wanted.value);
  EXPECT_EQ(std::get<0>(found.policies).slopes(), std::get<at::Alibi>(wanted.policies).slopes());
  // A number for each pair, and a plane of slopes.
  EXPECT_LE(little.size() + 70 * 90 * sizeof(double), much.size());

  auto const reference = at::reference::backward(x.q, x.k, x.v, x.d_output, at::frozen(x.additive), at::frozen(x.bias),
                                                 at::Alibi{0.1}, at::frozen(at::Entmax{1.4}));
  static_assert(std::is_same_v<std::remove_cvref_t<decltype(reference.policies)>, std::tuple<at::Alibi>>);
  EXPECT_LE((found.query - reference.query).cwiseAbs().maxCoeff(), 1e-13);
  EXPECT_LE((found.key - reference.key).cwiseAbs().maxCoeff(), 1e-13);
}

/// Its parameters are still there to be read.
TEST(Frozen, IsThePolicy) {
  at::Frozen<at::Bias<double>> const mask = at::frozen(Problem().bias);
  EXPECT_EQ(mask.grid().shape().rows, 70);
  at::Bias<double> const& policy = mask;
  EXPECT_EQ(policy.grid().numbers().size(), 70u * 90u);
}

}  // namespace frozen_tests
