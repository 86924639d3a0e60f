#pragma once

#include <attend/core/types.hpp>

namespace attend {

/// λ Σ_i (1 − Σ_t α_ti)²: asks that all steps together look at every location about once.
///
/// The rows of α sum to 1 already; this asks it of the columns, too. They cannot all sum to 1 where there are fewer
/// steps than locations: then the penalty spreads what there is.
///
/// Shapes   α (T steps, L locations)
/// Edge     no steps: λ L
/// Source   Xu 2015, section 4.2.1 (arXiv 1502.03044)
template <class Scalar>
struct DoublyStochastic {
  Scalar weight = 1;  ///< λ

  template <class Weights>
  [[nodiscard]] Scalar value(Eigen::MatrixBase<Weights> const& alpha) const {
    return weight * missing(alpha).squaredNorm();
  }
  /// ∂/∂α_ti = −2 λ (1 − Σ_t α_ti), (T, L): the same for all steps
  template <class Weights>
  [[nodiscard]] Matrix<Scalar> gradient(Eigen::MatrixBase<Weights> const& alpha) const {
    return (Scalar(-2) * weight * missing(alpha)).transpose().replicate(alpha.rows(), 1);
  }

 private:
  /// 1 − Σ_t α_ti (L)
  template <class Weights>
  [[nodiscard]] static Vector<Scalar> missing(Eigen::MatrixBase<Weights> const& alpha) {
    return Vector<Scalar>::Ones(alpha.cols()) - alpha.colwise().sum().transpose();
  }
};

}  // namespace attend
