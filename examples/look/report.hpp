#pragma once

#include "links.hpp"
#include "sharpness.hpp"
#include "speed.hpp"

#include <attend/simd/dispatch.hpp>
#include <attend/visualize.hpp>

#include <cstdio>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace look {

/// 1234567 as 1,234,567.
[[nodiscard]] inline std::string grouped(double number) {
  std::string digits = std::to_string(static_cast<long long>(number + 0.5));
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}
[[nodiscard]] inline std::string grouped(Index number) { return grouped(static_cast<double>(number)); }

/// At once, also into a pipe: what follows may take minutes.
inline void print(std::string const& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

[[nodiscard]] inline std::string padded(std::string const& text, int width) {
  return text + std::string(static_cast<std::size_t>(std::max(0, width - at::display_width(text))), ' ');
}

[[nodiscard]] inline std::string range_of(Stretch const& passage) {
  return grouped(passage.first) + " to " + grouped(passage.first + passage.count - 1);
}

/// What is looked at, with what, on what.
inline void print_head(Options const& options, Text const& text, Index all) {
  std::string const part = ", of which the first " + grouped(text.size()) + " are looked at (--tokens 0 for all)";
  print(options.file + ": " + grouped(all) + " tokens" + (all > text.size() ? part : "") + "; " +
        grouped(static_cast<Index>(text.vocabulary.words.size())) + " different ones.\n");
  print("Vectors of " + std::to_string(options.dimension) +
        " numbers from the letters of a word, untrained: words that are written\n"
        "alike attract each other, meanings are unknown.\n");
  print(std::string("Instruction set ") + at::isa_name(at::active_isa()) + ", " + std::to_string(options.threads) +
        (options.threads == 1 ? " thread.\n\n" : " threads.\n\n"));
}

/// The tokens of a passage as labels.
[[nodiscard]] inline std::vector<std::string> labels_of(Text const& text, Stretch const& passage) {
  std::vector<std::string> labels;
  for (Index i = passage.first; i < passage.first + passage.count; ++i) labels.push_back(text.token(i).text);
  return labels;
}

/// One heatmap for each kind of attention of a passage that is read by itself.
[[nodiscard]] inline std::vector<at::Heatmap> pictures_of(Text const& text, Vectors const& x, Stretch const& passage,
                                                          std::vector<Kind> const& of, at::ThreadPool& pool) {
  Vectors const words = x.middleRows(passage.first, passage.count);
  std::vector<at::Heatmap> pictures;
  for (Kind const& kind : of)
    pictures.push_back(
        at::heatmap(kind.weights(words, some_rows(passage.count, passage.count), pool), labels_of(text, passage))
            .titled(kind.name, kind.says));
  return pictures;
}

/// The row of a picture whose strongest link to another word is the strongest: a good one to talk about.
[[nodiscard]] inline Index most_telling_row(Text const& text, Stretch const& passage, at::Heatmap const& picture) {
  Index best = 0;
  double most = -1;
  for (Index i = 0; i < passage.count; ++i)
    for (Index j = 0; j < passage.count; ++j)
      if (are_linkable(text, passage.first + i, passage.first + j) && picture.values(i, j) > most)
        most = picture.values(i, j), best = i;
  return best;
}

/// "writer 0.20 · writes 0.18": the three strongest of a row, no zeros.
[[nodiscard]] inline std::string strongest_of_row(at::Heatmap const& picture, Index row) {
  auto order = some_rows(picture.values.cols(), picture.values.cols());
  std::stable_sort(order.begin(), order.end(),
                   [&](Index a, Index b) { return picture.values(row, a) > picture.values(row, b); });
  std::string list;
  for (std::size_t k = 0; k < std::min<std::size_t>(3, order.size()) && picture.values(row, order[k]) > 0; ++k) {
    char weight[16];
    std::snprintf(weight, sizeof weight, " %.2f", picture.values(row, order[k]));
    list += (k == 0 ? "" : " · ") + at::visible_label(picture.columns[static_cast<std::size_t>(order[k])]) + weight;
  }
  return list.empty() ? "nothing" : list;
}

/// One row of every picture.
inline void print_row(std::vector<at::Heatmap> const& pictures, Index row) {
  std::string const word = at::visible_label(pictures.front().rows[static_cast<std::size_t>(row)]);
  print("\nWhat \"" + word + "\" (row " + std::to_string(row + 1) + ") looks at\n");
  for (at::Heatmap const& picture : pictures)
    print("  " + padded(picture.title, 14) + strongest_of_row(picture, row) + "\n");
}

inline void print_speed(Kind const& kind, double tokens_per_second) {
  std::string const number = grouped(tokens_per_second);
  print("  " + padded(kind.name, 14) + std::string(number.size() < 14 ? 14 - number.size() : 0, ' ') + number + "\n");
}

inline void print_links(Text const& text, std::vector<Link> const& links) {
  print(
      "\nStrongest links of the whole text (scaled dot). A link joins two words that share\n"
      "letters, are not next to each other and not forms of one (key, Key, keys, key's);\n"
      "each pair of words is listed once, numbers and signs are left out.\n");
  if (links.empty()) print("  (there are none)\n");
  for (Link const& link : links) {
    char weight[16];
    std::snprintf(weight, sizeof weight, "  %.3f  ", static_cast<double>(link.weight));
    std::string const from = text.token(link.from).text + " (" + grouped(link.from) + ")";
    print(weight + padded(from, 26) + " → " + text.token(link.to).text + " (" + grouped(link.to) + ")\n");
  }
}

/// What the HTML page says of itself.
[[nodiscard]] inline at::HtmlOptions page_about(Options const& options, Stretch const& passage, std::size_t picture,
                                                Index row) {
  return {.title = "How " + std::filesystem::path(options.file).filename().string() + " attends",
          .introduction = "Tokens " + range_of(passage) +
                          ", read by themselves. The word vectors are made of letters and untrained: words that are "
                          "written alike attract each other, meanings are unknown.\nEach kind is as sharp as makes a "
                          "word look at about √n of the n words.",
          .first_picture = static_cast<Index>(picture),
          .first_row = row};
}

/// Writes the pictures and says where.
///
/// Throws   when the folder cannot be made or written
inline void save_pictures(std::vector<at::Heatmap> const& pictures, std::size_t chosen, at::HtmlOptions const& page,
                          std::filesystem::path const& folder) {
  std::string const html = (folder / "attention.html").string(), svg = (folder / "attention.svg").string();
  at::save(html, at::to_html(pictures, page));
  at::Heatmap const& picture = pictures[chosen];
  at::save(svg, at::to_svg(picture.titled("Attention: " + picture.title,
                                          picture.note + " Untrained vectors, made of letters.")));
  print("\nWritten: " + html + " (all kinds; point at a word) and " + svg + "\n");
}

/// Makes the folder, and tries it now rather than after a minute's work.
///
/// Throws   when it cannot be made or written
inline void prepare_folder(std::filesystem::path const& folder) {
  std::error_code fault;
  std::filesystem::create_directories(folder, fault);
  at::check(!fault && std::filesystem::is_directory(folder), "cannot make the folder ", folder.string(), ": ",
            fault ? fault.message() : std::string("it is a file"), ".");
  at::save((folder / "attention.svg").string(), "");
}

}  // namespace look
