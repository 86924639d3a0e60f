#pragma once

#include "check.hpp"

#include <attend/testing/check_gradient.hpp>

namespace pairs {

template <class Similarity, class Normalizer>
Checked check(Similarity const& similarity, Normalizer const& normalizer, Draw const& draw) {
  std::uint64_t seed = draw.seed;
  auto const random = [&](Index rows, Index columns) { return laws::random_matrix<double>(rows, columns, seed++, 1); };
  auto const [n, m, d, e] = std::tuple{draw.shape.n, draw.shape.m, draw.shape.d, draw.shape.e};
  attend::Matrix<double> const q = random(n, d), k = random(m, d), v = random(m, e);
  attend::Matrix<double> const q_step = random(n, d), k_step = random(m, d), v_step = random(m, e);
  attend::Matrix<double> const d_output = random(n, e);
  attend::Attention const op{similarity, normalizer, draw.mask, draw.adjuster, draw.start};

  Checked checked{attend::testing::check_gradient(op, q, k, v, seed)};
  auto const kept = op.forward(q, k, v);
  auto const g = op.backward(q, k, v, kept, d_output);
  attend::Matrix<double> const output_step = op.jvp(q, k, v, kept, q_step, k_step, v_step);
  double forward = 0, backward = 0, size = 0;
  auto const add = [&size](double& sum, attend::Matrix<double> const& a, attend::Matrix<double> const& b) {
    sum += a.cwiseProduct(b).sum();
    size += a.cwiseProduct(b).cwiseAbs().sum();
  };
  add(forward, d_output, output_step);
  add(backward, g.query, q_step);
  add(backward, g.key, k_step);
  add(backward, g.value, v_step);
  checked.tangent = size > 0 ? std::abs(forward - backward) / size : 0;
  return checked;
}

/// Four kernels serve twelve similarities.
#define ATTEND_TEST_PAIRS_OF(Normalizer)                                       \
  template Checked check(DotProducts const&, Normalizer const&, Draw const&);  \
  template Checked check(FeaturePairs const&, Normalizer const&, Draw const&); \
  template Checked check(TableOfKeys const&, Normalizer const&, Draw const&);  \
  template Checked check(OneOfYourOwn const&, Normalizer const&, Draw const&)

}  // namespace pairs
