#pragma once

#include "variant.hpp"

#include <attend/normalize.hpp>
#include <attend/score.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

/// How far a correct computation in floating point may be from the formulas, from the unit roundoff u, the sizes and
/// the numbers themselves. The standard model: each operation has a relative error of at most u, so a sum of n products
/// is off by at most n·u·Σ|terms| (Higham 2002, section 3.1). Constants count operations; nothing is fitted.
///
///   scores    |δs| ≤ (d + …)·u·Σ|q_f k_f|, through each adjuster (all have slope ≤ 1) another 8u of what it reads and
///             writes
///   weights   one rule for each family, from the derivative of the normaliser
///   output    |δy| ≤ Σ δw|v| + (m + 4)·u·Σ (w + δw)|v|
///
/// The bounds are worst cases, some ten to a hundred times what errors are; tests/kernel/accuracy.cpp holds the tight
/// figures. Here they show that nothing is left out or counted twice.

namespace laws {

using attend::Matrix;

inline constexpr double never = std::numeric_limits<double>::infinity();

// Scores -------------------------------------------------------------------------------------------------------------

/// What |δs_ij| is at most, in units of u, before adjusters: one rule for each similarity.
[[nodiscard]] inline Matrix<double> score_error(attend::Dot const&, Matrix<double> const& q, Matrix<double> const& k) {
  return static_cast<double>(q.cols() + 2) * q.cwiseAbs() * k.cwiseAbs().transpose();
}
[[nodiscard]] inline Matrix<double> score_error(attend::ScaledDot const& scaled, Matrix<double> const& q,
                                                Matrix<double> const& k) {
  auto const d = static_cast<double>(q.cols());
  double const scale = scaled.scale.value_or(1 / std::sqrt(std::max(d, 1.0)));
  return (d + 5) * std::abs(scale) * (q.cwiseAbs() * k.cwiseAbs().transpose());
}
template <class Parameter>
[[nodiscard]] Matrix<double> score_error(attend::Bilinear<Parameter> const& bilinear, Matrix<double> const& q,
                                         Matrix<double> const& k) {
  Matrix<double> const w = bilinear.w.template cast<double>().cwiseAbs();
  return static_cast<double>(q.cols() + k.cols() + 4) * (q.cwiseAbs() * w * k.cwiseAbs().transpose());
}
/// Σ_f |a_f| · (error of the argument + 4u of tanh + u for each sum after it): tanh has slope ≤ 1 and size ≤ 1.
[[nodiscard]] inline Matrix<double> tanh_error(Matrix<double> const& x, Matrix<double> const& y,
                                               attend::Vector<double> const& a) {
  Matrix<double> error(x.rows(), y.rows());
  for (Index i = 0; i < x.rows(); ++i)
    for (Index j = 0; j < y.rows(); ++j)
      error(i, j) = a.dot((x.row(i) + y.row(j)).transpose()) + static_cast<double>(a.size() + 5) * a.sum();
  return error;
}
template <class Parameter>
[[nodiscard]] attend::Vector<double> bias_of(attend::detail::TanhOfSum<Parameter> const& score) {
  if (score.bias.size() == 0) return attend::Vector<double>::Zero(score.a.size());
  return score.bias.template cast<double>().cwiseAbs();
}
template <class Parameter>
[[nodiscard]] Matrix<double> score_error(attend::Additive<Parameter> const& additive, Matrix<double> const& q,
                                         Matrix<double> const& k) {
  Matrix<double> x = q.cwiseAbs() * additive.w.template cast<double>().cwiseAbs().transpose();
  Matrix<double> const y = k.cwiseAbs() * additive.u.template cast<double>().cwiseAbs().transpose();
  x.rowwise() += bias_of(additive).transpose();
  return tanh_error(static_cast<double>(q.cols() + 4) * x, static_cast<double>(k.cols() + 4) * y,
                    additive.a.template cast<double>().cwiseAbs());
}
template <class Parameter>
[[nodiscard]] Matrix<double> score_error(attend::Concat<Parameter> const& concat, Matrix<double> const& q,
                                         Matrix<double> const& k) {
  Matrix<double> const w = concat.w.template cast<double>().cwiseAbs();
  Matrix<double> x = q.cwiseAbs() * w.leftCols(q.cols()).transpose();
  Matrix<double> const y = k.cwiseAbs() * w.rightCols(k.cols()).transpose();
  x.rowwise() += bias_of(concat).transpose();
  return tanh_error(static_cast<double>(q.cols() + 4) * x, static_cast<double>(k.cols() + 4) * y,
                    concat.a.template cast<double>().cwiseAbs());
}
template <class Parameter>
[[nodiscard]] Matrix<double> score_error(attend::Location<Parameter> const& location, Matrix<double> const& q,
                                         Matrix<double> const& k) {
  Matrix<double> const w = location.w.topRows(k.rows()).template cast<double>().cwiseAbs();
  return static_cast<double>(q.cols() + 2) * q.cwiseAbs() * w.transpose();
}
/// Each vector over its length: (d + 4)·u twice, on top of the product's d·u.
[[nodiscard]] inline Matrix<double> score_error(attend::Cosine const& cosine, Matrix<double> const& q,
                                                Matrix<double> const& k) {
  auto const unit = [](Matrix<double> x) {
    for (Index i = 0; i < x.rows(); ++i)
      if (x.row(i).squaredNorm() > 0) x.row(i).normalize();
    return Matrix<double>(x.cwiseAbs());
  };
  return static_cast<double>(3 * q.cols() + 10) * std::abs(cosine.sharpness) * (unit(q) * unit(k).transpose());
}
/// Each difference is off by u of itself, so each term by a few u of itself, and all terms have one sign.
[[nodiscard]] inline Matrix<double> score_error(attend::Euclidean const& euclidean, Matrix<double> const& q,
                                                Matrix<double> const& k) {
  Matrix<double> error(q.rows(), k.rows());
  for (Index i = 0; i < q.rows(); ++i)
    for (Index j = 0; j < k.rows(); ++j) error(i, j) = (q.row(i) - k.row(j)).squaredNorm();
  return static_cast<double>(q.cols() + 5) * std::abs(euclidean.gamma) * error;
}
[[nodiscard]] inline Matrix<double> score_error(attend::L1 const& l1, Matrix<double> const& q,
                                                Matrix<double> const& k) {
  Matrix<double> error(q.rows(), k.rows());
  for (Index i = 0; i < q.rows(); ++i)
    for (Index j = 0; j < k.rows(); ++j) error(i, j) = (q.row(i) - k.row(j)).cwiseAbs().sum();
  return static_cast<double>(q.cols() + 4) * std::abs(l1.gamma) * error;
}
/// A similarity of somebody's own: ClippedL1 in catalogue.hpp.
template <class Combine, class Finish>
[[nodiscard]] Matrix<double> score_error(attend::FeatureWise<Combine, Finish> const&, Matrix<double> const& q,
                                         Matrix<double> const& k) {
  Matrix<double> error(q.rows(), k.rows());
  for (Index i = 0; i < q.rows(); ++i)
    for (Index j = 0; j < k.rows(); ++j) error(i, j) = (q.row(i) - k.row(j)).cwiseAbs().cwiseMin(1).sum();
  return static_cast<double>(q.cols() + 4) * error;
}

// Weights ------------------------------------------------------------------------------------------------------------

/// One row as the normaliser is handed it (the keys of its document), and what may come out.
struct ErrorRow {
  double u = 0;                             // unit roundoff of the kernel's numbers
  double least = 0;                         // below this, results are denormal or zero
  attend::Position<> first{};               // of the row's query and the first key
  std::vector<double> score{}, slack{};     // s_j and |δs_j| ≤ slack_j; −∞ where not seen
  std::vector<double> weight{};             // of the reference
  double log_sum_exp = 0;                   // of the reference
  std::vector<double> weight_error{};       // found
  double log_sum_exp_error = 0;             // found

  [[nodiscard]] std::size_t size() const { return score.size(); }
  [[nodiscard]] bool sees(std::size_t j) const { return !(score[j] == -never); }
  [[nodiscard]] double largest() const { return *std::max_element(score.begin(), score.end()); }
  [[nodiscard]] double sum_error() const { return (static_cast<double>(size()) + 8) * u; }
  /// Whatever comes out is right: rounding may have turned a decision.
  void give_up() {
    for (std::size_t j = 0; j < size(); ++j) weight_error[j] = sees(j) ? never : 0;
    log_sum_exp_error = never;
  }
};

/// w̃ = w·exp(η_j)/Σ w·exp(η_i) with |η| ≤ ε, so |w̃ − w| ≤ w·(exp(ε_j + ε̄) − 1), ε̄ = max(Σ w ε, log Σ w exp ε); ε takes in
/// the score, 3u of s/τ, the subtraction of the largest (its partial steps from tile to tile add up to it), exp (1 ulp =
/// 2u) and a factor of 4u for each tile of 256 keys.
inline void exponential_error(ErrorRow& row, double temperature, double sink) {
  double const tiles = std::ceil(static_cast<double>(row.size()) / 256);
  double const top = std::max(row.largest() / temperature, sink);
  std::vector<double> epsilon(row.size());
  double mean = 0, raised = 0, seen = 0;
  for (std::size_t j = 0; j < row.size(); ++j) {
    if (!row.sees(j)) continue;
    double const s = row.score[j] / temperature;
    epsilon[j] = row.slack[j] / temperature + row.u * (3 * std::abs(s) + std::abs(s - top) + 3 + 4 * tiles);
    mean += row.weight[j] * epsilon[j];
    raised += row.weight[j] * std::exp(epsilon[j]);
    seen += row.weight[j];
  }
  if (sink != -never) {
    double const share = std::exp(sink - row.log_sum_exp), of_sink = row.u * (4 + std::abs(sink) + std::abs(sink - top));
    mean += share * of_sink;
    raised += share * std::exp(of_sink);
    seen += share;
  }
  double const common = std::max(mean, std::log(raised / seen)) + row.sum_error();
  for (std::size_t j = 0; j < row.size(); ++j)
    if (row.sees(j)) row.weight_error[j] = std::min(1.0, row.weight[j] * std::expm1(epsilon[j] + common)) + row.least;
  row.log_sum_exp_error = common + row.u * (3 * std::abs(row.log_sum_exp) + std::abs(top));
}

/// f(s + shift) for an f with f' ≤ f and f' ≤ 1 (σ, softplus), or for max(s, 0); then perhaps over its sum.
inline void pointwise_error(ErrorRow& row, double shift, bool normalized, bool rectifies) {
  std::vector<double> f(row.size()), error(row.size());
  double sum = 0, sum_error = 0;
  for (std::size_t j = 0; j < row.size(); ++j) {
    if (!row.sees(j)) continue;
    double const x = row.score[j] + shift;
    double const slack = row.slack[j] + row.u * (2 * std::abs(row.score[j]) + 4 * std::abs(shift));
    f[j] = normalized ? row.weight[j] * std::exp(row.log_sum_exp) : row.weight[j];
    if (row.log_sum_exp == -never) f[j] = 0;
    error[j] = rectifies ? (x > -slack ? slack : 0) : std::min(slack, f[j] * std::expm1(slack)) + 8 * row.u * f[j];
    if (!rectifies) error[j] += row.least;
    sum += f[j];
    sum_error += error[j];
  }
  sum_error += row.sum_error() * sum;
  if (!normalized) {
    row.weight_error = error;
    return;
  }
  if (sum_error == 0 && sum == 0) return;  // no positive score: exactly zeros
  if (sum_error > sum / 4) return row.give_up();
  for (std::size_t j = 0; j < row.size(); ++j)
    row.weight_error[j] = (error[j] + row.weight[j] * sum_error) / (sum - sum_error) + 2 * row.u * row.weight[j];
  row.log_sum_exp_error = 1.5 * sum_error / sum + 3 * row.u * (1 + std::abs(row.log_sum_exp));
}

/// A pick is right or wrong. It is undecided where another key comes as near as rounding goes.
inline void pick_error(ErrorRow& row, std::vector<double> const& perturbed, std::vector<double> const& slack) {
  std::size_t best = row.size();
  for (std::size_t j = 0; j < row.size(); ++j)
    if (row.sees(j) && row.weight[j] == 1) best = j;
  if (best == row.size()) return;
  for (std::size_t j = 0; j < row.size(); ++j)
    if (row.sees(j) && j != best && slack[j] + slack[best] > 0 && perturbed[j] + slack[j] >= perturbed[best] - slack[best])
      return row.give_up();
  row.log_sum_exp_error = slack[best];
}

/// The threshold of sparsemax moves as far as all scores that take part are moved, and no weight falls faster; the
/// solution of its equation is off by the error of a sum of at most m terms, each at most 1.
inline double threshold_error(ErrorRow const& row, double reach) {
  double slack = 0, everywhere = 0;
  for (std::size_t j = 0; j < row.size(); ++j)
    if (row.sees(j)) everywhere = std::max(everywhere, row.slack[j]);
  for (std::size_t j = 0; j < row.size(); ++j)
    if (row.sees(j) && row.score[j] >= row.largest() - reach - 2 * everywhere) slack = std::max(slack, row.slack[j]);
  return slack + row.sum_error();
}

inline void weight_error(attend::Softmax const& softmax, ErrorRow& row) {
  exponential_error(row, softmax.temperature, softmax.sink(row.first.head));
}
inline void weight_error(attend::LogSoftmax const& softmax, ErrorRow& row) {
  ErrorRow plain = row;
  for (double& w : plain.weight) w = std::exp(w);
  exponential_error(plain, softmax.temperature, softmax.sink(row.first.head));
  row.log_sum_exp_error = plain.log_sum_exp_error;
  for (std::size_t j = 0; j < row.size(); ++j)
    if (row.sees(j))
      row.weight_error[j] = row.slack[j] / softmax.temperature + row.log_sum_exp_error +
                            3 * row.u * (std::abs(row.score[j] / softmax.temperature) + std::abs(row.log_sum_exp));
}
inline void weight_error(attend::Sigmoid const& sigmoid, ErrorRow& row) {
  pointwise_error(row, sigmoid.bias.value_or(-std::log(static_cast<double>(std::max<Index>(static_cast<Index>(row.size()), 1)))), false, false);
}
inline void weight_error(attend::NormalizedSigmoid const& sigmoid, ErrorRow& row) {
  pointwise_error(row, sigmoid.bias, true, false);
}
inline void weight_error(attend::Softplus const&, ErrorRow& row) { pointwise_error(row, 0, false, false); }
inline void weight_error(attend::NormalizedSoftplus const&, ErrorRow& row) { pointwise_error(row, 0, true, false); }
inline void weight_error(attend::Relu const&, ErrorRow& row) { pointwise_error(row, 0, false, true); }
inline void weight_error(attend::NormalizedRelu const&, ErrorRow& row) { pointwise_error(row, 0, true, true); }

inline void weight_error(attend::Argmax const&, ErrorRow& row) { pick_error(row, row.score, row.slack); }
inline void weight_error(attend::GumbelMax const& gumbel, ErrorRow& row) {
  attend::RandomStream const stream =
      attend::random_stream(gumbel.seed, row.first.batch, row.first.head, row.first.query);
  std::vector<double> perturbed(row.size()), slack(row.size());
  for (std::size_t j = 0; j < row.size(); ++j) {
    double const g = attend::gumbel(stream, static_cast<Index>(j)), s = row.score[j] / gumbel.temperature;
    perturbed[j] = s + g;
    // Each of the two logarithms is off by 2 ulp.
    slack[j] = row.slack[j] / gumbel.temperature + row.u * (4 * std::abs(s) + 8 * (1 + std::abs(g)));
  }
  pick_error(row, perturbed, slack);
}

inline void weight_error(attend::Sparsemax const&, ErrorRow& row) {
  double const slack = threshold_error(row, 1);
  for (std::size_t j = 0; j < row.size(); ++j)
    if (row.sees(j) && row.score[j] - row.log_sum_exp > -2 * slack) row.weight_error[j] = 2 * slack;
  row.log_sum_exp_error = slack + 2 * row.u * std::abs(row.largest());
}
inline void weight_error(attend::Entmax15 const&, ErrorRow& row) {
  double const slack = threshold_error(row, 2) + 8 * row.u;
  for (std::size_t j = 0; j < row.size(); ++j)
    if (double const x = row.score[j] / 2 - row.log_sum_exp; row.sees(j) && x > -2 * slack)
      row.weight_error[j] = 2 * slack * (2 * std::max(x, 0.0) + 2 * slack);
  row.log_sum_exp_error = slack + 2 * row.u * std::abs(row.largest());
}
inline void weight_error(attend::TopK const& top, ErrorRow& row) {
  ErrorRow kept = row;
  double least_kept = never, slack = 0;
  Index count = 0;
  for (std::size_t j = 0; j < row.size(); ++j)
    if (row.weight[j] > 0) {
      ++count;
      least_kept = std::min(least_kept, row.score[j]);
    }
  for (std::size_t j = 0; j < row.size(); ++j)
    if (row.sees(j)) slack = std::max(slack, row.slack[j]);
  for (std::size_t j = 0; j < row.size(); ++j) {
    if (!row.sees(j) || row.weight[j] > 0) continue;
    // Not among the k largest, or its weight has rounded to 0.
    if (count == top.k && slack > 0 && row.score[j] + 2 * slack >= least_kept) return row.give_up();
    kept.score[j] = -never;
  }
  exponential_error(kept, 1, -never);
  row.weight_error = kept.weight_error;
  row.log_sum_exp_error = kept.log_sum_exp_error;
}

}  // namespace laws
