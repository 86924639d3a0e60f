#pragma once

#include <attend/core/parameters.hpp>
#include <attend/core/types.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <string>
#include <type_traits>
#include <vector>

/// Layers held against PyTorch's numbers; tests/data/layer/ORIGIN.md says where they come from.

namespace torch_golden {

using attend::Index;
using attend::Matrix;

/// Relative to the largest number of an array; measured 2.4e-15 and 2.2e-7.
template <class Scalar>
inline constexpr double bound = std::is_same_v<Scalar, double> ? 1e-14 : 1e-6;

template <class Scalar>
[[nodiscard]] Matrix<Scalar> matrix(nlohmann::json const& rows) {
  Matrix<Scalar> result(static_cast<Index>(rows.size()), static_cast<Index>(rows.at(0).size()));
  for (Index i = 0; i < result.rows(); ++i)
    for (Index j = 0; j < result.cols(); ++j)
      result(i, j) = rows.at(static_cast<std::size_t>(i)).at(static_cast<std::size_t>(j)).get<Scalar>();
  return result;
}

/// The cases of a file that were computed in this type.
template <class Scalar>
[[nodiscard]] std::vector<nlohmann::json> cases(std::string const& file) {
  std::ifstream stream(ATTEND_TEST_DATA "/data/layer/" + file);
  std::vector<nlohmann::json> found;
  for (nlohmann::json const& one : nlohmann::json::parse(stream))
    if (one.at("type") == (std::is_same_v<Scalar, double> ? "float64" : "float32")) found.push_back(one);
  EXPECT_FALSE(found.empty()) << file;
  return found;
}

template <class Scalar>
void expect_golden(std::string const& what, Matrix<Scalar> const& got, nlohmann::json const& rows) {
  Matrix<double> const wanted = matrix<double>(rows);
  ASSERT_EQ(got.rows(), wanted.rows()) << what;
  ASSERT_EQ(got.cols(), wanted.cols()) << what;
  double const largest = std::max(wanted.cwiseAbs().maxCoeff(), 1e-3);
  double const error = (got.template cast<double>() - wanted).cwiseAbs().maxCoeff() / largest;
  EXPECT_LE(error, bound<Scalar>) << what;
}

/// Fills the parameters of a layer by their names.
template <class Layer>
void read_parameters(Layer& layer, nlohmann::json const& in) {
  attend::each_parameter(layer, [&](std::string_view name, auto numbers) {
    using Scalar = typename decltype(numbers)::value_type;
    if (numbers.empty()) return;
    Matrix<Scalar> const values = matrix<Scalar>(in.at(std::string(name)));
    ASSERT_EQ(static_cast<std::size_t>(values.size()), numbers.size()) << name;
    std::copy_n(values.data(), values.size(), numbers.begin());
  });
}
template <class Layer>
void expect_parameter_gradients(std::string const& what, Layer const& gradient, nlohmann::json const& wanted) {
  attend::each_parameter(gradient, [&](std::string_view name, auto numbers) {
    using Scalar = std::remove_const_t<typename decltype(numbers)::element_type>;
    if (numbers.empty()) return;
    nlohmann::json const& rows = wanted.at(std::string(name));
    Matrix<Scalar> got(static_cast<Index>(rows.size()), static_cast<Index>(rows.at(0).size()));
    ASSERT_EQ(static_cast<std::size_t>(got.size()), numbers.size()) << name;
    std::copy_n(numbers.begin(), numbers.size(), got.data());
    expect_golden(what + ", gradient of " + std::string(name), got, rows);
  });
}

}  // namespace torch_golden
