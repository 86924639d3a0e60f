#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/dual_math.hpp>
#include <attend/layer/each_pack.hpp>
#include <attend/layer/resources.hpp>
#include <attend/simd/dispatch.hpp>

/// A function of each number, run with whole vectors on the machine's best instruction set. An activation is any object
/// with
///
///   f(x)          the value, generic in x: called with packs, with plain numbers of foreign scalars and, where it has
///                 no slope of its own, with dual numbers
///   f.slope(x)    the derivative f′(x); may be left out
///
/// so a lambda will do: `activate([](auto x) { return x * attend::sigmoid(1.702f * x); }, tokens)`. The kinds that the
/// field uses are in layer/activation_kinds.hpp.

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace layer_detail {

/// f′(x): the function's own, or by dual numbers.
template <class Activation, class Number>
[[nodiscard]] ATTEND_INLINE Number slope_of(Activation const& f, Number const& x) {
  if constexpr (requires { f.slope(x); })
    return Number(f.slope(x));
  else
    return Number(f(Dual<Number>(x, Number(1))).derivative);
}

/// What is done to the numbers of one place; of packs as of plain numbers.
template <class Activation>
struct ValueOf {
  static constexpr int inputs = 1, outputs = 1;  // x → f(x)
  Activation const& f;
  template <class Number>
  ATTEND_INLINE void operator()(Number const (&in)[1], Number (&out)[1]) const {
    out[0] = Number(f(in[0]));
  }
};
template <class Activation>
struct ValueBack {
  static constexpr int inputs = 2, outputs = 1;  // x, d_y → d_y f′(x)
  Activation const& f;
  template <class Number>
  ATTEND_INLINE void operator()(Number const (&in)[2], Number (&out)[1]) const {
    out[0] = in[1] * slope_of(f, in[0]);
  }
};
template <class Activation>
struct GateOf {
  static constexpr int inputs = 2, outputs = 1;  // gate, up → f(gate) up
  Activation const& f;
  template <class Number>
  ATTEND_INLINE void operator()(Number const (&in)[2], Number (&out)[1]) const {
    out[0] = Number(f(in[0])) * in[1];
  }
};
template <class Activation>
struct GateBack {
  static constexpr int inputs = 3, outputs = 2;  // gate, up, d_y → d_gate, d_up
  Activation const& f;
  template <class Number>
  ATTEND_INLINE void operator()(Number const (&in)[3], Number (&out)[2]) const {
    out[0] = in[2] * in[1] * slope_of(f, in[0]);
    out[1] = in[2] * Number(f(in[0]));  // one exponential for both, which the compiler finds
  }
};

/// Runs a function over lines of numbers.
template <class Scalar, class Function>
struct MapRows {
  Function const& function;
  Index rows, columns;
  Scalar const* in[Function::inputs];
  Index stride[Function::inputs];
  Scalar* out[Function::outputs];  // contiguous

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = Set::vector_bytes / static_cast<int>(sizeof(Scalar));
    using Pack = pack<Scalar, lanes>;
    for (Index i = 0; i < rows; ++i)
      each_pack<lanes>(
          columns, [&](auto const& part, Index j) __attribute__((always_inline)) {
            Pack from[Function::inputs], to[Function::outputs];
            for (int which = 0; which < Function::inputs; ++which)
              from[which] = part.template load<Pack>(in[which] + i * stride[which] + j);
            function(from, to);
            for (int which = 0; which < Function::outputs; ++which) part.store(to[which], out[which] + i * columns + j);
          });
  }
};

template <class Scalar, class Function, class Executor, class... Inputs>
void map_numbers(Function const& function, Executor& executor, Matrix<Scalar>* out, Inputs const&... in) {
  static_assert(sizeof...(Inputs) == Function::inputs);
  Index const columns = out[0].cols();
  each_row_block(out[0].rows(), executor, [&](Index, Index first, Index rows) {
    MapRows<Scalar, Function> map{
        function, rows, columns, {in.data() + first * in.outerStride()...}, {in.outerStride()...}, {}};
    for (int which = 0; which < Function::outputs; ++which) map.out[which] = out[which].data() + first * columns;
    // Lines that follow each other are one, so that narrow matrices have no tail a line.
    if (((in.outerStride() == columns) && ...)) {
      map.columns *= map.rows;
      map.rows = 1;
    }
    if constexpr (is_kernel_scalar<Scalar>) {
      dispatch(active_isa(), map);
    } else {
      for (Index i = 0; i < map.rows; ++i)
        for (Index j = 0; j < map.columns; ++j) {
          Scalar from[Function::inputs], to[Function::outputs];
          for (int which = 0; which < Function::inputs; ++which) from[which] = map.in[which][i * map.stride[which] + j];
          function(from, to);
          for (int which = 0; which < Function::outputs; ++which) map.out[which][i * map.columns + j] = to[which];
        }
    }
  });
}

}  // namespace layer_detail

/// y = f(x), number by number
///
/// Shapes   x (n, d)  →  y (n, d), which is given its size
/// Given    an executor, or none
/// Edge     NaN stays where it is
/// Cost     reads x once and writes y once
template <class Activation, class Derived, class... Given>
void activate_into(Activation const& f, Eigen::MatrixBase<Derived> const& x, Matrix<typename Derived::Scalar>& y,
                   Given&&... given) {
  layer_detail::Rows<typename Derived::Scalar> const lines(x.derived());
  y.resize(x.rows(), x.cols());
  layer_detail::with_resources(
      [&](auto& executor, Workspace&) {
        layer_detail::map_numbers(layer_detail::ValueOf<Activation>{f}, executor, &y, lines);
      },
      given...);
}
/// The same as a matrix of its own.
template <class Activation, class Derived, class... Given>
[[nodiscard]] Matrix<typename Derived::Scalar> activate(Activation const& f, Eigen::MatrixBase<Derived> const& x,
                                                        Given&&... given) {
  using Scalar = typename Derived::Scalar;
  Matrix<Scalar> y;
  activate_into(f, x, y, given...);
  return y;
}

/// d_x = d_y · f′(x)
///
/// Shapes   x, d_y (n, d)  →  d_x (n, d)
/// Given    an executor, or none
/// Throws   when d_y has not the size of x
template <class Activation, class Derived, class Derivative, class... Given>
[[nodiscard]] Matrix<typename Derived::Scalar> activate_backward(Activation const& f,
                                                                 Eigen::MatrixBase<Derived> const& x,
                                                                 Eigen::MatrixBase<Derivative> const& d_y,
                                                                 Given&&... given) {
  using Scalar = typename Derived::Scalar;
  check(d_y.rows() == x.rows() && d_y.cols() == x.cols(), "activate_backward: d_y is (", d_y.rows(), ", ", d_y.cols(),
        "); it must be (", x.rows(), ", ", x.cols(), ") as x is.");
  Matrix<Scalar> d_x(x.rows(), x.cols());
  layer_detail::Rows<Scalar> const lines(x.derived()), d_lines(d_y.derived());
  layer_detail::with_resources(
      [&](auto& executor, Workspace&) {
        layer_detail::map_numbers(layer_detail::ValueBack<Activation>{f}, executor, &d_x, lines, d_lines);
      },
      given...);
  return d_x;
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
