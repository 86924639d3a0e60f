#pragma once

#include <attend/core/types.hpp>

#include <nlohmann/json.hpp>

#include <fstream>
#include <string>

/// Arrays that another program wrote: {"shape": […], "data": […]}.

namespace golden {

using Json = nlohmann::json;

[[nodiscard]] inline Json read(std::string const& name) {
  std::ifstream file(ATTEND_TEST_DATA "/data/layer/" + name);
  return Json::parse(file);
}

/// As a matrix whose columns are the last dimension.
[[nodiscard]] inline attend::Matrix<double> matrix(Json const& array) {
  attend::Index const columns = array.at("shape").back().get<attend::Index>();
  Json const& data = array.at("data");
  attend::Matrix<double> result(columns == 0 ? 0 : static_cast<attend::Index>(data.size()) / columns, columns);
  for (std::size_t i = 0; i < data.size(); ++i) result.data()[i] = data[i].get<double>();
  return result;
}

/// The largest difference relative to the largest number.
[[nodiscard]] inline double error(attend::Matrix<double> const& found, attend::Matrix<double> const& wanted) {
  if (found.rows() != wanted.rows() || found.cols() != wanted.cols()) return 1e300;
  if (wanted.size() == 0) return 0;
  return (found - wanted).cwiseAbs().maxCoeff() / std::max(wanted.cwiseAbs().maxCoeff(), 1e-300);
}

}  // namespace golden
