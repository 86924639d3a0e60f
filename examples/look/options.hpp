#pragma once

#include "word_vectors.hpp"

#include <CLI/CLI.hpp>

#include <attend/core/check.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace look {

/// Tokens first, first + 1, …, first + count − 1.
struct Stretch {
  Index first = 0, count = 0;
};

struct Options {
  std::string file = "README.md";
  std::string out = "look-pictures";
  std::optional<Stretch> passage;
  std::string find;
  std::string kind = "others only";
  Index tokens = 16384;  // 0: all
  Index dimension = 128;
  std::uint64_t seed = 1;
  int threads = 1;
  bool is_quiet = false;
};

/// "120:16" is 16 tokens from token 120 on.
///
/// Throws   when it is not two numbers with a colon between, or the second is not 1 to 256
[[nodiscard]] inline Stretch parse_stretch(std::string const& text) {
  std::string_view const all = text;
  std::size_t const colon = std::min(all.find(':'), all.size());
  auto const number = [](std::string_view digits, Index& value) {
    auto const [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return fault == std::errc() && end == digits.data() + digits.size() && value >= 0;
  };
  Stretch stretch;
  bool const is_read =
      colon < all.size() && number(all.substr(0, colon), stretch.first) && number(all.substr(colon + 1), stretch.count);
  attend::check(is_read, "--passage is \"", text, "\"; it must be START:COUNT, such as 120:16.");
  attend::check(stretch.count >= 1 && stretch.count <= 256, "--passage asks for ", stretch.count,
                " tokens; it may have 1 to 256.");
  return stretch;
}

/// A check of CLI11 that refuses with a sentence.
[[nodiscard]] inline CLI::Validator between(Index low, Index high) {
  return {
      [=](std::string& text) {
        Index value = 0;
        auto const [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
        bool const is_right = fault == std::errc() && end == text.data() + text.size() && value >= low && value <= high;
        return is_right ? std::string()
                        : text + " is not a whole number from " + std::to_string(low) + " to " + std::to_string(high);
      },
      ""};
}

/// What `look` understands; fills `options` when it parses.
inline void describe(CLI::App& app, Options& options, std::string& passage) {
  app.description("Shows how the kinds of attention see a text: heatmaps, links between words, tokens a second.");
  app.add_option("FILE", options.file, "Any UTF-8 text, - for standard input")->capture_default_str();
  app.add_option("--out", options.out, "Folder for attention.html and attention.svg")
      ->type_name("DIR")
      ->capture_default_str();
  auto* const stretch =
      app.add_option("--passage", passage, "The tokens to draw; else the passage with most related words")
          ->type_name("START:COUNT");
  app.add_option("--find", options.find, "Draw the passage around this word")->type_name("WORD")->excludes(stretch);
  app.add_option("--kind", options.kind, "The kind of attention for the terminal and the SVG")->capture_default_str();
  app.add_option("--tokens", options.tokens, "Look at the first so many tokens, 0 for all")
      ->check(between(0, 1'000'000'000))
      ->capture_default_str();
  app.add_option("--dimension", options.dimension, "Numbers in a word vector")
      ->check(between(2, 4096))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of the word vectors and the samples")->capture_default_str();
  options.threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 256u));
  app.add_option("--threads", options.threads, "Threads to compute on")->check(between(1, 256))->capture_default_str();
  app.add_flag("--quiet", options.is_quiet, "No progress line");
  app.footer(
      "Examples:\n"
      "  look README.md                          the liveliest passage, pictures in look-pictures/\n"
      "  look novel.txt --find whale             the passage around the first \"whale\"\n"
      "  look novel.txt --passage 1200:16 --kind causal --out whale\n"
      "  curl -s https://www.gutenberg.org/files/11/11-0.txt | look - --tokens 0");
}

}  // namespace look
