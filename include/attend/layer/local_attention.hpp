#pragma once

#include <attend/attention.hpp>
#include <attend/core/check.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/predicted_centre.hpp>
#include <attend/mask/centred_window.hpp>
#include <attend/score/gaussian.hpp>

#include <cmath>
#include <limits>
#include <tuple>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// What becomes of the weights once the Gaussian has been laid over them.
enum class AfterGaussian {
  as_it_is,    ///< they sum to less than 1: Luong's equation 10
  normalized,  ///< divided by their sum
};

/// Local attention around a predicted place, Luong's local-p:
///
///   p_t = S · σ(v_pᵀ tanh(W_p h_t))
///   w_ts = softmax over the window [p_t − D, p_t + D] of score(h_t, k_s)  ·  exp(−(s − p_t)² / 2σ²),  σ = D/2
///   out_t = Σ_s w_ts · v_s
///
/// The place learns through the Gaussian alone: which keys are in the window has no derivative.
///
/// Local-m, which looks around its own position, needs no layer: attention(q, k, v, SlidingWindow{D, D},
/// QueryStart{0}).
///
/// S is m; where Documents are given, the keys of the query's own document, and p_t counts from its first.
///
/// Shapes   h (n, d)  k (m, d_k)  v (m, e)  →  out (n, e)
/// Throws   when D is not positive and finite, or sizes do not fit
/// Edge     where no key lies in the window: zeros
/// Cost     O(n · D) scores where neighbouring queries look at neighbouring places, twice for `as_it_is`; extra memory
///          O(n + m)
/// Source   Luong 2015, section 3.2, equations 7–10 (arXiv 1508.04025)
template <class Scalar, class Similarity>
struct LocalAttention {
  Similarity similarity;
  PredictedCentre<Scalar> predictor;
  double radius = 10;  ///< D
  AfterGaussian after = AfterGaussian::as_it_is;

  struct Forward {
    Matrix<Scalar> output;  // (n, e)
    typename PredictedCentre<Scalar>::Forward place;
    Kept<Scalar> inside;   // softmax(score + log Gaussian)·v over the window
    Kept<Scalar> window;   // log-sum-exp of the scores alone, for `as_it_is`
    Vector<Scalar> share;  // (n): Σ_s w_ts
  };
  struct Gradient {
    Matrix<Scalar> query, key, value;
  };

  template <class Query, class Key, class Value, class... Given>
  [[nodiscard]] Forward forward(Eigen::MatrixBase<Query> const& h, Eigen::MatrixBase<Key> const& k,
                                Eigen::MatrixBase<Value> const& v, Given&&... given) const {
    check(radius > 0 && std::isfinite(radius), "LocalAttention: the radius is ", radius,
          "; it must be positive and finite.");
    Forward kept;
    kept.place = predictor.forward(h, source_lengths(h.rows(), k.rows(), given...));
    kept.inside = inside(kept.place).forward(h, k, v, given...);
    kept.output = kept.inside.output;
    if (after == AfterGaussian::normalized) return kept;
    // softmax(s)·g = softmax(s + log g) · Σ exp(s + log g) / Σ exp(s)
    kept.window = window(kept.place).forward(h, k, none(k.rows()), given...);
    kept.share.resize(h.rows());
    for (Index i = 0; i < h.rows(); ++i)
      kept.share(i) = kept.window.log_sum_exp(i) == -std::numeric_limits<Scalar>::infinity()
                          ? Scalar(0)
                          : std::exp(kept.inside.log_sum_exp(i) - kept.window.log_sum_exp(i));
    kept.output.array().colwise() *= kept.share.array();
    return kept;
  }

  /// From ∂loss/∂out (n, e); the gradients of the parameters are added to `gradient`.
  template <class Query, class Key, class Value, class Derivative, class... Given>
  [[nodiscard]] Gradient backward(Eigen::MatrixBase<Query> const& h, Eigen::MatrixBase<Key> const& k,
                                  Eigen::MatrixBase<Value> const& v, Forward const& kept,
                                  Eigen::MatrixBase<Derivative> const& d_output, LocalAttention& gradient,
                                  Given&&... given) const {
    bool const scaled = after == AfterGaussian::as_it_is;
    check(h.rows() == kept.output.rows() && d_output.rows() == kept.output.rows() &&
              d_output.cols() == kept.output.cols(),
          "LocalAttention: there are ", h.rows(), " queries and d_output is (", d_output.rows(), ", ", d_output.cols(),
          "); of what forward kept it must be (", kept.output.rows(), ", ", kept.output.cols(), ").");
    // out = share · inside,  share = exp(lse_inside − lse_window)
    Matrix<Scalar> d_inside = d_output;
    Vector<Scalar> d_share = Vector<Scalar>::Zero(h.rows());
    if (scaled) {
      d_share = (d_output.derived().array() * kept.inside.output.array()).rowwise().sum() * kept.share.array();
      d_inside.array().colwise() *= kept.share.array();
    }
    auto const all = inside(kept.place).backward(h, k, v, kept.inside, d_inside, d_share, given...);
    Gradient result{all.query, all.key, all.value};
    add(gradient.similarity, all.policies);
    if (scaled) {
      auto const scores = window(kept.place)
                              .backward(h, k, none(k.rows()), kept.window, Matrix<Scalar>(h.rows(), 0),
                                        Vector<Scalar>(-d_share), given...);
      result.query += scores.query;
      result.key += scores.key;
      add(gradient.similarity, scores.policies);
    }
    auto const d_centre = std::get<Gaussian>(all.policies).centres().numbers();
    Vector<Scalar> const d_place =
        Eigen::Map<Vector<double> const>(d_centre.data(), static_cast<Index>(d_centre.size())).template cast<Scalar>();
    result.query += predictor.backward(h, kept.place, d_place, gradient.predictor);
    return result;
  }

  /// w (n, m), to look at.
  template <class Query, class Key, class... Given>
  [[nodiscard]] Matrix<Scalar> weights(Eigen::MatrixBase<Query> const& h, Eigen::MatrixBase<Key> const& k,
                                       Forward const& kept, Given&&... given) const {
    check(kept.output.rows() == h.rows(), "LocalAttention: forward kept ", kept.output.rows(), " places but there are ",
          h.rows(), " queries; hand in what forward gave for this h.");
    Matrix<Scalar> w = inside(kept.place).weights(h, k, given...);
    if (after == AfterGaussian::as_it_is) w.array().colwise() *= kept.share.array();
    return w;
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    if constexpr (Learned<Similarity>) attend::each_parameter(self.similarity, "similarity", function);
    attend::each_parameter(self.predictor, "predictor", function);
  }

 private:
  using Place = typename PredictedCentre<Scalar>::Forward;

  /// S of each query.
  template <class... Given>
  [[nodiscard]] static Vector<Scalar> source_lengths(Index queries, Index keys, Given const&... given) {
    Documents const* documents = nullptr;
    ((documents = documents == nullptr ? detail::documents_of(given) : documents), ...);
    Vector<Scalar> lengths = Vector<Scalar>::Constant(queries, static_cast<Scalar>(keys));
    if (documents == nullptr) return lengths;
    documents->check_sizes({1, 1, queries, keys});
    for (Index piece = 0; piece < documents->count(); ++piece) {
      Index const first = documents->query_begin(piece), count = documents->query_end(piece) - first;
      lengths.segment(first, count)
          .setConstant(static_cast<Scalar>(documents->key_end(piece) - documents->key_begin(piece)));
    }
    return lengths;
  }
  [[nodiscard]] auto inside(Place const& place) const {
    Vector<double> const centres = place.centre.template cast<double>();
    return Attention{similarity, Gaussian(centres, radius / 2), CentredWindow(centres, radius)};
  }
  [[nodiscard]] auto window(Place const& place) const {
    return Attention{similarity, CentredWindow(place.centre.template cast<double>(), radius)};
  }
  /// Values without features, where only log-sum-exp is asked for.
  [[nodiscard]] static Matrix<Scalar> none(Index keys) { return Matrix<Scalar>(keys, 0); }

  template <class Policies>
  static void add(Similarity& gradient, Policies const& policies) {
    if constexpr (Learned<Similarity>) add_parameters(gradient, std::get<Similarity>(policies));
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
