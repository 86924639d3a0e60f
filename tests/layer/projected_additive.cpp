#include <attend/layer/bahdanau_step.hpp>
#include <attend/layer/gru.hpp>
#include <attend/layer/projected_additive.hpp>

#include "decoders.hpp"

#include <gtest/gtest.h>

namespace projected_additive_tests {

using namespace central;
using attend::Additive;
using attend::BareContext;
using attend::DecoderAttention;
using attend::Gru;
using attend::Linear;
using attend::ProjectedAdditive;

TEST(ProjectedAdditive, IsAdditiveOnKeysThatAreProjected) {
  Matrix<double> const w = numbers(6, 3, 1), u = numbers(6, 5, 2), q = numbers(7, 3, 3), k = numbers(9, 5, 4);
  Vector<double> const a = numbers(6, 1, 5), bias = numbers(6, 1, 6);
  Matrix<double> const projected = k * u.transpose();
  Matrix<double> const wanted = attend::reference::weights(q, k, Additive<double>(w, u, a, bias));
  attend::Attention const op{ProjectedAdditive<double>(w, a, bias)};
  EXPECT_LE((op.weights(q, projected) - wanted).cwiseAbs().maxCoeff(), 1e-14);
  EXPECT_LE(
      (attend::reference::weights(q, projected, ProjectedAdditive<double>(w, a, bias)) - wanted).cwiseAbs().maxCoeff(),
      1e-14);
}

TEST(ProjectedAdditive, GradientsThroughADecoderAreCentralDifferences) {
  using Step = attend::BahdanauStep<Gru<double>, BareContext<double>, ProjectedAdditive<double>>;
  Step step{Gru<double>(in + e, hidden),
            DecoderAttention<double, ProjectedAdditive<double>>(
                Linear<double>(e, 6), ProjectedAdditive<double>(Matrix<double>::Zero(6, hidden),
                                                                Vector<double>::Zero(6), Vector<double>::Zero(6))),
            {}};
  attend::initialize_uniform(step, 1, 7);
  expect_decoder_gradients(step, hidden + e);
}

TEST(ProjectedAdditive, WrongSizesAreSentences) {
  Matrix<double> const w = numbers(6, 3, 1), q = numbers(7, 3, 3), k = numbers(9, 5, 4);
  Vector<double> const a = numbers(6, 1, 5);
  attend::Attention const op{ProjectedAdditive<double>(w, a)};
  expect_sentence([&] { (void)op.weights(q, k); }, {"ProjectedAdditive", "(6, 3)", "k has 5"});
  expect_sentence([&] { (void)ProjectedAdditive<double>(w, a.head(4)); }, {"(6, 3)", "4 numbers"});
}

}  // namespace projected_additive_tests
