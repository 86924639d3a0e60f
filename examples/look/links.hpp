#pragma once

#include "kinds.hpp"
#include "passage.hpp"
#include "progress.hpp"

#include <algorithm>
#include <vector>

namespace look {

/// Token `from` gives `weight` of its attention to token `to`.
struct Link {
  Index from = 0, to = 0;
  float weight = 0;
};

/// The strongest links of a text between words that share letters, each pair of words once, strongest first.
///
/// Weights are asked for in blocks of rows, so that memory stays at a few million numbers however long the text is.
[[nodiscard]] inline std::vector<Link> strongest_links(Text const& text, Vectors const& letters, Vectors const& x,
                                                       Kind const& kind, std::size_t count, at::ThreadPool& pool,
                                                       Progress& progress) {
  std::vector<Link> best;
  Index const rows_at_once = std::clamp<Index>((Index{1} << 21) / text.size(), 1, 256);
  auto const is_same_pair = [&](Link const& a, Link const& b) {
    return std::minmax({text.word(a.from), text.word(a.to)}) == std::minmax({text.word(b.from), text.word(b.to)});
  };
  auto const offer = [&](Link const& link) {
    if (best.size() == count && link.weight <= best.back().weight) return;
    if (!are_linkable(text, link.from, link.to)) return;
    if (letters.row(text.word(link.from)).dot(letters.row(text.word(link.to))) < noise(letters)) return;
    auto const known =
        std::find_if(best.begin(), best.end(), [&](Link const& other) { return is_same_pair(link, other); });
    if (known != best.end() && known->weight >= link.weight) return;
    if (known != best.end()) best.erase(known);
    best.insert(std::find_if(best.begin(), best.end(), [&](Link const& other) { return other.weight < link.weight; }),
                link);
    if (best.size() > count) best.pop_back();
  };
  for (Index first = 0; first < text.size(); first += rows_at_once) {
    progress.say("searching links", static_cast<double>(first) / static_cast<double>(text.size()));
    std::vector<Index> rows;
    for (Index i = first; i < std::min(first + rows_at_once, text.size()); ++i)
      if (text.token(i).is_word) rows.push_back(i);
    if (rows.empty()) continue;
    Vectors const weights = kind.weights(x, rows, pool);
    for (std::size_t r = 0; r < rows.size(); ++r)
      for (Index j = 0; j < text.size(); ++j)
        if (float const weight = weights(static_cast<Index>(r), j); weight > 0) offer({rows[r], j, weight});
  }
  return best;
}

}  // namespace look
