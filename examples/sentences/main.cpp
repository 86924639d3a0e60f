// sentences: which lines of a text mean alike, and what the model that says so looks at. `sentences --help` says how to
// call it.

#include "../look/text_file.hpp"
#include "../train/progress.hpp"
#include "encoder.hpp"
#include "lines.hpp"
#include "options.hpp"
#include "page.hpp"
#include "search.hpp"

#include <attend/io/npy.hpp>
#include <attend/simd/dispatch.hpp>
#include <attend/visualize/save.hpp>
#include <attend/visualize/terminal_style.hpp>

#include <chrono>
#include <cstdio>
#include <filesystem>

namespace sentences {
namespace {

using Clock = std::chrono::steady_clock;

[[nodiscard]] double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The name of a model is that of its folder.
[[nodiscard]] std::string name_of(std::string const& folder) {
  std::filesystem::path const path = std::filesystem::absolute(folder).lexically_normal();
  return (path.has_filename() ? path : path.parent_path()).filename().string();
}

void print_tokens(Options const& options, std::vector<Line> const& lines) {
  WordPiece const pieces = read_wordpiece(vocabulary_of(options.model));
  std::string out;
  for (Line const& line : lines) {
    for (Index const token : pieces.encode(line.text, 256)) out += std::to_string(token) + " ";
    out.back() = '\n';
  }
  std::fwrite(out.data(), 1, out.size(), stdout);
}

/// The median of so many runs, in seconds, and the vectors.
[[nodiscard]] double embed_timed(Encoder const& encoder, std::vector<Tokens> const& tokens, Options const& options,
                                 at::ThreadPool& pool, train::Progress& progress, Vectors& vectors) {
  std::vector<double> times;
  for (Index run = 0; run < options.runs; ++run) {
    auto const start = Clock::now();
    vectors = encoder.embed(tokens, options.batch, pool, [&](double part) {
      progress.say("embedding, " + std::to_string(static_cast<int>(100 * part)) + " %",
                   (static_cast<double>(run) + part) / static_cast<double>(options.runs));
    });
    times.push_back(seconds_since(start));
  }
  progress.clear();
  std::ranges::sort(times);
  return times[times.size() / 2];
}

void print_pairs(std::vector<Match> const& pairs, std::vector<Line> const& lines, int width) {
  std::printf("\nMost similar pairs: cosine, line, text\n");
  for (Match const& pair : pairs) {
    Line const &a = lines[static_cast<std::size_t>(pair.first)], &b = lines[static_cast<std::size_t>(pair.second)];
    std::printf("  %.3f %6td  %s\n        %6td  %s\n", static_cast<double>(pair.cosine), a.number,
                cut_to(a.text, width - 17).c_str(), b.number, cut_to(b.text, width - 17).c_str());
  }
  if (pairs.empty()) std::printf("  none: there is one line only\n");
}

void print_found(std::vector<Match> const& found, std::vector<Line> const& lines, std::string const& query, int width) {
  std::printf("\nMost similar to \"%s\": cosine, line, text\n", cut_to(query, width - 40).c_str());
  for (Match const& match : found) {
    Line const& line = lines[static_cast<std::size_t>(match.second)];
    std::printf("  %.3f %6td  %s\n", static_cast<double>(match.cosine), line.number,
                cut_to(line.text, width - 17).c_str());
  }
}

void write_page(Encoder const& encoder, Options const& options, at::ThreadPool& pool) {
  Tokens const tokens = encoder.encode(options.sentence);
  Looked looked{options.sentence, name_of(options.model), {}, encoder.shape().layers, encoder.shape().heads, {}};
  for (Index const token : tokens) looked.tokens.push_back(encoder.token(token));
  looked.weights = encoder.weights(tokens, pool);
  at::save(options.page, to_page(looked));
  std::printf("\nThe attention of %td layers and %td heads: %s\n", looked.layers, looked.heads, options.page.c_str());
}

int run(Options const& options) {
  std::string const text = look::read_text(options.file);
  std::vector<Line> lines = lines_of(text);
  if (options.prints_tokens) return print_tokens(options, lines), 0;
  auto const blank = std::erase_if(lines, [](Line const& line) { return line.is_blank(); });
  at::check(!lines.empty(), options.file, " has nothing but spaces.");

  bool const is_terminal = at::terminal_facts(stderr).is_terminal;
  train::Progress progress("sentences", options.is_quiet || !is_terminal);
  progress.say("reading the model", 0);
  Encoder const encoder(options.model);
  at::ThreadPool pool(options.threads);

  progress.say("cutting lines into tokens", 0);
  auto const start = Clock::now();
  std::vector<Tokens> tokens;
  Index all = 0, full = 0;
  for (Line const& line : lines) {
    tokens.push_back(encoder.encode(line.text));
    all += std::ssize(tokens.back());
    full += std::ssize(tokens.back()) == encoder.most_tokens();
  }
  double const cut_seconds = seconds_since(start);
  Vectors vectors;
  double const seconds = embed_timed(encoder, tokens, options, pool, progress, vectors);

  std::printf("%s: %td sentences, %td tokens", options.file.c_str(), std::ssize(lines), all);
  if (blank > 0) std::printf("; %zu empty line%s left out", blank, blank == 1 ? "" : "s");
  if (full > 0) std::printf("; %td of %td tokens or more, cut there", full, encoder.most_tokens());
  at::BertShape const& shape = encoder.shape();
  std::printf("\n%s: %td layers of %td heads, vectors of %td numbers\n", name_of(options.model).c_str(), shape.layers,
              shape.heads, shape.features);
  std::printf("%.1f sentences a second, %.0f tokens a second; cutting them into tokens took %.1f ms\n",
              static_cast<double>(lines.size()) / seconds, static_cast<double>(all) / seconds, 1000 * cut_seconds);
  std::printf("Instruction set %s, %d thread%s\n", at::isa_name(at::active_isa()), options.threads,
              options.threads == 1 ? "" : "s");
  std::fflush(stdout);

  int const width = at::terminal_style().width;
  if (!options.query.empty())
    print_found(similar_rows(encoder.embed({encoder.encode(options.query)}, options.batch, pool), vectors,
                             options.similar, pool),
                lines, options.query, width);
  else if (options.similar > 0) {
    auto const pairs = similar_pairs(vectors, options.similar, pool, [&](double part) {
      progress.say("comparing, " + std::to_string(static_cast<int>(100 * part)) + " %", part);
    });
    progress.clear();
    print_pairs(pairs, lines, width);
  }
  if (!options.save.empty()) {
    at::io::write_npy(options.save, at::io::tensor_of("vectors", vectors));
    std::printf("\nVectors (%td, %td): %s\n", vectors.rows(), vectors.cols(), options.save.c_str());
  }
  if (!options.page.empty()) write_page(encoder, options, pool);
  return 0;
}

}  // namespace
}  // namespace sentences

int main(int count, char** arguments) {
  sentences::Options options;
  CLI::App app;
  sentences::describe(app, options);
  return train::run_program(app, "sentences", count, arguments, [&] { return sentences::run(options); });
}
