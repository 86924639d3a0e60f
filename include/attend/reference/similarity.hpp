#pragma once

#include <attend/core/types.hpp>
#include <attend/reference/evaluated.hpp>
#include <attend/score/additive.hpp>
#include <attend/score/bilinear.hpp>
#include <attend/score/concat.hpp>
#include <attend/score/cosine.hpp>
#include <attend/score/dot.hpp>
#include <attend/score/euclidean.hpp>
#include <attend/score/feature_wise.hpp>
#include <attend/score/l1.hpp>
#include <attend/score/location.hpp>
#include <attend/score/scaled_dot.hpp>

#include <cmath>

/// S = similarity(q, k) for every query and key, from the formulas of the papers.
///
/// Shapes   q (n, d)  k (m, d)  →  S (n, m)

namespace attend::reference {

/// S_ij = q_i · k_j                                                                     Luong 2015, "dot"
template <class T>
[[nodiscard]] Matrix<T> similarity(Dot const&, Matrix<T> const& q, Matrix<T> const& k) {
  return q * k.transpose();
}

/// S_ij = q_i · k_j / √d, or times the scale given                                      Vaswani 2017, equation 1
template <class T>
[[nodiscard]] Matrix<T> similarity(ScaledDot const& scaled, Matrix<T> const& q, Matrix<T> const& k) {
  using std::sqrt;
  T const root = sqrt(T(q.cols() > 0 ? static_cast<double>(q.cols()) : 1.0));
  return q * k.transpose() * (scaled.scale ? T(*scaled.scale) : T(T(1) / root));
}

/// S_ij = q_iᵀ w k_j                                                                    Luong 2015, "general"
template <class T, class Parameter>
[[nodiscard]] Matrix<T> similarity(Bilinear<Parameter> const& bilinear, Matrix<T> const& q, Matrix<T> const& k) {
  return q * bilinear.w.template cast<T>() * k.transpose();
}

/// S_ij = aᵀ tanh(x_i + y_j [+ bias]) for x (n, hidden), y (m, hidden)
template <class T, class Parameter>
[[nodiscard]] Matrix<T> tanh_of_sum(Matrix<T> const& x, Matrix<T> const& y, Vector<Parameter> const& a,
                                    Vector<Parameter> const& bias) {
  using std::tanh;
  Matrix<T> s = Matrix<T>::Constant(x.rows(), y.rows(), T(0));
  for (Index i = 0; i < x.rows(); ++i)
    for (Index j = 0; j < y.rows(); ++j)
      for (Index f = 0; f < a.size(); ++f) {
        T const sum = x(i, f) + y(j, f) + (bias.size() == 0 ? T(0) : T(bias(f)));
        s(i, j) += T(a(f)) * T(tanh(sum));
      }
  return s;
}

/// S_ij = aᵀ tanh(w q_i + u k_j [+ bias])                                               Bahdanau 2015, A.1.2
template <class T, class Parameter>
[[nodiscard]] Matrix<T> similarity(Additive<Parameter> const& additive, Matrix<T> const& q, Matrix<T> const& k) {
  return tanh_of_sum<T>(q * additive.w.template cast<T>().transpose(), k * additive.u.template cast<T>().transpose(),
                        additive.a, additive.bias);
}

/// S_ij = vᵀ tanh(w [q_i; k_j] [+ bias])                                                Luong 2015, "concat"
template <class T, class Parameter>
[[nodiscard]] Matrix<T> similarity(Concat<Parameter> const& concat, Matrix<T> const& q, Matrix<T> const& k) {
  Matrix<T> const w = concat.w.template cast<T>();  // (hidden, d_q + d_k)
  return tanh_of_sum<T>(q * w.leftCols(q.cols()).transpose(), k * w.rightCols(k.cols()).transpose(), concat.a,
                        concat.bias);
}

/// S_ij = (w q_i)_j                                                                     Luong 2015, "location"
template <class T, class Parameter>
[[nodiscard]] Matrix<T> similarity(Location<Parameter> const& location, Matrix<T> const& q, Matrix<T> const& k) {
  return q * location.w.topRows(k.rows()).template cast<T>().transpose();
}

/// Each row divided by its Euclidean length; a row of zeros stays.
template <class T>
[[nodiscard]] Matrix<T> unit_rows(Matrix<T> x) {
  using std::sqrt;
  for (Index i = 0; i < x.rows(); ++i) {
    T const square = x.row(i).squaredNorm();
    if (square != T(0)) x.row(i) /= T(sqrt(square));
  }
  return x;
}

/// S_ij = β · q_i·k_j / (‖q_i‖ ‖k_j‖)                                                    Graves 2014, equations 5–6
template <class T>
[[nodiscard]] Matrix<T> similarity(Cosine const& cosine, Matrix<T> const& q, Matrix<T> const& k) {
  return unit_rows(q) * unit_rows(k).transpose() * T(cosine.sharpness);
}

/// S_ij = −γ Σ_f (q_if − k_jf)²                                                         Nadaraya 1964, Watson 1964
template <class T>
[[nodiscard]] Matrix<T> similarity(Euclidean const& euclidean, Matrix<T> const& q, Matrix<T> const& k) {
  Matrix<T> s(q.rows(), k.rows());
  for (Index i = 0; i < q.rows(); ++i)
    for (Index j = 0; j < k.rows(); ++j) s(i, j) = T(-euclidean.gamma) * (q.row(i) - k.row(j)).squaredNorm();
  return s;
}

/// S_ij = −γ Σ_f |q_if − k_jf|                                                          Kim 2019, "Laplace"
template <class T>
[[nodiscard]] Matrix<T> similarity(L1 const& l1, Matrix<T> const& q, Matrix<T> const& k) {
  using std::abs;
  Matrix<T> s = Matrix<T>::Constant(q.rows(), k.rows(), T(0));
  for (Index i = 0; i < q.rows(); ++i)
    for (Index j = 0; j < k.rows(); ++j)
      for (Index f = 0; f < q.cols(); ++f) s(i, j) -= T(l1.gamma) * T(abs(T(q(i, f) - k(j, f))));
  return s;
}

/// S_ij = finish(sum),  for f: sum = combine(q_if, k_jf, sum)                            the user's own functions
template <class T, class Combine, class Finish>
[[nodiscard]] Matrix<T> similarity(FeatureWise<Combine, Finish> const& own, Matrix<T> const& q, Matrix<T> const& k) {
  using Number = evaluated_t<T>;
  Matrix<T> s(q.rows(), k.rows());
  for (Index i = 0; i < q.rows(); ++i)
    for (Index j = 0; j < k.rows(); ++j) {
      Number sum = T(0);
      for (Index f = 0; f < q.cols(); ++f) sum = plain<T>(own.combine_feature(Number(q(i, f)), Number(k(j, f)), sum));
      s(i, j) = plain<T>(own.finish_sum(sum));
    }
  return s;
}

/// What a feature map makes of tokens x: scale · unit(matrix · x + bias).
template <class T>
[[nodiscard]] Matrix<T> mapped(FeatureMap<T> const& map, Matrix<T> x) {
  if (map.matrix.data != nullptr) {
    Matrix<T> matrix(map.matrix.rows, map.matrix.columns);
    for (Index f = 0; f < matrix.rows(); ++f)
      for (Index g = 0; g < matrix.cols(); ++g) matrix(f, g) = map.matrix(f, g);
    x = (x * matrix.transpose()).eval();
  }
  if (map.bias != nullptr)
    for (Index f = 0; f < x.cols(); ++f) x.col(f).array() += map.bias[f];
  if (map.to_unit_length) x = unit_rows(x);
  return x * map.scale;
}

/// Any other similarity, by its own functions:  acc = 0;  for f: acc = combine(q_f, k_f, weight_f, acc);  finish(acc)
template <class T, Similarity Custom>
[[nodiscard]] Matrix<T> similarity(Custom const& custom, Matrix<T> const& q, Matrix<T> const& k) {
  Matrix<T> const x = mapped(FeatureMap<T>(custom.template query_map<T>(q.cols())), q);  // (n, features)
  Matrix<T> const y = mapped(FeatureMap<T>(custom.template key_map<T>(k.cols())), k);    // (m, features)
  T const* weights = nullptr;
  if constexpr (requires { custom.template feature_weights<T>(); }) weights = custom.template feature_weights<T>();
  using Number = evaluated_t<T>;
  Matrix<T> s(q.rows(), k.rows());
  for (Index i = 0; i < s.rows(); ++i)
    for (Index j = 0; j < s.cols(); ++j) {
      Number sum = T(0);
      for (Index f = 0; f < x.cols(); ++f)
        sum = custom.combine(Number(x(i, f)), Number(y(j, f)), Number(weights == nullptr ? T(1) : weights[f]), sum);
      s(i, j) = plain<T>(custom.finish(sum));
    }
  return s;
}

}  // namespace attend::reference
