#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/resources.hpp>
#include <attend/layer/training.hpp>

#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// Whether a layer normalises what it reads, or the sum of that and its result.
enum class NormPlace {
  before,  ///< y = x + f(norm(x)): deep stacks train without a warm-up (Xiong 2020, arXiv 2002.04745)
  after    ///< y = norm(x + f(x)): Vaswani 2017, section 5.4 (arXiv 1706.03762)
};

/// A norm and the way around a layer f, which adds to what it read and does not replace it.
///
/// Shapes   x (n, features)  →  y (n, features)
/// Given    an executor for the norm, and Training, or none
/// Throws   when f gives other sizes than it is given
/// Cost     one norm and one addition a number; backward keeps the sum and what f read
/// Source   He 2016, equation 1 (arXiv 1512.03385)
template <class Scalar, class Norm>
struct Residual {
  Norm norm;
  NormPlace place = NormPlace::before;

  struct Forward {
    Matrix<Scalar> output;
    Matrix<Scalar> read;  // by f; empty where that is x
    Matrix<Scalar> sum;   // x + f; empty where that is the output
  };

  /// `layer` is f: a matrix of tokens in, one out.
  template <class Layer, class... Given>
  [[nodiscard]] Forward forward(Matrix<Scalar> const& x, Layer const& layer, Given&&... given) const {
    Forward kept;
    forward_into(x, kept, layer, given...);
    return kept;
  }
  /// The same into what an earlier call kept, whose memory serves again.
  template <class Layer, class... Given>
  void forward_into(Matrix<Scalar> const& x, Forward& kept, Layer const& layer, Given&&... given) const {
    if (place == NormPlace::before) {
      norm.forward_into(x, kept.read, given...);
      add(x, layer(std::as_const(kept.read)), kept.output, given...);
    } else {
      add(x, layer(x), kept.sum, given...);
      norm.forward_into(kept.sum, kept.output, given...);
    }
  }

  /// ∂loss/∂x from ∂loss/∂y. `layer_backward(read, d_result)` gives ∂loss by what f read.
  template <class LayerBackward, class... Given>
  [[nodiscard]] Matrix<Scalar> backward(Matrix<Scalar> const& x, Forward const& kept, Matrix<Scalar> const& d_output,
                                        Residual& gradient, LayerBackward const& layer_backward,
                                        Given&&... given) const {
    if (place == NormPlace::before) {
      // y = x + f(norm(x))
      Matrix<Scalar> const d_read = layer_backward(kept.read, dropped(d_output, given...));
      return d_output + norm.backward(x, d_read, gradient.norm, given...);
    }
    // y = norm(x + f(x))
    Matrix<Scalar> const d_sum = norm.backward(kept.sum, d_output, gradient.norm, given...);
    return d_sum + layer_backward(x, dropped(d_sum, given...));
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.norm, function);
  }

 private:
  template <class... Given>
  static void add(Matrix<Scalar> const& x, Matrix<Scalar> const& result, Matrix<Scalar>& sum, Given&... given) {
    check(x.rows() == result.rows() && x.cols() == result.cols(), "Residual: the layer made (", result.rows(), ", ",
          result.cols(), ") of (", x.rows(), ", ", x.cols(), "); both must be of the same size to be added.");
    decltype(auto) added = dropped(result, given...);
    sum.resize(x.rows(), x.cols());
    layer_detail::with_resources_among(
        [&](auto& executor, Workspace&) {
          layer_detail::each_row_block(x.rows(), executor, [&](Index, Index first, Index count) {
            sum.middleRows(first, count) = x.middleRows(first, count) + added.middleRows(first, count);
          });
        },
        given...);
  }
  /// What Training, where it is given, leaves of the layer's result; and of its derivative.
  template <class... Given>
  [[nodiscard]] static decltype(auto) dropped(Matrix<Scalar> const& result, Given&... given) {
    if constexpr ((layer_detail::is_training<Given> || ...)) {
      Matrix<Scalar> left = result;
      layer_detail::drop(left, given...);
      return left;
    } else {
      return (result);
    }
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
