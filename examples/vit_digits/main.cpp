// vit_digits: reads handwritten digits with a small vision transformer, and draws where its class token looks.

#include "../glimpse_digits/picture.hpp"
#include "../train/curve.hpp"
#include "../train/program.hpp"
#include "training.hpp"

#include <attend/visualize.hpp>

#include <chrono>
#include <cstdio>
#include <string>

namespace vit_digits {
namespace {

struct Options {
  Training training;
  Index features = 48, layers = 3, heads = 4;
  int pictures = 8;
  std::string out = "vit-digits-pictures";
};

/// The weights of one image's class token, averaged over the heads of a layer, as a tint on its patches.
[[nodiscard]] std::string patches_svg(Model const& model, Matrix<float> const& weights, Index left, Index top) {
  using glimpse_digits::cell;
  Index const across = model.width / model.patch;
  attend::Vector<float> const mean = weights.colwise().mean().tail(model.patch_count());
  float const largest = std::max(mean.maxCoeff(), 1e-6f);
  std::string svg;
  for (Index p = 0; p < mean.size(); ++p) {
    char fill[60];
    std::snprintf(fill, sizeof fill, "<path fill=\"#d9480f\" fill-opacity=\"%.2f\" d=\"",
                  0.7 * static_cast<double>(mean(p) / largest));
    svg += fill +
           glimpse_digits::box(left + p % across * model.patch * cell, top + p / across * model.patch * cell,
                               model.patch * cell) +
           "\"/>";
  }
  return svg + "\n";
}

/// Some digits in columns: as they are, and under them where the class token of each layer looks.
[[nodiscard]] std::string picture(Model const& model, Digits const& digits, Index columns) {
  using glimpse_digits::gap, glimpse_digits::panel, glimpse_digits::words_svg;
  columns = std::min(columns, digits.size());
  auto const kept = model.forward(digits.images.topRows(columns));
  auto const layers = model.class_weights(kept);
  Index const heads = model.blocks.blocks.front().attention.heads, rows = 1 + std::ssize(layers), margin = 90;
  std::string svg;
  for (Index row = 0; row < rows; ++row) {
    Index const top = 40 + row * (panel + gap);
    svg += words_svg(10, top + panel / 2, "font-size=\"13\"", row == 0 ? "digit" : "layer " + std::to_string(row));
    for (Index i = 0; i < columns; ++i) {
      Index const left = margin + i * (panel + gap);
      svg += glimpse_digits::pixels_svg(digits.images.row(i), left, top);
      if (row > 0)
        svg += patches_svg(model, layers[static_cast<std::size_t>(row - 1)].middleRows(i * heads, heads), left, top);
    }
  }
  for (Index i = 0; i < columns; ++i) {
    Index read = 0;
    kept.logits.row(i).maxCoeff(&read);
    svg += words_svg(margin + i * (panel + gap), 30, "font-size=\"13\"",
                     std::to_string(digits.labels[static_cast<std::size_t>(i)]) + ", read " + std::to_string(read));
  }
  std::string const width = std::to_string(margin + columns * (panel + gap));
  std::string const height = std::to_string(40 + rows * (panel + gap));
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + width + "\" height=\"" + height + "\" viewBox=\"0 0 " +
         width + " " + height + "\" font-family=\"sans-serif\">\n<title>Where the class token looks</title>\n" +
         "<path fill=\"#fff\" d=\"M0 0h" + width + "v" + height + "H0z\"/>\n" + svg + "</svg>\n";
}

int run(Options const& options) {
  attend::check(options.features % options.heads == 0, "--features ", options.features, " do not divide into --heads ",
                options.heads, ".");
  train::make_folder(options.out);
  auto const [trained, held_out] = glimpse_digits::split(glimpse_digits::read_digits(glimpse_digits::written_digits));
  Model model = first_model({.height = side,
                             .width = side,
                             .patch = 2,
                             .channels = 1,
                             .features = options.features,
                             .layers = options.layers,
                             .heads = options.heads,
                             .hidden = 2 * options.features,
                             .classes = 10,
                             .epsilon = 1e-6},
                            options.training.seed);
  std::size_t parameters = 0;
  attend::each_parameter(model, [&](std::string_view, auto numbers) { parameters += numbers.size(); });
  std::printf("%td digits to train on, %td held out; %td patches a digit, %zu parameters\n", trained.size(),
              held_out.size(), model.patch_count(), parameters);
  auto const start = std::chrono::steady_clock::now();
  std::vector<double> const losses = train_model(model, trained, options.training);
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf("Loss %.4g -> %.4g in %.0f s\n%s", losses.front(), losses.back(), seconds,
              train::curve(losses, 6).c_str());
  auto const percent = [&](Digits const& digits) {
    return 100.0 * static_cast<double>(right_of(model, digits)) / static_cast<double>(digits.size());
  };
  std::printf("Read right: %.1f %% of the digits trained on, %.1f %% of those held out\n", percent(trained),
              percent(held_out));
  std::string const file = options.out + "/class_token.svg";
  attend::save(file, picture(model, held_out, options.pictures));
  std::printf("Where the class token looks: %s\n", file.c_str());
  return 0;
}

}  // namespace
}  // namespace vit_digits

int main(int count, char** arguments) {
  using train::between;
  vit_digits::Options options;
  CLI::App app("Reads handwritten digits with a small vision transformer, and draws where its class token looks.");
  app.add_option("--epochs", options.training.epochs, "Times that every digit is trained on")
      ->check(between(1, 10'000))
      ->capture_default_str();
  app.add_option("--batch", options.training.batch, "Digits a step")->check(between(1, 1000))->capture_default_str();
  app.add_option("--features", options.features, "Numbers a patch")->check(between(1, 1024))->capture_default_str();
  app.add_option("--layers", options.layers, "Blocks of the model")->check(between(1, 24))->capture_default_str();
  app.add_option("--heads", options.heads, "Heads of each block")->check(between(1, 64))->capture_default_str();
  app.add_option("--pictures", options.pictures, "Digits to draw")->check(between(1, 50))->capture_default_str();
  app.add_option("--seed", options.training.seed, "Of the first numbers and of the order")->capture_default_str();
  app.add_option("--out", options.out, "Folder for the pictures")->type_name("DIR")->capture_default_str();
  app.add_flag("--quiet", options.training.is_quiet, "No progress line");
  return train::run_program(app, "vit_digits", count, arguments, [&] { return vit_digits::run(options); });
}
