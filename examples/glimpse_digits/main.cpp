// glimpse_digits: handwritten digits read through a few small windows; where to look next is learned from reward alone.

#include "../train/curve.hpp"
#include "../train/program.hpp"
#include "evaluation.hpp"
#include "picture.hpp"
#include "training.hpp"

#include <attend/visualize/save.hpp>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace glimpse_digits {
namespace {

template <class Teacher, class MakeLook>
[[nodiscard]] Evaluation train_one(std::string const& name, Teacher teacher, Split const& digits,
                                   Options const& options, MakeLook const& make_look) {
  Model model({}, options.seed);
  std::printf("%s: %td numbers, %td steps of %td digits, %td glimpses, seed %s\n", name.c_str(),
              std::ssize(train::numbers_of(model)), options.steps, options.batch, options.glimpses,
              std::to_string(options.seed).c_str());
  std::fflush(stdout);
  std::vector<double> const losses = train_model(model, std::move(teacher), digits.trained, options, name);
  std::printf("Loss %.4g -> %.4g\n%s\n", losses.front(), losses.back(), train::curve(losses, 6).c_str());
  return evaluate(model, digits.held_out, options.glimpses, make_look);
}

void print_line(char const* name, Evaluation const& evaluation, Options const& options) {
  std::printf("  %-6s %8.1f %%   %8.1f %12.0f %12.1f", name, 100 * evaluation.right, evaluation.windows,
              evaluation.windows * static_cast<double>(Sizes().glimpse), evaluation.pixels);
  // The clock differs from run to run; everything else does not.
  if (!options.is_quiet) std::printf(" %10.1f us", evaluation.microseconds);
  std::printf("\n");
}

/// The first digit of each kind.
[[nodiscard]] std::vector<Index> one_of_each(Digits const& digits) {
  std::vector<Index> rows;
  for (Index label = 0; label < 10; ++label)
    rows.push_back(std::ranges::find(digits.labels, label) - digits.labels.begin());
  return rows;
}

int run(Options const& options) {
  attend::check(options.look == "hard" || options.look == "soft" || options.look == "both", "--look is \"",
                options.look, "\"; it must be hard, soft or both.");
  train::make_folder(options.out);
  Split const digits = split(read_digits(written_digits));
  std::printf("%td digits to train on, %td held out (every fourth)\n\n", digits.trained.size(), digits.held_out.size());

  std::optional<Evaluation> hard, soft;
  if (options.look != "soft")
    hard = train_one("hard", HardTeacher(Sizes().state), digits, options,
                     [](Model const& model, Matrix<float> const& image) { return HardLook(model, image, {}); });
  if (options.look != "hard")
    soft = train_one("soft", SoftTeacher(), digits, options,
                     [](Model const& model, Matrix<float> const& image) { return SoftLook(model, image); });

  std::printf("A digit that was held out:\n  %-6s %10s   %8s %12s %12s%s\n", "", "right", "windows", "their values",
              "pixels", options.is_quiet ? "" : "          time");
  if (hard) print_line("hard", *hard, options);
  if (soft) print_line("soft", *soft, options);
  std::string const path = options.out + "/glimpses.svg";
  attend::save(path, glimpses_svg(digits.held_out, one_of_each(digits.held_out), hard ? &*hard : nullptr,
                                  soft ? &*soft : nullptr, options.glimpses));
  std::printf("\nPicture: %s\n", path.c_str());
  return 0;
}

}  // namespace
}  // namespace glimpse_digits

int main(int count, char** arguments) {
  using train::between;
  glimpse_digits::Options options;
  CLI::App app("Reads handwritten digits through a few small windows, and learns where to look.");
  app.add_option("--look", options.look, "hard: one window a glimpse; soft: all, weighted; or both")
      ->capture_default_str();
  app.add_option("--glimpses", options.glimpses, "Glimpses of a digit")->check(between(1, 20))->capture_default_str();
  app.add_option("--steps", options.steps, "Steps of training")->check(between(1, 1'000'000))->capture_default_str();
  app.add_option("--batch", options.batch, "Digits a step")->check(between(1, 1024))->capture_default_str();
  app.add_option("--seed", options.seed, "Of the first numbers, the picks and the order")->capture_default_str();
  app.add_option("--out", options.out, "Folder for the picture")->type_name("DIR")->capture_default_str();
  app.add_flag("--quiet", options.is_quiet, "No progress line and no times: the same text in every run");
  app.footer(
      "Examples:\n"
      "  glimpse_digits                          both ways to look, a minute or two, then the picture\n"
      "  glimpse_digits --look hard --glimpses 3");
  return train::run_program(app, "glimpse_digits", count, arguments, [&] { return glimpse_digits::run(options); });
}
