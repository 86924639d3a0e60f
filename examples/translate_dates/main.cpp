// translate_dates: dates as people write them → ISO 8601, letter by letter, by a decoder that attends to the text.

#include "../train/curve.hpp"
#include "../train/program.hpp"
#include "kinds.hpp"
#include "training.hpp"

#include <attend/visualize.hpp>

#include <filesystem>
#include <string>
#include <vector>

namespace translate_dates {
namespace {

[[nodiscard]] std::vector<std::string> letters_of(std::string const& text) {
  std::vector<std::string> letters;
  for (char const letter : text) letters.push_back(letter == ' ' ? "_" : std::string(1, letter));
  return letters;
}

void print_scores(Evaluation const& evaluation) {
  for (std::size_t i = 0; i < evaluation.of_dates.size(); ++i) {
    Score const& score = evaluation.of_dates[i];
    if (score.all == 0) continue;
    std::printf("  texts of %zu date%s   %td of %td right, %.1f %%\n", i + 1, i == 0 ? " " : "s", score.right,
                score.all, 100 * static_cast<double>(score.right) / static_cast<double>(score.all));
  }
}

/// One text, its answer, and two pictures: where each letter looked, and where it comes from.
void show_one(Translator const& translator, Options const& options) {
  Example const example = Batches(options, 2, true).next();
  Translation const made = translator.translate({example.text}, std::ssize(example.answer)).front();
  std::printf("\n\"%s\" -> %s%s\n", example.text.c_str(), made.answer.c_str(),
              made.answer == example.answer ? "" : (", but it is " + example.answer).c_str());
  if (made.weights.size() == 0) return;
  auto const looked = attend::heatmap(made.weights, letters_of(made.answer), letters_of(example.text))
                          .titled("Where each letter of the answer looked");
  auto const known = attend::heatmap(example.alignment, letters_of(example.answer), letters_of(example.text))
                         .titled("Where each letter comes from");
  std::printf("\n%s\n%s", attend::to_terminal(looked).c_str(), attend::to_terminal(known).c_str());
  std::error_code fault;
  std::filesystem::create_directories(options.out, fault);
  attend::check(!fault, "cannot make the folder ", options.out, ": ", fault.message(), ".");
  attend::save(options.out + "/looked.svg", attend::to_svg(looked));
  attend::save(options.out + "/known.svg", attend::to_svg(known));
  std::printf("\nPictures: %s/looked.svg, known.svg\n", options.out.c_str());
}

[[nodiscard]] std::unique_ptr<Translator> train_one(Options const& options, std::string const& name) {
  Kind const& kind = find_kind(name);
  auto translator = kind.make({}, options.seed);
  std::printf("%s: %s\n%td parameters, %td steps of %td texts, seed %s\n", kind.name, kind.formula,
              translator->parameters(), options.steps, options.batch, std::to_string(options.seed).c_str());
  std::fflush(stdout);
  std::vector<double> const losses = train_translator(*translator, options, name);
  std::printf("Loss %.4g -> %.4g\n%s", losses.front(), losses.back(), train::curve(losses).c_str());
  Evaluation const evaluation = evaluate(*translator, options);
  std::printf("Dates that were never trained on:\n");
  print_scores(evaluation);
  if (evaluation.attends)
    std::printf(
        "Weight on the letters that a letter of the answer comes from: %.0f %%, or up to two beside them: %.0f %%\n",
        100 * evaluation.on_source, 100 * evaluation.near_source);
  return translator;
}

int run(Options const& options) {
  auto const translator = train_one(options, options.attention);
  show_one(*translator, options);
  if (options.is_compared) {
    std::printf("\n");
    (void)train_one(options, "none");
  }
  return 0;
}

}  // namespace
}  // namespace translate_dates

int main(int count, char** arguments) {
  using train::between;
  translate_dates::Options options;
  CLI::App app("Learns to write dates as ISO 8601 does, and shows which letters of the text each letter looked at.");
  app.add_option("--attention", options.attention, "How queries and keys are compared")
      ->check([](std::string const& name) {
        (void)translate_dates::find_kind(name);
        return std::string();
      })
      ->capture_default_str();
  app.add_option("--steps", options.steps, "Steps of training")->check(between(1, 1'000'000))->capture_default_str();
  app.add_option("--batch", options.batch, "Texts a step")->check(between(1, 4096))->capture_default_str();
  app.add_option("--dates", options.dates, "At most so many dates in a text")
      ->check(between(1, 6))
      ->capture_default_str();
  app.add_option("--tests", options.tests, "Texts to test on")->check(between(1, 100'000))->capture_default_str();
  app.add_option("--seed", options.seed, "Of the first numbers and of the dates")->capture_default_str();
  app.add_option("--out", options.out, "Folder for the pictures")->type_name("DIR")->capture_default_str();
  app.add_flag("--compare", options.is_compared, "Train without attention too: the bottleneck of one vector");
  app.add_flag("--quiet", options.is_quiet, "No progress line");
  app.footer(
      "Examples:\n"
      "  translate_dates                          a minute of training, then pictures\n"
      "  translate_dates --attention dot\n"
      "  translate_dates --dates 3 --compare      longer and longer texts, with and without attention");
  return train::run_program(app, "translate_dates", count, arguments, [&] { return translate_dates::run(options); });
}
