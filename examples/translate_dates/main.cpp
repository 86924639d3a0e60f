// translate_dates: dates as people write them → ISO 8601, letter by letter, by a decoder that attends to the text.

#include "../train/curve.hpp"
#include "../train/program.hpp"
#include "kinds.hpp"
#include "training.hpp"

#include <attend/visualize.hpp>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace translate_dates {
namespace {

[[nodiscard]] std::vector<std::string> letters_of(std::string const& text) {
  std::vector<std::string> letters;
  for (char const letter : text) letters.push_back(letter == ' ' ? "_" : std::string(1, letter));
  return letters;
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
  train::make_folder(options.out);
  attend::save(options.out + "/looked.svg", attend::to_svg(looked));
  attend::save(options.out + "/known.svg", attend::to_svg(known));
  std::printf("\nPictures: %s/looked.svg, known.svg\n", options.out.c_str());
}

/// A translator after its training, and how it did.
struct Trained {
  std::unique_ptr<Translator> translator;
  Evaluation evaluation;
};

[[nodiscard]] Trained train_one(Options const& options, std::string const& name) {
  Kind const& kind = find_kind(name);
  auto translator = kind.make({}, options.seed);
  std::printf("%s: %s\n%td parameters, %td steps of %td texts, seed %s\n", kind.name, kind.formula,
              translator->parameters(), options.steps, options.batch, std::to_string(options.seed).c_str());
  std::fflush(stdout);
  std::vector<double> const losses = train_translator(*translator, options, name);
  std::printf("Loss %.4g -> %.4g\n%s", losses.front(), losses.back(), train::curve(losses).c_str());
  Evaluation evaluation = evaluate(*translator, options);
  if (evaluation.attends)
    std::printf(
        "Weight on the letters that a letter of the answer comes from: %.0f %%, or up to two beside them: %.0f %%\n",
        100 * evaluation.on_source, 100 * evaluation.near_source);
  for (std::string const& wrong : evaluation.wrong) std::printf("Wrong: %s\n", wrong.c_str());
  return {std::move(translator), std::move(evaluation)};
}

/// Right answers by the number of dates in the text, one column a translator.
void print_scores(std::vector<std::string> const& names, std::vector<Trained> const& trained) {
  std::printf("\nRight answers for dates that were never trained on\n%-18s", "");
  for (std::string const& name : names) std::printf("%10s", name.c_str());
  std::printf("\n");
  for (std::size_t i = 0; i < trained.front().evaluation.of_dates.size(); ++i) {
    std::printf("  texts of %zu date%s ", i + 1, i == 0 ? " " : "s");
    for (Trained const& one : trained) {
      Score const& score = one.evaluation.of_dates[i];
      std::printf("%8.1f %%",
                  100 * static_cast<double>(score.right) / static_cast<double>(std::max<Index>(score.all, 1)));
    }
    std::printf("   of %td\n", trained.front().evaluation.of_dates[i].all);
  }
}

int run(Options const& options) {
  std::vector<Trained> trained;
  trained.push_back(train_one(options, options.attention));
  std::vector<std::string> names{options.attention};
  if (options.is_compared) {
    std::printf("\n");
    names.push_back("none");
    trained.push_back(train_one(options, "none"));
  }
  print_scores(names, trained);
  show_one(*trained.front().translator, options);
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
