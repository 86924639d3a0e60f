// look: how the kinds of attention see a text. `look --help` says how to call it.

#include "kinds.hpp"
#include "links.hpp"
#include "options.hpp"
#include "passage.hpp"
#include "progress.hpp"
#include "report.hpp"
#include "speed.hpp"
#include "text_file.hpp"
#include "tokenizer.hpp"
#include "word_vectors.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace look {

/// Everything that was asked for.
///
/// Throws   attend::Error with one sentence when the input or an option is not usable
void run(Options const& options) {
  std::vector<Token> tokens = tokenize(read_text(options.file));
  at::check(!tokens.empty(), options.file, " has nothing but spaces.");
  auto const all = static_cast<Index>(tokens.size());
  if (options.tokens > 0 && all > options.tokens) tokens.resize(static_cast<std::size_t>(options.tokens));
  Text const text(std::move(tokens));
  Progress progress(options.is_quiet, text.size() > 10000);
  at::ThreadPool pool(options.threads);

  progress.say("making word vectors");
  Vectors const letters = letter_vectors(text.vocabulary, options.dimension, options.seed);
  Vectors const x = token_vectors(text.vocabulary, letters);

  // The passage, read by itself.
  Stretch const passage = choose_passage(text, letters, options);
  std::vector<Kind> const near = kinds(x.middleRows(passage.first, passage.count), 3, options.seed, pool);
  std::size_t const chosen = find_kind(near, options.kind);
  prepare_folder(options.out);
  std::vector<at::Heatmap> const pictures = pictures_of(text, x, passage, near, pool);
  Index const row = most_telling_row(text, passage, pictures[1]);
  progress.clear();
  print_head(options, text, all);
  print("Tokens " + range_of(passage) + ", read by themselves\n" + at::to_terminal(pictures[chosen]));
  print_row(pictures, row);

  // The whole text.
  progress.say("measuring how sharp each kind must be");
  std::vector<Kind> const far = kinds(x, 128, options.seed, pool);
  auto const links = strongest_links(text, letters, x, far.front(), 10, pool, progress);
  progress.clear();
  print_links(text, links);
  print("\nTokens a second over " +
        (text.size() == all ? "the whole text" : "the first " + grouped(text.size()) + " tokens") + "\n");
  for (std::size_t i = 0; i < far.size(); ++i) {
    progress.say("timing " + far[i].name + " (" + std::to_string(i + 1) + " of " + std::to_string(far.size()) + ")");
    double const speed = tokens_per_second(far[i], x, pool);
    progress.clear();
    print_speed(far[i], speed);
  }

  save_pictures(pictures, chosen, page_about(options, passage, chosen, row), options.out);
}

}  // namespace look

int main(int count, char** arguments) {
  look::Options options;
  std::string passage;
  CLI::App app;
  look::describe(app, options, passage);
  auto const refuse = [](std::string sentence) {
    std::replace(sentence.begin(), sentence.end(), '\n', ' ');
    std::fprintf(stderr, "look: %s\n", sentence.c_str());
    return 2;
  };
  try {
    app.parse(count, arguments);
    if (!passage.empty()) options.passage = look::parse_stretch(passage);
    look::run(options);
    return 0;
  } catch (CLI::ParseError const& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return refuse(error.what());
  } catch (std::exception const& error) {
    return refuse(error.what());
  }
}
