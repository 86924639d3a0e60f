#pragma once

#include <attend/core/dual.hpp>
#include <attend/reference/parameter_gradient.hpp>
#include <attend/reference/similarity.hpp>

#include <cmath>
#include <type_traits>
#include <vector>

/// The derivative of one score s = similarity(q, k) times `slope` = ∂loss/∂s, from the formulas: given for the tokens,
/// added for the parameters. One pair at a time, so that nothing of a pair that is not seen can get in.
///
/// Shapes   q (d_q)  k (d_k)  →  query (d_q)  key (d_k)
/// Edge     `key` is the key's number within its document

namespace attend::reference {

template <class T>
struct PairGradient {
  Vector<T> query;
  Vector<T> key;
};

/// s = q · k:  ∂s/∂q = k
template <class T>
[[nodiscard]] PairGradient<T> similarity_gradient(Dot const&, Vector<T> const& q, Vector<T> const& k, Index /*key*/,
                                                  T const& slope, ParameterGradient<T>&) {
  return {k * slope, q * slope};
}

/// s = scale · q · k:  ∂s/∂scale = q · k
template <class T>
[[nodiscard]] PairGradient<T> similarity_gradient(ScaledDot const& scaled, Vector<T> const& q, Vector<T> const& k,
                                                  Index /*key*/, T const& slope, ParameterGradient<T>& parameters) {
  using std::sqrt;
  T const root = sqrt(T(q.size() > 0 ? static_cast<double>(q.size()) : 1.0));
  T const scale = scaled.scale ? T(*scaled.scale) : T(T(1) / root);
  parameters.add("scale", 0, T(slope * q.dot(k)));
  return {k * T(scale * slope), q * T(scale * slope)};
}

/// s = qᵀ w k:  ∂s/∂w = q kᵀ
template <class T, class Parameter>
[[nodiscard]] PairGradient<T> similarity_gradient(Bilinear<Parameter> const& bilinear, Vector<T> const& q,
                                                  Vector<T> const& k, Index /*key*/, T const& slope,
                                                  ParameterGradient<T>& parameters) {
  Matrix<T> const w = bilinear.w.template cast<T>();
  parameters.add("w", Matrix<T>(q * k.transpose() * slope));
  return {w * k * slope, w.transpose() * q * slope};
}

/// s = aᵀ h,  h = tanh(x + y + bias):  ∂s/∂a = h,  ∂s/∂x = a (1 − h²), which is given
template <class T, class Parameter>
[[nodiscard]] Vector<T> tanh_of_sum_gradient(Vector<T> const& x, Vector<T> const& y, Vector<Parameter> const& a,
                                             Vector<Parameter> const& bias, T const& slope,
                                             ParameterGradient<T>& parameters) {
  using std::tanh;
  Vector<T> d_hidden(a.size());
  for (Index f = 0; f < a.size(); ++f) {
    T const hidden = tanh(T(x(f) + y(f) + (bias.size() == 0 ? T(0) : T(bias(f)))));
    d_hidden(f) = slope * T(a(f)) * (T(1) - hidden * hidden);
    parameters.add("a", f, T(slope * hidden));
    parameters.add("bias", f, d_hidden(f));
  }
  return d_hidden;
}

/// s = aᵀ tanh(w q + u k [+ bias])
template <class T, class Parameter>
[[nodiscard]] PairGradient<T> similarity_gradient(Additive<Parameter> const& additive, Vector<T> const& q,
                                                  Vector<T> const& k, Index /*key*/, T const& slope,
                                                  ParameterGradient<T>& parameters) {
  Matrix<T> const w = additive.w.template cast<T>(), u = additive.u.template cast<T>();
  Vector<T> const d_hidden = tanh_of_sum_gradient<T>(w * q, u * k, additive.a, additive.bias, slope, parameters);
  parameters.add("w", Matrix<T>(d_hidden * q.transpose()));
  parameters.add("u", Matrix<T>(d_hidden * k.transpose()));
  return {w.transpose() * d_hidden, u.transpose() * d_hidden};
}

/// s = vᵀ tanh(w [q; k] [+ bias])
template <class T, class Parameter>
[[nodiscard]] PairGradient<T> similarity_gradient(Concat<Parameter> const& concat, Vector<T> const& q,
                                                  Vector<T> const& k, Index /*key*/, T const& slope,
                                                  ParameterGradient<T>& parameters) {
  Matrix<T> const w = concat.w.template cast<T>();  // (hidden, d_q + d_k)
  Vector<T> joined(q.size() + k.size());
  joined << q, k;
  Vector<T> const d_hidden = tanh_of_sum_gradient<T>(w * joined, Vector<T>::Constant(w.rows(), T(0)), concat.a,
                                                     concat.bias, slope, parameters);
  parameters.add("w", Matrix<T>(d_hidden * joined.transpose()));
  Vector<T> const d_joined = w.transpose() * d_hidden;
  return {d_joined.head(q.size()), d_joined.tail(k.size())};
}

/// s = (w q)_key:  ∂s/∂(row `key` of w) = q, and nothing for the token k
template <class T, class Parameter>
[[nodiscard]] PairGradient<T> similarity_gradient(Location<Parameter> const& location, Vector<T> const& q,
                                                  Vector<T> const& k, Index key, T const& slope,
                                                  ParameterGradient<T>& parameters) {
  for (Index f = 0; f < q.size(); ++f) parameters.add("w", key * q.size() + f, T(slope * q(f)));
  return {location.w.row(key).transpose().template cast<T>() * slope, Vector<T>::Constant(k.size(), T(0))};
}

/// u = x / ‖x‖:  ∂loss/∂x = (g − (g·u) u) / ‖x‖ for g = ∂loss/∂u; 0 for the zero vector, which has no direction
template <class T>
[[nodiscard]] Vector<T> unit_gradient(Vector<T> const& x, Vector<T> const& d_unit) {
  using std::sqrt;
  T const square = x.squaredNorm();
  if (square == T(0)) return Vector<T>::Constant(x.size(), T(0));
  T const length = sqrt(square);
  Vector<T> const unit = x / length;
  return (d_unit - unit * unit.dot(d_unit)) / length;
}

template <class T>
[[nodiscard]] Vector<T> unit(Vector<T> const& x) {
  return unit_rows<T>(x.transpose()).transpose();
}

/// s = β · unit(q) · unit(k):  ∂s/∂β = unit(q) · unit(k)
template <class T>
[[nodiscard]] PairGradient<T> similarity_gradient(Cosine const& cosine, Vector<T> const& q, Vector<T> const& k,
                                                  Index /*key*/, T const& slope, ParameterGradient<T>& parameters) {
  Vector<T> const x = unit(q), y = unit(k);
  T const factor = T(cosine.sharpness) * slope;
  parameters.add("sharpness", 0, T(slope * x.dot(y)));
  return {unit_gradient<T>(q, y * factor), unit_gradient<T>(k, x * factor)};
}

/// s = −γ ‖q − k‖²:  ∂s/∂q = −2γ (q − k),  ∂s/∂γ = −‖q − k‖²
template <class T>
[[nodiscard]] PairGradient<T> similarity_gradient(Euclidean const& euclidean, Vector<T> const& q, Vector<T> const& k,
                                                  Index /*key*/, T const& slope, ParameterGradient<T>& parameters) {
  Vector<T> const difference = q - k;
  T const factor = T(-2 * euclidean.gamma) * slope;
  parameters.add("gamma", 0, T(-slope * difference.squaredNorm()));
  return {difference * factor, difference * T(-factor)};
}

/// s = −γ Σ |q_f − k_f|:  ∂s/∂q_f = −γ sign(q_f − k_f), 0 where they are equal
template <class T>
[[nodiscard]] PairGradient<T> similarity_gradient(L1 const& l1, Vector<T> const& q, Vector<T> const& k, Index /*key*/,
                                                  T const& slope, ParameterGradient<T>& parameters) {
  PairGradient<T> result{q, k};
  for (Index f = 0; f < q.size(); ++f) {
    T const difference = q(f) - k(f);
    T const magnitude = difference < T(0) ? T(-difference) : difference;
    T const sign = difference == T(0) ? T(0) : T(difference < T(0) ? -1 : 1);
    parameters.add("gamma", 0, T(-slope * magnitude));
    result.query(f) = T(-l1.gamma) * slope * sign;
    result.key(f) = -result.query(f);
  }
  return result;
}

/// x → scale · unit(matrix · x + bias), backward.
template <class T>
[[nodiscard]] Vector<T> mapped_gradient(FeatureMap<T> const& map, Vector<T> const& x, Vector<T> d_features) {
  Matrix<T> matrix(map.matrix.rows, map.matrix.columns);
  for (Index f = 0; f < matrix.rows(); ++f)
    for (Index g = 0; g < matrix.cols(); ++g) matrix(f, g) = map.matrix(f, g);
  d_features *= map.scale;
  if (map.to_unit_length) {
    Vector<T> projected = x;
    if (map.matrix.data != nullptr) projected = (matrix * x).eval();
    for (Index f = 0; f < projected.size() && map.bias != nullptr; ++f) projected(f) += map.bias[f];
    d_features = unit_gradient<T>(projected, d_features);
  }
  if (map.matrix.data == nullptr) return d_features;
  return matrix.transpose() * d_features;
}

/// Any other similarity, by dual numbers through its own functions, one feature at a time and back.
template <class T, Similarity Custom>
[[nodiscard]] PairGradient<T> similarity_gradient(Custom const& custom, Vector<T> const& q, Vector<T> const& k,
                                                  Index /*key*/, T const& slope, ParameterGradient<T>&) {
  static_assert(!Learned<Custom>,
                "attend: reference::backward knows no gradients of the parameters of this similarity of your own.");
  using Number = Dual<evaluated_t<T>>;
  FeatureMap<T> const query_map = custom.template query_map<T>(q.size()),
                      key_map = custom.template key_map<T>(k.size());
  Vector<T> const x = mapped<T>(query_map, q.transpose()).transpose(),
                  y = mapped<T>(key_map, k.transpose()).transpose();
  T const* weights = nullptr;
  if constexpr (requires { custom.template feature_weights<T>(); }) weights = custom.template feature_weights<T>();
  auto const combined = [&](Number const& left, Number const& right, Index f, Number const& sum) {
    return Number(custom.combine(left, right, Number(evaluated_t<T>(weights == nullptr ? T(1) : weights[f])), sum));
  };
  auto const constant = [](T const& number) { return Number(evaluated_t<T>(number)); };
  auto const variable = [](T const& number) { return Number(evaluated_t<T>(number), evaluated_t<T>(T(1))); };

  std::vector<T> sums{T(0)};  // before each feature, and after the last
  for (Index f = 0; f < x.size(); ++f)
    sums.push_back(plain<T>(combined(constant(x(f)), constant(y(f)), f, constant(sums.back())).value));
  Vector<T> d_x(x.size()), d_y(y.size());
  T d_sum = slope * plain<T>(Number(custom.finish(variable(sums.back()))).derivative);
  for (Index f = x.size() - 1; f >= 0; --f) {
    T const sum = sums[static_cast<std::size_t>(f)];
    d_x(f) = d_sum * plain<T>(combined(variable(x(f)), constant(y(f)), f, constant(sum)).derivative);
    d_y(f) = d_sum * plain<T>(combined(constant(x(f)), variable(y(f)), f, constant(sum)).derivative);
    d_sum = d_sum * plain<T>(combined(constant(x(f)), constant(y(f)), f, variable(sum)).derivative);
  }
  return {mapped_gradient<T>(query_map, q, d_x), mapped_gradient<T>(key_map, k, d_y)};
}

}  // namespace attend::reference
