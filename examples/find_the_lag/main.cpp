// find_the_lag: predicts a series from its past by attention, whose weights say how long ago what mattered was.

#include "../train/adam.hpp"
#include "../train/curve.hpp"
#include "../train/program.hpp"
#include "../train/progress.hpp"
#include "baseline.hpp"
#include "model.hpp"

#include <attend/visualize.hpp>

#include <string>
#include <vector>

namespace find_the_lag {
namespace {

struct Options {
  std::string series = "both";
  std::vector<Index> lags{7, 19};
  Index length = 1000;
  Index heads = 0;  // 0: one a planted lag, 3 for sunspots
  Index reach = 32;
  Index steps = 1500;
  std::uint64_t seed = 1;
  std::string out = "find-the-lag-pictures";
  bool is_quiet = false;
};

/// Half the mean square error over the part that is trained on, step by step.
[[nodiscard]] std::vector<double> train_model(Model& model, Series const& series, Options const& options) {
  train::Progress progress("find_the_lag", options.is_quiet);
  train::Adam adam;
  std::vector<double> losses;
  Index const first = model.reach, count = series.trained - first;
  Vector<double> const seen = series.x.head(series.trained);
  for (Index step = 0; step < options.steps; ++step) {
    double const done = static_cast<double>(step) / static_cast<double>(options.steps);
    auto const kept = model.forward(seen);
    Vector<double> d_prediction = Vector<double>::Zero(seen.size());
    d_prediction.tail(count) = (kept.prediction - seen).tail(count) / static_cast<double>(count);
    losses.push_back((kept.prediction - seen).tail(count).squaredNorm() / (2 * static_cast<double>(count)));
    Model gradient = attend::zeros_like(model);
    model.backward(seen, kept, d_prediction, gradient);
    adam.learning_rate = 0.05 * (1 - done) + 1e-4;
    adam.step(model, gradient);
    char says[100];
    std::snprintf(says, sizeof says, "%s, step %td of %td, loss %.4g", series.name.c_str(), step + 1, options.steps,
                  losses.back());
    progress.say(says, done);
  }
  return losses;
}

void print_errors(Series const& series, Model const& model) {
  Index const from = series.trained, to = series.x.size(), first = model.reach;
  auto const line = [&](std::string const& name, Vector<double> const& prediction) {
    std::printf("  %-34s %8.3g    %8.3g\n", name.c_str(), root_mean_square(series, prediction, first, from),
                root_mean_square(series, prediction, from, to));
  };
  std::printf("Error (root mean square)             training    unseen\n");
  line("attention, " + std::to_string(model.query.rows()) + " heads", model.forward(series.x).prediction);
  line("linear, the last 2", linear_prediction(series, 2, first));
  line("linear, the last " + std::to_string(first), linear_prediction(series, first, first));
  Vector<double> last = series.x;
  last.tail(to - 1) = series.x.head(to - 1);
  line("the last number again", last);
  line("the mean", Vector<double>::Zero(to));
  if (series.noise > 0)
    std::printf("  %-34s %8.3g    %8.3g\n", "noise, which nobody can predict", series.noise, series.noise);
}

void show(Series const& series, Options options, std::string const& file) {
  if (options.heads == 0) options.heads = series.planted.empty() ? 3 : std::ssize(series.planted);
  attend::check(series.trained > options.reach + 1, "the ", series.trained,
                " numbers to train on must be more than --reach ", options.reach, " and 1.");
  Model model(options.heads, options.reach, options.seed);
  std::printf("%s\n%td numbers to train on, %td unseen; %td heads over the last %td, %td steps\n", series.name.c_str(),
              series.trained, series.x.size() - series.trained, options.heads, options.reach, options.steps);
  std::vector<double> const losses = train_model(model, series, options);
  std::printf("Loss %.4g -> %.4g\n%s", losses.front(), losses.back(), train::curve(losses, 5).c_str());

  Matrix<double> const weights = model.lag_weights();
  std::vector<std::string> heads, lags;
  for (Index lag = 1; lag <= options.reach; ++lag) lags.push_back(std::to_string(lag));
  for (Index h = 0; h < options.heads; ++h) {
    Index best = 0;
    double const weight = weights.row(h).maxCoeff(&best);
    char name[40];
    std::snprintf(name, sizeof name, "%+.2f", model.mix(h));
    heads.push_back(name);
    std::printf("Head %td: lag %td (weight %.2f), times %s\n", h + 1, best + 1, weight, name);
  }
  for (Index const lag : series.planted) {
    Index h = 0;
    double const weight = weights.col(lag - 1).maxCoeff(&h);
    std::printf("Planted lag %td: %s by head %td (weight %.2f)\n", lag, weight > 0.5 ? "found" : "not found", h + 1,
                weight);
  }
  print_errors(series, model);
  auto const picture = attend::heatmap(weights, heads, lags).titled("Weight of each lag, head by head: " + series.name);
  std::printf("\n%s\n", attend::to_terminal(picture).c_str());
  attend::save(options.out + "/" + file, attend::to_svg(picture));
}

int run(Options const& options) {
  attend::check(options.series == "both" || options.series == "planted" || options.series == "sunspots",
                "--series is \"", options.series, "\"; it must be planted, sunspots or both.");
  for (Index const lag : options.lags)
    attend::check(lag >= 1 && lag <= options.reach, "--lags has ", lag, "; a lag must be from 1 to --reach ",
                  options.reach, ".");
  train::make_folder(options.out);
  if (options.series != "sunspots")
    show(planted_series(options.lags, options.length, options.seed), options, "planted.svg");
  if (options.series != "planted") show(sunspot_series(), options, "sunspots.svg");
  return 0;
}

}  // namespace
}  // namespace find_the_lag

int main(int count, char** arguments) {
  using train::between;
  find_the_lag::Options options;
  CLI::App app("Predicts a series from its past by attention, and shows how long ago what mattered was.");
  app.add_option("--series", options.series, "planted, sunspots or both")->capture_default_str();
  app.add_option("--lags", options.lags, "The lags to plant")->delimiter(',')->capture_default_str();
  app.add_option("--length", options.length, "Numbers in the planted series")
      ->check(between(100, 100'000))
      ->capture_default_str();
  app.add_option("--heads", options.heads, "Heads of attention; 0: one a planted lag, and 3 for sunspots")
      ->check(between(0, 16))
      ->capture_default_str();
  app.add_option("--reach", options.reach, "How far back a head can look")
      ->check(between(2, 200))
      ->capture_default_str();
  app.add_option("--steps", options.steps, "Steps of training")->check(between(1, 1'000'000))->capture_default_str();
  app.add_option("--seed", options.seed, "Of the first numbers and of the noise")->capture_default_str();
  app.add_option("--out", options.out, "Folder for the pictures")->type_name("DIR")->capture_default_str();
  app.add_flag("--quiet", options.is_quiet, "No progress line");
  app.footer(
      "Examples:\n"
      "  find_the_lag                                     planted lags 7 and 19, then sunspots\n"
      "  find_the_lag --series planted --lags 5,13,29 --heads 4");
  return train::run_program(app, "find_the_lag", count, arguments, [&] { return find_the_lag::run(options); });
}
