#pragma once

#include "onnx/npy.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace onnx {

/// One node test of the ONNX project: an operator with attributes, its inputs and the outputs that it must give.
struct Case {
  std::string name, op;
  nlohmann::json attributes;
  std::map<std::string, Array> in, out;

  [[nodiscard]] bool has(std::string const& input) const { return in.count(input) != 0; }
  template <class Number>
  [[nodiscard]] Number attribute(std::string const& key, Number otherwise) const {
    return attributes.value(key, otherwise);
  }
};

inline std::string folder() { return ATTEND_TEST_DATA "/data/onnx/"; }

/// The names of all cases of `LinearAttention`, or of `Attention` and `FlexAttention`.
inline std::vector<std::string> names_of_cases(bool linear) {
  std::vector<std::string> names;
  std::ifstream file(folder() + "manifest.json");
  for (nlohmann::json const& entry : nlohmann::json::parse(file))
    if ((entry.at("op") == "LinearAttention") == linear) names.push_back(entry.at("name"));
  return names;
}

inline Case read_case(std::string const& name) {
  std::ifstream file(folder() + "manifest.json");
  for (nlohmann::json const& entry : nlohmann::json::parse(file)) {
    if (entry.at("name") != name) continue;
    Case found{name, entry.at("op"), entry.at("attributes"), {}, {}};
    for (std::string const input : entry.at("inputs"))
      found.in[input] = read_npy(folder() + name + "/in_" + input + ".npy");
    for (std::string const output : entry.at("outputs"))
      found.out[output] = read_npy(folder() + name + "/out_" + output + ".npy");
    return found;
  }
  throw std::runtime_error("no case " + name);
}

}  // namespace onnx
