#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/heads.hpp>
#include <attend/core/types.hpp>
#include <attend/layer/rotate_rows.hpp>

#include <cmath>
#include <numbers>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// How a model that was trained on sequences of `original_length` reads longer ones: waves shorter than
/// original_length / high are kept, waves longer than original_length / low are stretched by `factor`, those between by
/// something between.
///
/// Source   Llama 3.1's model code, the rope scaling of type "llama3"; its values are the ones given here
struct Llama3Scaling {
  double factor = 8, low = 1, high = 4;
  double original_length = 8192;
};

/// cos and sin of the angles of some positions: computed once, used by every head and layer.
template <class Scalar>
struct RotaryTurns {
  Matrix<Scalar> cosine, sine;  // (n, dims/2)
};

/// Rotary positions: the pair f of a query or key at position i is turned by the angle i·θ_f,
///
///   (a, b) → (a cos − b sin, b cos + a sin),  θ_f = base^(−2f/dims)
///
/// and q_i·k_j then depends on positions by i − j alone. Values are not turned.
///
///   at::Rotary const rotary(64);
///   auto const turns = rotary.turns<float>(n);    // or turns<float>(n, first) behind a cache
///   q = rotary.forward(q, turns);                 // or rotary.rotate(at::heads(q, h), turns), in place, head by head
///
/// Only the first `dims` features turn, the rest pass. Angles are computed in double, so a float far from the start is
/// as exact as one near it. Backward is the inverse rotation.
///
/// Shapes   x (n, d), d ≥ dims; heads (batch, heads, n, d)  →  the same
/// Throws   when dims is odd or not positive, when base or factor is not positive, when x does not fit
/// Edge     NaN stays in its pair
/// Cost     2·n·dims multiply-adds; turns: a sine and a cosine a pair and position
/// Source   Su 2021, equations 15 and 34 (arXiv 2104.09864)
class Rotary {
 public:
  explicit Rotary(Index dims, RotaryLayout layout = RotaryLayout::halves, double base = 10000) : layout_(layout) {
    check(dims > 0 && dims % 2 == 0, "Rotary: ", dims, " dims; there must be an even number of them, at least 2.");
    check(std::isfinite(base) && base > 0, "Rotary: the base is ", base, "; it must be more than 0.");
    for (Index f = 0; f < dims / 2; ++f)
      frequencies_.push_back(std::pow(base, -2 * static_cast<double>(f) / static_cast<double>(dims)));
  }

  /// Positions divided by `factor`, so that a sequence that much longer has the angles of the one that was trained.
  ///
  /// Source   Chen 2023, equation 4 (arXiv 2306.15595)
  [[nodiscard]] Rotary with_linear_scaling(double factor) const {
    return with_frequencies(factor, [&](double theta, Index) { return theta / factor; });
  }
  /// The base multiplied by factor^(dims / (dims − 2)): the longest wave is stretched by `factor`, the shortest is
  /// kept.
  ///
  /// Throws   also when there are only two dims, which have one wave
  /// Source   Peng 2023, section 3.1, "NTK-aware" (arXiv 2309.00071)
  [[nodiscard]] Rotary with_ntk_scaling(double factor) const {
    check(dims() > 2, "Rotary: with_ntk_scaling needs more than 2 dims.");
    return with_frequencies(factor, [&](double theta, Index f) {
      return theta * std::pow(factor, -2 * static_cast<double>(f) / static_cast<double>(dims() - 2));
    });
  }
  [[nodiscard]] Rotary with_llama3_scaling(Llama3Scaling const& scaling = {}) const {
    check(scaling.low > 0 && scaling.high > scaling.low && scaling.original_length > 0,
          "Rotary: Llama3Scaling has low ", scaling.low, ", high ", scaling.high, " and original_length ",
          scaling.original_length, "; 0 < low < high and a positive length are wanted.");
    return with_frequencies(scaling.factor, [&](double theta, Index) {
      double const waves = scaling.original_length * theta / (2 * std::numbers::pi);  // that fit into the length
      double const kept = std::fmin(1, std::fmax(0, (waves - scaling.low) / (scaling.high - scaling.low)));
      return theta * (kept + (1 - kept) / scaling.factor);
    });
  }

  [[nodiscard]] Index dims() const { return 2 * static_cast<Index>(frequencies_.size()); }
  [[nodiscard]] RotaryLayout layout() const { return layout_; }
  /// θ_f, radians a position.
  [[nodiscard]] std::span<double const> frequencies() const { return frequencies_; }

  /// Of positions first, first + 1, …
  template <class Scalar>
  [[nodiscard]] RotaryTurns<Scalar> turns(Index length, Index first = 0) const {
    check(length >= 0, "Rotary: turns of ", length, " positions; there cannot be less than 0.");
    return turns_at<Scalar>(length, [&](Index i) { return first + i; });
  }
  /// Of any positions, one a row: packed sequences, ragged caches.
  template <class Scalar>
  [[nodiscard]] RotaryTurns<Scalar> turns(std::span<Index const> positions) const {
    return turns_at<Scalar>(std::ssize(positions), [&](Index i) { return positions[static_cast<std::size_t>(i)]; });
  }

  template <class Tokens>
  [[nodiscard]] Matrix<typename Tokens::Scalar> forward(Eigen::MatrixBase<Tokens> const& x,
                                                        RotaryTurns<typename Tokens::Scalar> const& turns) const {
    return turned(x, turns, 1);
  }
  /// ∂loss/∂x from ∂loss/∂y: turned back.
  template <class Derivative>
  [[nodiscard]] Matrix<typename Derivative::Scalar> backward(
      Eigen::MatrixBase<Derivative> const& d_y, RotaryTurns<typename Derivative::Scalar> const& turns) const {
    return turned(d_y, turns, -1);
  }

  /// The same in place, for every head of every sequence. Turns of more positions may be handed in: they are read from
  /// row `first` on, where the sequences begin.
  template <class Scalar>
  void rotate(Heads<Scalar> const& x, RotaryTurns<Scalar> const& turns, Index first = 0) const {
    turn_heads(x, turns, first, 1);
  }
  template <class Scalar>
  void rotate_back(Heads<Scalar> const& d_y, RotaryTurns<Scalar> const& turns, Index first = 0) const {
    turn_heads(d_y, turns, first, -1);
  }

  /// Nothing of it learns.
  template <class Self, class Function>
  static void each_parameter(Self&, Function&&) {}

 private:
  template <class Function>
  [[nodiscard]] Rotary with_frequencies(double factor, Function const& scaled) const {
    check(std::isfinite(factor) && factor > 0, "Rotary: the factor of a scaling is ", factor,
          "; it must be more than 0.");
    Rotary result = *this;
    for (std::size_t f = 0; f < frequencies_.size(); ++f)
      result.frequencies_[f] = scaled(frequencies_[f], static_cast<Index>(f));
    return result;
  }

  template <class Scalar, class Position>
  [[nodiscard]] RotaryTurns<Scalar> turns_at(Index length, Position const& position) const {
    RotaryTurns<Scalar> turns{Matrix<Scalar>(length, dims() / 2), Matrix<Scalar>(length, dims() / 2)};
    for (Index i = 0; i < length; ++i)
      for (Index f = 0; f < dims() / 2; ++f) {
        double const angle = static_cast<double>(position(i)) * frequencies_[static_cast<std::size_t>(f)];
        turns.cosine(i, f) = static_cast<Scalar>(std::cos(angle));
        turns.sine(i, f) = static_cast<Scalar>(std::sin(angle));
      }
    return turns;
  }

  /// `whole`: as many turns as rows are wanted, not more.
  template <class Scalar>
  void check_sizes(Index rows, Index columns, RotaryTurns<Scalar> const& turns, Index first, bool whole) const {
    static_assert(is_kernel_scalar<Scalar>, "attend: Rotary turns float or double.");
    check(columns >= dims(), "Rotary: x has ", columns, " features but ", dims(),
          " turn; there must be at least as many.");
    Index const positions = turns.cosine.rows();
    check(turns.cosine.cols() == dims() / 2 && turns.sine.cols() == dims() / 2 && turns.sine.rows() == positions &&
              (whole ? rows == positions : first >= 0 && first + rows <= positions),
          "Rotary: the turns are (", positions, ", ", turns.cosine.cols(), ") but x has ", rows,
          " rows; the turns must be (", first + rows, ", ", dims() / 2, ").");
  }

  template <class Tokens, class Scalar>
  [[nodiscard]] Matrix<Scalar> turned(Tokens const& x, RotaryTurns<Scalar> const& turns,
                                      std::type_identity_t<Scalar> direction) const {
    check_sizes(x.rows(), x.cols(), turns, 0, true);
    layer_detail::Rows<Scalar> const rows(x.derived());
    Matrix<Scalar> y(x.rows(), x.cols());
    dispatch(active_isa(), layer_detail::RotateRows<Scalar>{dims() / 2, layout_, view_of(rows), mutable_view_of(y),
                                                            turns.cosine.data(), turns.sine.data(), direction});
    return y;
  }

  template <class Scalar>
  void turn_heads(Heads<Scalar> const& x, RotaryTurns<Scalar> const& turns, Index first,
                  std::type_identity_t<Scalar> direction) const {
    check_sizes(x.length(), x.dim(), turns, first, false);
    Index const begin = first * (dims() / 2);
    bool const heads_share_rows = x.strides().heads < x.strides().length;
    for (Index b = 0; b < x.batch(); ++b)
      for (Index h = 0; h < x.heads(); h += heads_share_rows ? x.heads() : 1) {
        MutableView<Scalar> const head = x.mutable_head(b, h);
        dispatch(active_isa(),
                 layer_detail::RotateRows<Scalar>{dims() / 2, layout_, head, head, turns.cosine.data() + begin,
                                                  turns.sine.data() + begin, direction,
                                                  heads_share_rows ? x.heads() : 1, x.strides().heads});
      }
  }

  RotaryLayout layout_;
  std::vector<double> frequencies_;
};

/// Turns of the positions that a model may reach, to be shared by its layers (MultiHead::rotary).
template <class Scalar>
struct RotaryTable {
  Rotary rotary;
  RotaryTurns<Scalar> turns;

  RotaryTable(Rotary how, Index positions) : rotary(std::move(how)), turns(rotary.turns<Scalar>(positions)) {}
  [[nodiscard]] Index positions() const { return turns.cosine.rows(); }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
