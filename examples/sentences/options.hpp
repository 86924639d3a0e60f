#pragma once

#include "../train/program.hpp"

#include <attend/core/types.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <string>
#include <thread>

namespace sentences {

using attend::Index;

struct Options {
  std::string file = SENTENCES_FILE;
  std::string model = SENTENCES_MODEL;
  Index similar = 5;
  std::string query;
  std::string page;
  std::string sentence = "The animal did not cross the street because it was too tired.";
  std::string save;
  Index batch = 4096;
  Index runs = 1;
  int threads = 1;
  bool prints_tokens = false;
  bool is_quiet = false;
};

/// What `sentences` understands; fills `options` when it parses.
inline void describe(CLI::App& app, Options& options) {
  using train::between;
  app.description("Finds lines of a text that mean alike, by the vectors that all-MiniLM-L6-v2 makes of sentences.");
  app.add_option("FILE", options.file, "UTF-8 text, one sentence a line, - for standard input")->capture_default_str();
  app.add_option("--model", options.model, "Folder of config.json, vocab.txt and model.safetensors")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--similar", options.similar, "Print so many of the most similar pairs; with --query, so many lines")
      ->check(between(0, 1'000'000))
      ->capture_default_str();
  app.add_option("--query", options.query, "Print the lines that mean what this text does")->type_name("TEXT");
  auto* const page =
      app.add_option("--page", options.page, "Write the attention of all layers and heads to one sentence as a page")
          ->type_name("HTML");
  app.add_option("--sentence", options.sentence, "The sentence of the page")
      ->type_name("TEXT")
      ->needs(page)
      ->capture_default_str();
  app.add_option("--save", options.save, "Write the vectors, a row for each line that is not empty")->type_name("NPY");
  app.add_option("--batch", options.batch, "Tokens that go through the model at once")
      ->check(between(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--runs", options.runs, "Embed so many times and print the median speed")
      ->check(between(1, 1000))
      ->capture_default_str();
  options.threads = static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 1u, 256u));
  app.add_option("--threads", options.threads, "Threads to compute on")->check(between(1, 256))->capture_default_str();
  app.add_flag("--tokens", options.prints_tokens, "Print the tokens of every line as numbers, and no more");
  app.add_flag("--quiet", options.is_quiet, "No progress line");
  app.footer(
      "Examples:\n"
      "  sentences                                   the most similar of our sentences\n"
      "  sentences notes.txt --query \"when is rent due\"\n"
      "  sentences notes.txt --similar 0 --save notes.npy\n"
      "  sentences --page attention.html --sentence \"Time flies like an arrow.\"");
}

}  // namespace sentences
