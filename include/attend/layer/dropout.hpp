#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/random.hpp>
#include <attend/layer/each_pack.hpp>
#include <attend/simd/dispatch.hpp>
#include <attend/simd/random.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace layer_detail {

/// y = x · scale where u ≥ p, else 0; u belongs to the place (first_row + i, j).
template <class Scalar>
struct DropNumbers {
  Index rows, columns;
  Scalar const* x;
  Index stride;
  double p;
  std::uint64_t seed;
  Index first_row;
  Scalar* y;  // contiguous

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = Set::vector_bytes / static_cast<int>(sizeof(Scalar));
    using Pack = pack<Scalar, lanes>;
    using Whole = integer_like<Scalar>;
    Scalar const scale = static_cast<Scalar>(1 / (1 - p));
    // u is an odd multiple of 2⁻²⁴, the threshold an even one: exact in float, so float and double drop the same.
    Scalar const threshold = static_cast<Scalar>(std::round(p * 0x1p23) * 0x1p-23);
    for (Index i = 0; i < rows; ++i) {
      RandomStream const stream = random_stream(seed, 0, 0, first_row + i);
      each_pack<lanes>(
          columns, [&](auto const& part, Index j) __attribute__((always_inline)) {
            Pack const u = uniform(stream, pack<Whole, lanes>::consecutive(static_cast<Whole>(j)));
            Pack const kept = part.template load<Pack>(x + i * stride + j) * scale;
            part.store(Pack(select(u < threshold, Pack(Scalar(0)), kept)), y + i * columns + j);
          });
    }
  }
};

}  // namespace layer_detail

/// y = x ∘ keep / (1 − p), where each number of `keep` is 0 with probability p and else 1: the expectation of y is x,
/// so that nothing is to be done when the model is used and not trained.
///
/// Which numbers are dropped is a function of the seed and of their place, row and column: the same with any number of
/// threads, and backward draws the mask again instead of keeping it. Hand each step of training, and each layer, a seed
/// of its own; a batch that comes in parts says where each part begins.
///
/// Shapes   x (n, d)  →  y (n, d)
/// Units    p in steps of 2⁻²³
/// Throws   when p is not in [0, 1)
/// Edge     p = 0 gives x, bit for bit; what is dropped is 0 though it were NaN
/// Cost     about 16 operations a number on AVX-512, x read and y written once
/// Source   Srivastava 2014, section 4; inverted as in its section 10
struct Dropout {
  double p = 0.1;

  template <class Tokens>
  [[nodiscard]] Matrix<typename Tokens::Scalar> forward(Eigen::MatrixBase<Tokens> const& x, std::uint64_t seed,
                                                        Index first_row = 0) const {
    using Scalar = typename Tokens::Scalar;
    static_assert(is_kernel_scalar<Scalar>, "attend: Dropout computes in float or double.");
    check(p >= 0 && p < 1, "Dropout: p is ", p, "; it must be at least 0 and less than 1.");
    check(x.cols() <= std::numeric_limits<std::int32_t>::max(), "Dropout: x has ", x.cols(),
          " columns; there may be 2³¹ − 1.");
    if (p == 0) return x;
    layer_detail::Rows<Scalar> const rows(x.derived());
    Matrix<Scalar> y(x.rows(), x.cols());
    dispatch(active_isa(), layer_detail::DropNumbers<Scalar>{x.rows(), x.cols(), rows.data(), rows.outerStride(), p,
                                                             seed, first_row, y.data()});
    return y;
  }

  /// d_x = d_y ∘ keep / (1 − p), with the seed and the place of forward.
  template <class Derivative>
  [[nodiscard]] Matrix<typename Derivative::Scalar> backward(Eigen::MatrixBase<Derivative> const& d_y,
                                                             std::uint64_t seed, Index first_row = 0) const {
    return forward(d_y, seed, first_row);
  }

  /// Nothing of it learns.
  template <class Self, class Function>
  static void each_parameter(Self&, Function&&) {}
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
