#pragma once

#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/linear.hpp>
#include <attend/layer/multi_head.hpp>
#include <attend/layer/product.hpp>
#include <attend/layer/resources.hpp>
#include <attend/layer/shared.hpp>
#include <attend/layer/sinusoidal_positions.hpp>
#include <attend/score/bias.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// Many heads whose scores know how far a key is from the query, and which look at the segment before as well:
///
///   score(i, j) = ((q_i + u)·k_j + (q_i + v)·r_{i−j}) / √d      r_t = W_r R_t, R the sinusoidal positions
///
/// `past` are tokens of the segments before, as this layer read them. They are looked at and learn nothing: gradients
/// stop there. Policies are handed to the calls; a language model hands in `Causal`.
///
///   auto kept = layer.forward(x, past, batch, at::Causal{});
///   past = layer.recent(past, x, length, batch);            // for the next segment
///
/// Shapes   x (b·n, features)  past (b·p, features), p ≥ 0  →  out (b·n, features)
/// Throws   when sizes do not fit each other or a policy
/// Edge     without `Causal` the distance of a key after the query is negative
/// Cost     beside that of MultiHead for m = n + p keys: b·heads·n·(n + m)·d multiply-adds, as many numbers as n·(n +
/// m)
///          a head, which are kept for backward, and another projection of x
/// Source   Dai 2019, section 3.3 and appendix B (arXiv 1901.02860)
template <class Scalar>
struct RelativeAttention {
  MultiHead<Scalar> attention;   ///< the bias of its `query` is u
  Linear<Scalar> position;       ///< W_r (heads·d, features)
  Vector<Scalar> position_bias;  ///< v (heads·d)

  RelativeAttention() = default;
  /// All parameters 0: see layer/initialize.hpp. Without `bias` in the sizes, u and v are the only ones.
  explicit RelativeAttention(MultiHeadShape const& sizes) : attention(sizes) {
    Index const width = attention.query.out();
    check(attention.query.in() == attention.key.in() && attention.key.in() == attention.value.in(),
          "RelativeAttention: queries are made of ", attention.query.in(), " features, keys of ", attention.key.in(),
          " and values of ", attention.value.in(),
          "; all are those of the tokens: leave key_features and "
          "value_features 0.");
    attention.query.bias = position_bias = Vector<Scalar>::Zero(width);
    position = Linear<Scalar>(attention.query.in(), width, false);
  }

  /// What a forward pass gives, and what backward needs.
  struct Forward {
    Matrix<Scalar> output;    // (b·n, features)
    Matrix<Scalar> tokens;    // (b·m, features)  past and x
    Matrix<Scalar> query;     // (b·n, heads·d)  q + v
    Matrix<Scalar> position;  // (n + m − 1, heads·d)  r of the distances m − 1 down to 1 − n
    Matrix<Scalar> relative;  // (b·heads·n, n + m − 1)  (q + v)·r / √d
    typename MultiHead<Scalar>::Forward attention;
  };

  /// After the batch come masks and other policies of this call, an executor, a workspace.
  template <class... Given>
  [[nodiscard]] Forward forward(Matrix<Scalar> const& x, Matrix<Scalar> const& past, Index batch = 1,
                                Given&&... given) const {
    Forward kept;
    attention.query.check_input(x.rows(), x.cols());
    kept.tokens = joined(past, x, batch);
    Index const n = x.rows() / batch, m = kept.tokens.rows() / batch;
    layer_detail::with_resources_among(
        [&](auto& executor, Workspace& workspace) {
          layer_detail::project_into(x, attention.query.weight, position_bias, kept.query, executor, workspace);
          position.forward_into(sinusoids(n, m), kept.position, executor, workspace);
          kept.relative.resize(batch * attention.heads * n, kept.position.rows());
          Matrix<Scalar> products;
          each_head(batch, n, [&](Index row, Index first, Index column, Index d) {
            Matrix<Scalar> const r = kept.position.middleCols(column, d);
            layer_detail::project_into(kept.query.block(first, column, n, d), r, Vector<Scalar>(), products, executor,
                                       workspace);
            kept.relative.middleRows(row, n) = products * scale();
          });
        },
        given...);
    kept.attention = attention.forward(x, kept.tokens, kept.tokens, batch, bias_of(kept, batch), given...);
    kept.output = kept.attention.output;
    return kept;
  }

  /// ∂loss/∂x from ∂loss/∂output; derivatives by parameters are added to `gradient`, none go to `past`. Policies must
  /// be those of forward.
  template <class... Given>
  [[nodiscard]] Matrix<Scalar> backward(Matrix<Scalar> const& x, Forward const& kept, Matrix<Scalar> const& d_output,
                                        RelativeAttention& gradient, Given&&... given) const {
    Index const batch = kept.attention.batch, n = x.rows() / batch, m = kept.tokens.rows() / batch;
    check(x.rows() == kept.query.rows() && d_output.rows() == kept.query.rows(), "RelativeAttention: x has ", x.rows(),
          " rows and d_output ", d_output.rows(), " but forward kept ", kept.query.rows(),
          " queries; hand in what forward was given and what it gave.");
    Bias<Scalar> const bias = bias_of(kept, batch);
    Bias<Scalar> d_bias(Grid<Scalar>(Matrix<Scalar>::Zero(kept.relative.rows(), m), bias.grid().shape()));
    auto const back = attention.backward(x, kept.tokens, kept.tokens, kept.attention, d_output, gradient.attention,
                                         Shared{bias, d_bias}, given...);
    // Each query's scores lie one place further to the left.
    Matrix<Scalar> d_relative = Matrix<Scalar>::Zero(kept.relative.rows(), kept.relative.cols());
    std::span<Scalar const> const d_scores = std::as_const(d_bias).grid().numbers();
    for (Index row = 0; row < d_relative.rows(); ++row)
      for (Index j = 0; j < m; ++j)
        d_relative(row, n - 1 - row % n + j) = scale() * d_scores[static_cast<std::size_t>(row * m + j)];

    Matrix<Scalar> d_x = back.query, d_query(kept.query.rows(), kept.query.cols()),
                   d_position = Matrix<Scalar>::Zero(kept.position.rows(), kept.position.cols());
    layer_detail::with_resources_among(
        [&](auto& executor, Workspace& workspace) {
          // relative = (q + v)·r
          Matrix<Scalar> part;
          each_head(batch, n, [&](Index row, Index first, Index column, Index d) {
            Matrix<Scalar> const r = kept.position.middleCols(column, d), d_products = d_relative.middleRows(row, n);
            layer_detail::project_back_into(d_products, r, part, executor, workspace);
            d_query.block(first, column, n, d) = part;
            part = d_position.middleCols(column, d);
            layer_detail::add_outer(part, d_products, kept.query.block(first, column, n, d), executor, workspace);
            d_position.middleCols(column, d) = part;
          });
          // r = W_r R;  q + v = x W_qᵀ + v
          layer_detail::add_outer(gradient.position.weight, d_position, sinusoids(n, m), executor, workspace);
          layer_detail::add_outer(gradient.attention.query.weight, d_query, x, executor, workspace);
          layer_detail::project_back_into(d_query, attention.query.weight, part, executor, workspace);
          d_x += part;
        },
        given...);
    gradient.position_bias += d_query.colwise().sum().transpose();
    for (Index b = 0; b < batch; ++b)
      d_x.middleRows(b * n, n) += (back.key + back.value).middleRows((b + 1) * m - n, n);
    return d_x;
  }

  /// The last tokens of each sequence, at most `length`, to be the past of the next segment.
  [[nodiscard]] static Matrix<Scalar> recent(Matrix<Scalar> const& past, Matrix<Scalar> const& x, Index length,
                                             Index batch = 1) {
    check(length >= 0, "RelativeAttention: recent ", length, " tokens; the length must not be negative.");
    Matrix<Scalar> const tokens = joined(past, x, batch);
    Index const m = tokens.rows() / batch, last = std::min(length, m);
    Matrix<Scalar> kept(batch * last, tokens.cols());
    for (Index b = 0; b < batch; ++b) kept.middleRows(b * last, last) = tokens.middleRows((b + 1) * m - last, last);
    return kept;
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.attention, "attention", function);
    attend::each_parameter(self.position, "position", function);
    function("position_bias", parameter_span(self.position_bias));
  }

 private:
  /// Calls f(row, first, column, d) for every sequence and head: its n rows begin at `row` among (b·heads·n), and at
  /// (first, column) among (b·n, heads·d).
  template <class Function>
  void each_head(Index batch, Index n, Function const& f) const {
    Index const d = attention.key_dim();
    for (Index b = 0; b < batch; ++b)
      for (Index h = 0; h < attention.heads; ++h) f((b * attention.heads + h) * n, b * n, h * d, d);
  }
  [[nodiscard]] Scalar scale() const {
    return static_cast<Scalar>(1 / std::sqrt(static_cast<double>(attention.key_dim())));
  }
  /// R of the distances m − 1 down to 1 − n.
  [[nodiscard]] Matrix<Scalar> sinusoids(Index n, Index m) const {
    return sinusoidal_positions<Scalar>(std::max<Index>(n + m - 1, 0), position.in(), 10000, 1 - n).colwise().reverse();
  }
  /// The distance i + (m − n) − j of query i and key j is in column n − 1 − i + j: rows that begin one number earlier
  /// each, so nothing is moved (appendix B).
  [[nodiscard]] Bias<Scalar> bias_of(Forward const& kept, Index batch) const {
    Index const heads = attention.heads, n = kept.query.rows() / batch, m = kept.tokens.rows() / batch,
                width = kept.relative.cols();
    return Bias<Scalar>(kept.relative.data() + std::max<Index>(n - 1, 0), GridShape{batch, heads, n, m},
                        GridStrides{heads * n * width, n * width, width - 1, 1});
  }
  [[nodiscard]] static Matrix<Scalar> joined(Matrix<Scalar> const& past, Matrix<Scalar> const& x, Index batch) {
    check(batch > 0 && x.rows() % batch == 0 && past.rows() % batch == 0, "RelativeAttention: ", x.rows(),
          " tokens and ", past.rows(), " past ones do not divide into ", batch, " sequences.");
    check(past.rows() == 0 || past.cols() == x.cols(), "RelativeAttention: x has ", x.cols(), " columns but past has ",
          past.cols(), "; both must have the same.");
    Index const n = x.rows() / batch, p = past.rows() / batch;
    Matrix<Scalar> tokens(x.rows() + past.rows(), x.cols());
    for (Index b = 0; b < batch; ++b) {
      if (p > 0) tokens.middleRows(b * (p + n), p) = past.middleRows(b * p, p);
      tokens.middleRows(b * (p + n) + p, n) = x.middleRows(b * n, n);
    }
    return tokens;
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
