#pragma once

#include <attend/core/dual.hpp>
#include <attend/core/parameters.hpp>
#include <attend/core/types.hpp>

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace attend::reference {

/// Sums of the derivatives for the parameters of one policy, by name. Computed in T, whatever numbers the policy has.
template <class T>
class ParameterGradient {
 public:
  ParameterGradient() = default;

  /// Zeros for each parameter of a learned policy; nothing for any other.
  template <class Policy>
  explicit ParameterGradient(Policy const& policy) {
    if constexpr (Learned<Policy>) {
      Policy const like = zeros_like(policy);
      each_parameter(like, [this](std::string_view name, auto numbers) {
        sums_[std::string(name)] = Vector<T>::Constant(static_cast<Index>(numbers.size()), T(0));
      });
    }
  }

  /// Adds to number `index` of a parameter, in the order of memory; a parameter that the policy does not name (the
  /// scale of a ScaledDot without one) is no one's.
  void add(std::string_view name, Index index, T const& derivative) {
    auto const sums = sums_.find(name);
    if (sums != sums_.end() && sums->second.size() > 0) sums->second(index) += derivative;
  }
  /// The same for a whole matrix, row-major, or vector.
  template <class Derived>
  void add(std::string_view name, Eigen::MatrixBase<Derived> const& derivatives) {
    for (Index i = 0; i < derivatives.rows(); ++i)
      for (Index j = 0; j < derivatives.cols(); ++j) add(name, i * derivatives.cols() + j, derivatives(i, j));
  }

  /// The derivatives as an object of the policy's own class.
  template <class Policy>
  [[nodiscard]] Policy as(Policy const& policy) const {
    Policy gradient = zeros_like(policy);
    each_parameter(gradient, [this]<class Number>(std::string_view name, std::span<Number> numbers) {
      Vector<T> const& sums = sums_.find(name)->second;
      for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = number<Number>(sums(static_cast<Index>(i)));
    });
    return gradient;
  }

 private:
  /// A policy of plain numbers keeps of a dual derivative its value.
  template <class Number, class Derivative>
  [[nodiscard]] static Number number(Derivative const& x) {
    if constexpr (std::is_constructible_v<Number, Derivative>)
      return static_cast<Number>(x);
    else
      return number<Number>(x.value);
  }

  std::map<std::string, Vector<T>, std::less<>> sums_;
};

}  // namespace attend::reference
