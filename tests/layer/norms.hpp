#pragma once

#include <attend/core/types.hpp>

#include "central_differences.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

/// Norms held against their formulas, written out in long double.

namespace central {

/// x̂ and the derivative of Σ x̂ ∘ weight ∘ d_y by x.
template <bool centred>
void norm_formula(Matrix<long double> const& x, Matrix<long double> const& g, long double epsilon,
                  Matrix<long double>& x_hat, Matrix<long double>& d_x) {
  x_hat = x;
  if (centred) x_hat.colwise() -= Vector<long double>(x.rowwise().mean());
  Vector<long double> const sigma = (x_hat.array().square().rowwise().mean() + epsilon).sqrt();
  x_hat = sigma.cwiseInverse().asDiagonal() * x_hat;
  d_x = g;
  if (centred) d_x.colwise() -= Vector<long double>(g.rowwise().mean());
  d_x -= Vector<long double>(g.cwiseProduct(x_hat).rowwise().mean()).asDiagonal() * x_hat;
  d_x = sigma.cwiseInverse().asDiagonal() * d_x;
}

/// Rows around `centre`, spread over ±1. Errors in units of epsilon: of y relative to max(|x̂|, 1) |weight| + |bias|
/// (the variance of x̂ is 1), of d_x to
/// the largest |g|/σ of its row.
template <class Layer>
void expect_near_formula(Layer const& layer, double centre, double bound, double d_bound) {
  using Scalar = typename decltype(layer.weight)::Scalar;
  constexpr bool centred = requires { layer.bias; };
  constexpr double epsilon = std::numeric_limits<Scalar>::epsilon();
  Index const n = 20, d = layer.d();
  Matrix<Scalar> x = (numbers(n, d, 5).array() + centre).template cast<Scalar>();
  x(3, 0) += 40;  // as far out as a number can be, in the place where a row is begun
  Matrix<Scalar> const d_y = numbers(n, d, 6).template cast<Scalar>();
  Layer gradient = attend::zeros_like(layer);
  Matrix<Scalar> const y = layer.forward(x), d_x = layer.backward(x, d_y, gradient);

  Matrix<long double> const wide = x.template cast<long double>();
  Matrix<long double> const weight = layer.weight.template cast<long double>().transpose().replicate(n, 1);
  Matrix<long double> const g = d_y.template cast<long double>().cwiseProduct(weight);
  Matrix<long double> x_hat, right;
  norm_formula<centred>(wide, g, layer.epsilon, x_hat, right);
  Matrix<long double> scaled = x_hat.cwiseProduct(weight), wanted = scaled,
                      size = x_hat.cwiseAbs().cwiseMax(1.0L).cwiseProduct(weight.cwiseAbs());
  if constexpr (centred) {
    wanted.rowwise() += layer.bias.template cast<long double>().transpose();
    size.rowwise() += layer.bias.template cast<long double>().cwiseAbs().transpose();
  }
  double worst = 0, d_worst = 0;
  Vector<long double> per_sigma(n);
  for (Index i = 0; i < n; ++i) {
    long double const mean = centred ? wide.row(i).mean() : 0.0L;
    per_sigma(i) = 1 / std::sqrt((wide.row(i).array() - mean).square().mean() + layer.epsilon);
    for (Index j = 0; j < d; ++j) {
      if (size(i, j) > 0)
        worst = std::max(
            worst,
            static_cast<double>(std::abs(static_cast<long double>(y(i, j)) - wanted(i, j)) / size(i, j)) / epsilon);
      d_worst = std::max(d_worst, static_cast<double>(std::abs(static_cast<long double>(d_x(i, j)) - right(i, j)) /
                                                      (g.row(i).cwiseAbs().maxCoeff() * per_sigma(i))) /
                                      epsilon);
    }
  }
  EXPECT_LE(worst, bound) << "d = " << d << ", around " << centre;
  EXPECT_LE(d_worst, d_bound) << "d = " << d << ", around " << centre;
  if constexpr (centred) {
    Vector<double> const sum = d_y.template cast<double>().colwise().sum();
    EXPECT_LE((gradient.bias.template cast<double>() - sum).cwiseAbs().maxCoeff(), 10 * epsilon);
  }
  Vector<double> const products =
      d_y.template cast<long double>().cwiseProduct(x_hat).colwise().sum().template cast<double>();
  EXPECT_LE((gradient.weight.template cast<double>() - products).cwiseAbs().maxCoeff(),
            20 * epsilon * static_cast<double>(x_hat.cwiseAbs().maxCoeff()));
}

}  // namespace central
