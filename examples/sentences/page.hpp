#pragma once

#include <attend/core/types.hpp>

#include <string>
#include <vector>

namespace sentences {

/// What a page shows.
struct Looked {
  std::string sentence;
  std::string model;
  std::vector<std::string> tokens;  // n
  attend::Index layers = 0, heads = 0;
  attend::Matrix<float> weights;  // (layers·heads·n, n)
};

/// One HTML page without anything from elsewhere: a heatmap for each layer and head, one of them large, and the text,
/// where a token shows its links as lines.
///
/// Cost     4/3 byte a weight
[[nodiscard]] std::string to_page(Looked const& looked);

}  // namespace sentences
