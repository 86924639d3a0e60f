#pragma once

#include <attend/core/parameters.hpp>
#include <attend/io/parameters.hpp>

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

/// Models that another program ran: see tests/data/model/ORIGIN.md.

namespace model_golden {

using attend::Index;
using attend::Matrix;
using Json = nlohmann::json;

[[nodiscard]] inline std::string path(std::string const& file) { return ATTEND_TEST_DATA "/data/model/" + file; }

[[nodiscard]] inline Json read(std::string const& name) {
  std::ifstream file(path(name + ".json"));
  return Json::parse(file);
}

/// Rows of the last dimension.
template <class Scalar>
[[nodiscard]] Matrix<Scalar> matrix(Json const& array) {
  Index const columns = array.at("shape").back().get<Index>();
  auto const data = array.at("data").get<std::vector<double>>();
  return Eigen::Map<Matrix<double> const>(data.data(), std::ssize(data) / columns, columns).cast<Scalar>();
}
[[nodiscard]] inline std::vector<Index> tokens(Json const& array) { return array.at("data").get<std::vector<Index>>(); }

/// The largest difference relative to the largest number.
template <class Scalar>
[[nodiscard]] double error(Matrix<Scalar> const& found, Matrix<Scalar> const& wanted) {
  if (found.rows() != wanted.rows() || found.cols() != wanted.cols()) return 1e300;
  return static_cast<double>((found - wanted).cwiseAbs().maxCoeff() / wanted.cwiseAbs().maxCoeff());
}

/// The same for each group of parameters; groups whose derivatives are all but 0, as those by a key's bias, relative to
/// a hundredth of the largest.
template <class Model>
[[nodiscard]] double parameter_error(Model const& found, Model const& wanted) {
  std::vector<std::vector<double>> groups;
  double largest = 0, worst = 0;
  attend::each_parameter(wanted, [&](std::string_view, auto numbers) {
    groups.emplace_back(numbers.begin(), numbers.end());
    for (double const number : groups.back()) largest = std::max(largest, std::abs(number));
  });
  auto group = groups.begin();
  attend::each_parameter(found, [&](std::string_view name, auto numbers) {
    double difference = 0, scale = largest / 100;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      double const number = static_cast<double>(numbers[i]);
      EXPECT_TRUE(std::isfinite(number)) << name;
      difference = std::max(difference, std::abs(number - (*group)[i]));
      scale = std::max(scale, std::abs((*group)[i]));
    }
    worst = std::max(worst, difference / scale);
    ++group;
  });
  return worst;
}

/// The parameters of a file, as names of Hugging Face's; floats are rounded.
template <class Model>
[[nodiscard]] Model loaded(std::string const& file, Model model, attend::io::NameMap const& map) {
  attend::io::load_parameters(path(file + ".safetensors"), model, map, attend::io::Rounding::to_nearest);
  return model;
}

/// Calls use.operator()<Scalar>(largest error): double, then float.
template <class Use>
void for_both_scalars(Use const& use) {
  use.template operator()<double>(1e-12);
  use.template operator()<float>(1e-5);
}

}  // namespace model_golden
