#pragma once

#include <attend/core/config.hpp>
#include <attend/layer/each_pack.hpp>
#include <attend/layer/resources.hpp>
#include <attend/simd/dispatch.hpp>
#include <attend/simd/pack.hpp>

#include <cmath>
#include <type_traits>

ATTEND_QUIET_BEGIN

/// What LayerNorm (centred) and RmsNorm have in common: rows of x̂ = (x − μ) / σ, and back. Sums are taken in double,
/// from a number a near μ (double: the sum of a first pass), so a row far from zero loses nothing but the digits that x
/// itself lacks:
///
///   δ = Σ(x − a) / d,  σ² = Σ(x − a)² / d − δ² + ε,  x̂ = ((x − high) − low) / σ,  high + low = μ = a + δ

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace layer_detail {

/// A row's μ in two parts of the row's own type, and 1/σ.
template <class Scalar>
struct RowScale {
  Scalar high = 0, low = 0;
  Scalar per_sigma = 0;
};

/// `lanes` numbers from memory as doubles.
template <class Wide, class Scalar, class Part>
[[nodiscard]] ATTEND_INLINE Wide load_wide(Part const& part, Scalar const* from) {
  using Pack = pack<Scalar, Wide::size>;
  return pack_detail::converted<double, Wide::size>(part.template load<Pack>(from).value());
}

template <class Set, bool centred, class Scalar>
[[nodiscard]] ATTEND_INLINE RowScale<Scalar> row_scale(Scalar const* x, Index d, double epsilon) {
  constexpr int lanes = Set::vector_bytes / static_cast<int>(sizeof(double));
  using Wide = pack<double, lanes>;
  double const per_d = 1 / static_cast<double>(d);
  double mean = 0;
  if constexpr (centred && std::is_same_v<Scalar, float>) {
    // One pass is enough: whatever the row, its first number is at most σ √d from μ, so that of the 53 bits of δ and σ²
    // no more than log₂ d cancel.
    if (d > 0) mean = static_cast<double>(x[0]);
  } else if constexpr (centred) {
    Wide sum[chains] = {Wide(0.), Wide(0.), Wide(0.), Wide(0.)};
    each_pack_in_chains<lanes>(
        d, [&](auto const& part, Index j, int chain)
               __attribute__((always_inline)) { sum[chain] += load_wide<Wide>(part, x + j); });
    mean = sum_of_chains(sum) * per_d;
  }
  Wide rest[chains] = {Wide(0.), Wide(0.), Wide(0.), Wide(0.)};
  Wide squares[chains] = {Wide(0.), Wide(0.), Wide(0.), Wide(0.)};
  each_pack_in_chains<lanes>(
      d, [&](auto const& part, Index j, int chain) __attribute__((always_inline)) {
        Wide c = load_wide<Wide>(part, x + j);
        if constexpr (centred) {
          c = part.kept(Wide(c - mean));
          rest[chain] += c;
        }
        squares[chain] = fma(c, c, squares[chain]);
      });
  double const left_over = sum_of_chains(rest) * per_d;
  double const difference = sum_of_chains(squares) * per_d - left_over * left_over;
  double const variance = difference < 0 ? 0 : difference;  // by rounding; NaN stays
  RowScale<Scalar> scale;
  // high must be the number of the row's type next to μ, or x − high would round.
  scale.high = static_cast<Scalar>(mean + left_over);
  scale.low = static_cast<Scalar>((mean - static_cast<double>(scale.high)) + left_over);
  scale.per_sigma = static_cast<Scalar>(1 / std::sqrt(variance + epsilon));
  return scale;
}

/// x̂ of one pack.
template <bool centred, class Pack, class Scalar>
[[nodiscard]] ATTEND_INLINE Pack normalized(Pack const& x, RowScale<Scalar> const& scale) {
  if constexpr (centred)
    return ((x - scale.high) - scale.low) * scale.per_sigma;
  else
    return x * scale.per_sigma;
}

/// y = x̂ ∘ weight + bias
template <class Scalar, bool centred>
struct NormForward {
  Index rows, d;
  Scalar const* x;
  Index stride;
  Scalar const *weight, *bias;  // (d); bias may be null
  double epsilon;
  Scalar* y;  // contiguous

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = Set::vector_bytes / static_cast<int>(sizeof(Scalar));
    using Pack = pack<Scalar, lanes>;
    for (Index i = 0; i < rows; ++i) {
      Scalar const* from = x + i * stride;
      Scalar* to = y + i * d;
      RowScale<Scalar> const scale = row_scale<Set, centred>(from, d, epsilon);
      each_pack<lanes>(
          d, [&](auto const& part, Index j) __attribute__((always_inline)) {
            Pack const x_hat = normalized<centred>(part.template load<Pack>(from + j), scale);
            Pack const w = part.template load<Pack>(weight + j);
            if (bias != nullptr)
              part.store(fma(x_hat, w, part.template load<Pack>(bias + j)), to + j);
            else
              part.store(Pack(x_hat * w), to + j);
          });
    }
  }
};

/// With g = d_y ∘ weight:  d_x = (g − mean(g) − x̂ mean(g ∘ x̂)) / σ; without mean(g) where x was not centred.
/// ∂loss/∂weight = Σ d_y ∘ x̂ and ∂loss/∂bias = Σ d_y over rows, in double.
template <class Scalar, bool centred>
struct NormBackward {
  Index rows, d;
  Scalar const *x, *d_y;
  Index stride, d_stride;
  Scalar const* weight;
  double epsilon;
  Scalar* d_x;                // contiguous
  double *d_weight, *d_bias;  // (d); d_bias may be null

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int wide_lanes = Set::vector_bytes / static_cast<int>(sizeof(double));
    constexpr int lanes = Set::vector_bytes / static_cast<int>(sizeof(Scalar));
    using Wide = pack<double, wide_lanes>;
    using Narrow = pack<Scalar, wide_lanes>;
    using Pack = pack<Scalar, lanes>;
    double const per_d = 1 / static_cast<double>(d);
    for (Index i = 0; i < rows; ++i) {
      Scalar const *from = x + i * stride, *d_from = d_y + i * d_stride;
      Scalar* to = d_x + i * d;
      RowScale<Scalar> const scale = row_scale<Set, centred>(from, d, epsilon);
      Wide sum[chains] = {Wide(0.), Wide(0.), Wide(0.), Wide(0.)};
      Wide product[chains] = {Wide(0.), Wide(0.), Wide(0.), Wide(0.)};
      each_pack_in_chains<wide_lanes>(
          d, [&](auto const& part, Index j, int chain) __attribute__((always_inline)) {
            Narrow const narrow = normalized<centred>(part.template load<Narrow>(from + j), scale);
            // Past the end of a row d_y is 0, and so must x̂ be where it is no number.
            Wide const x_hat = part.kept(pack_detail::converted<double, wide_lanes>(narrow.value()));
            Wide const dy = load_wide<Wide>(part, d_from + j), g = dy * load_wide<Wide>(part, weight + j);
            if constexpr (centred) sum[chain] += g;
            product[chain] = fma(g, x_hat, product[chain]);
            part.store(fma(dy, x_hat, part.template load<Wide>(d_weight + j)), d_weight + j);
            if (d_bias != nullptr) part.store(Wide(dy + part.template load<Wide>(d_bias + j)), d_bias + j);
          });
      Scalar const mean = static_cast<Scalar>(sum_of_chains(sum) * per_d);
      Scalar const slope = static_cast<Scalar>(sum_of_chains(product) * per_d);
      each_pack<lanes>(
          d, [&](auto const& part, Index j) __attribute__((always_inline)) {
            Pack const x_hat = normalized<centred>(part.template load<Pack>(from + j), scale);
            Pack const g = part.template load<Pack>(d_from + j) * part.template load<Pack>(weight + j);
            part.store(Pack(fma(x_hat, Pack(-slope), Pack(g - mean)) * scale.per_sigma), to + j);
          });
    }
  }
};

/// y of all rows, in blocks; y may lie where x does.
template <bool centred, class Scalar, class Lines, class Executor>
void norm_forward(Rows<Scalar> const& x, Scalar const* weight, Scalar const* bias, double epsilon, Lines& y,
                  Executor& executor) {
  each_row_block(x.rows(), executor, [&](Index, Index first, Index rows) {
    dispatch(active_isa(),
             NormForward<Scalar, centred>{rows, x.cols(), x.data() + first * x.outerStride(), x.outerStride(), weight,
                                          bias, epsilon, y.data() + first * x.cols()});
  });
}

/// d_x of all rows; each block of rows sums its part of the other derivatives, and the parts are joined in order.
template <bool centred, class Scalar, class Executor>
void norm_backward(Rows<Scalar> const& x, Rows<Scalar> const& d_y, Scalar const* weight, double epsilon,
                   Matrix<Scalar>& d_x, Vector<Scalar>& d_weight, Vector<Scalar>* d_bias, Executor& executor) {
  Index const d = x.cols(), blocks = row_blocks(x.rows());
  bool const has_bias = d_bias != nullptr && d_bias->size() > 0;
  Matrix<double> weight_parts = Matrix<double>::Zero(blocks, d);
  Matrix<double> bias_parts = Matrix<double>::Zero(has_bias ? blocks : 0, d);
  each_row_block(x.rows(), executor, [&](Index block, Index first, Index rows) {
    dispatch(active_isa(), NormBackward<Scalar, centred>{
                               rows, d, x.data() + first * x.outerStride(), d_y.data() + first * d_y.outerStride(),
                               x.outerStride(), d_y.outerStride(), weight, epsilon, d_x.data() + first * d,
                               weight_parts.data() + block * d, has_bias ? bias_parts.data() + block * d : nullptr});
  });
  if (blocks == 0) return;
  d_weight += weight_parts.colwise().sum().transpose().template cast<Scalar>();
  if (has_bias) *d_bias += bias_parts.colwise().sum().transpose().template cast<Scalar>();
}

}  // namespace layer_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
