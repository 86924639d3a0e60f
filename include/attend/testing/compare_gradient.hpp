#pragma once

#include <attend/core/check.hpp>
#include <attend/core/parameters.hpp>
#include <attend/testing/central_difference.hpp>
#include <attend/testing/gradient_report.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Gradients of any function of a matrix, or of an object with parameters, against central differences.

namespace attend::testing {

namespace detail {

/// One array's derivatives, entry by entry.
class ArrayComparison {
 public:
  void add(std::string entry, double analytic, double numeric) {
    entries_.push_back({std::move(entry), analytic, numeric});
    largest_ = std::max({largest_, std::abs(analytic), std::abs(numeric)});
  }

  /// Where the whole gradient is less than 10⁻⁵ of the loss, differences see little but rounding, and errors are
  /// relative to that. `size` is that of the loss.
  [[nodiscard]] GradientReport report(double size) const {
    double const scale = std::max({largest_, 1e-5 * size, std::numeric_limits<double>::min()});
    GradientReport report;
    for (Entry const& entry : entries_) {
      double const error = std::abs(entry.analytic - entry.numeric) / scale;
      bool const defined = error <= std::numeric_limits<double>::max();
      report.add(
          {defined ? error : std::numeric_limits<double>::infinity(), entry.name, entry.analytic, entry.numeric, 1});
    }
    return report;
  }

 private:
  struct Entry {
    std::string name;
    double analytic, numeric;
  };
  std::vector<Entry> entries_;
  double largest_ = 0;
};

/// The numbers of an object's parameter `name`.
template <class Object>
[[nodiscard]] std::vector<double> parameter_numbers(Object const& object, std::string_view name) {
  std::vector<double> found;
  each_parameter(object, [&](std::string_view here, auto numbers) {
    if (here == name) found.assign(numbers.begin(), numbers.end());
  });
  return found;
}

/// The object with one number of its parameter `name` moved.
template <class Object>
[[nodiscard]] Object moved(Object object, std::string_view name, std::size_t index, double by) {
  each_parameter(object, [&]<class Number>(std::string_view here, std::span<Number> numbers) {
    if (here == name) numbers[index] += static_cast<Number>(by);
  });
  return object;
}

}  // namespace detail

/// Is `gradient` that of loss(x), a function of a matrix?
///
/// Units    `size` is that of the terms which the loss sums up, where they cancel; 0: the loss itself tells
/// Throws   when the sizes of x and gradient differ
template <class Loss>
[[nodiscard]] GradientReport compare_gradient(std::string_view name, Matrix<double> const& x,
                                              Matrix<double> const& gradient, Loss const& loss, double size = 0) {
  check(x.rows() == gradient.rows() && x.cols() == gradient.cols(), "compare_gradient: ", name, " is (", x.rows(), ", ",
        x.cols(), ") but its gradient is (", gradient.rows(), ", ", gradient.cols(), ").");
  detail::ArrayComparison comparison;
  Matrix<double> moved = x;
  for (Index i = 0; i < x.rows(); ++i)
    for (Index j = 0; j < x.cols(); ++j) {
      auto const along = [&](double step) {
        moved(i, j) = x(i, j) + step;
        return static_cast<double>(loss(moved));
      };
      double const numeric = central_difference(along, x(i, j), size);
      moved(i, j) = x(i, j);
      comparison.add(std::string(name) + "(" + std::to_string(i) + ", " + std::to_string(j) + ")", gradient(i, j),
                     numeric);
    }
  return comparison.report(std::max(size, std::abs(static_cast<double>(loss(x)))));
}

/// Is `gradient`, an object of the same class, that of loss(object) for each parameter?
///
/// Units    `size` as in compare_gradient
/// Throws   when a parameter's gradient has another size
template <Learned Object, class Loss>
[[nodiscard]] GradientReport compare_parameters(std::string_view name, Object const& object, Object const& gradient,
                                                Loss const& loss, double size = 0) {
  GradientReport report;
  double const here = std::max(size, std::abs(static_cast<double>(loss(object))));
  each_parameter(object, [&](std::string_view parameter, auto numbers) {
    std::vector<double> const analytic = detail::parameter_numbers(gradient, parameter);
    check(analytic.size() == numbers.size(), "compare_parameters: ", name, ".", parameter, " has ", numbers.size(),
          " numbers but its gradient has ", analytic.size(), ".");
    detail::ArrayComparison comparison;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (!std::isfinite(static_cast<double>(numbers[i]))) continue;  // −∞ stands for none
      auto const along = [&](double step) {
        return static_cast<double>(loss(detail::moved(object, parameter, i, step)));
      };
      std::string const entry = std::string(name) + "." + std::string(parameter) + "[" + std::to_string(i) + "]";
      comparison.add(entry, analytic[i], central_difference(along, static_cast<double>(numbers[i]), size));
    }
    report.add(comparison.report(here));
  });
  return report;
}

}  // namespace attend::testing
