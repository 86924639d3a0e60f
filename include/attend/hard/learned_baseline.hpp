#pragma once

#include <attend/core/check.hpp>
#include <attend/core/parameters.hpp>

#include <string_view>

namespace attend {

/// A baseline that is predicted from what was known before the pick: b(x) = wᵀx + c, learned by least squares.
///
/// x may hold anything but the pick and what came of it: the state of a decoder, the number of the step.
///
/// Shapes   x (n, d), one row a step  →  b (n)
/// Throws   when x does not have d columns
/// Source   Mnih 2014, section 3.1: b_t learned by the squared error to the return (arXiv 1406.6247)
template <class Scalar>
struct LearnedBaseline {
  Vector<Scalar> weight;  ///< w (d)
  Scalar bias = 0;        ///< c

  LearnedBaseline() = default;
  explicit LearnedBaseline(Index features) : weight(Vector<Scalar>::Zero(features)) {}

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("weight", parameter_span(self.weight));
    function("bias", parameter_span(self.bias));
  }

  template <class Features>
  [[nodiscard]] Vector<Scalar> values(Eigen::MatrixBase<Features> const& x) const {
    check(x.cols() == weight.size(), "LearnedBaseline: x has ", x.cols(), " columns but the weight has ", weight.size(),
          " numbers; there must be one for each feature.");
    return ((x * weight).array() + bias).matrix();
  }

  /// ½ mean (b(x) − r)², and its gradient is added to `gradient`.
  template <class Features, class Returns>
  Scalar loss(Eigen::MatrixBase<Features> const& x, Eigen::MatrixBase<Returns> const& returns,
              LearnedBaseline& gradient) const {
    check(x.rows() >= 1 && x.rows() == returns.size(), "LearnedBaseline: x has ", x.rows(), " rows but there are ",
          returns.size(), " returns; there must be one for each, and at least one.");
    check(gradient.weight.size() == weight.size(), "LearnedBaseline: the gradient has ", gradient.weight.size(),
          " weights; it must have ", weight.size(), ".");
    Vector<Scalar> const d_value = (values(x) - returns) / static_cast<Scalar>(x.rows());
    gradient.weight += x.transpose() * d_value;
    gradient.bias += d_value.sum();
    return d_value.squaredNorm() * static_cast<Scalar>(x.rows()) / 2;
  }
};

}  // namespace attend
