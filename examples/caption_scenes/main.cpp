// caption_scenes: describes grids of coloured shapes, word by word; each word looks at the cell that it speaks of.

#include "../train/curve.hpp"
#include "../train/program.hpp"
#include "evaluation.hpp"
#include "picture.hpp"
#include "training.hpp"

#include <attend/visualize/save.hpp>

#include <cstdio>
#include <string>
#include <vector>

namespace caption_scenes {
namespace {

/// Scenes that were never trained on.
[[nodiscard]] std::vector<Scene> unseen_scenes(Options const& options) {
  train::Draw draw(options.seed, 1);
  std::vector<Scene> scenes;
  while (std::ssize(scenes) < options.tests)
    scenes.push_back(draw_scene(draw, 2 + draw.below(options.objects - 1), true));
  return scenes;
}

/// Trains one way to attend, says how it does, and draws what its words look at.
void show(bool is_hard, std::vector<Scene> const& scenes, Options const& options) {
  std::string const name = is_hard ? "hard" : "soft";
  Model model({}, options.seed);
  std::printf("%s: %td numbers, %td steps of %td scenes, seed %s\n", name.c_str(), std::ssize(train::numbers_of(model)),
              options.steps, options.batch, std::to_string(options.seed).c_str());
  std::fflush(stdout);
  std::vector<double> const losses = train_model(model, options, is_hard);
  std::printf("Loss %.4g -> %.4g\n%s", losses.front(), losses.back(), train::curve(losses, 6).c_str());

  Evaluation const how = evaluate(model, scenes, is_hard);
  std::printf("Of %td unseen scenes\n", std::ssize(scenes));
  std::printf("  words of objects that look at their object's cell most  %6.1f %%\n", 100 * how.on_cell);
  std::printf("  their weight on it                                      %6.1f %%\n", 100 * how.weight);
  std::printf("  captions with every word right                          %6.1f %%\n", 100 * how.exact);
  std::printf("  gate of words of objects %.2f, of others %.2f\n", how.gate_object, how.gate_other);

  std::vector<Strip> strips;
  for (std::size_t i = 0; i < scenes.size() && i < 6; ++i)
    strips.push_back({scenes[i], say(model, scenes[i], is_hard, 2 * std::ssize(scenes[i].caption))});
  std::string const path = options.out + "/" + name + ".svg";
  attend::save(path, strips_svg(name + " attention: where each word looks", strips));
  std::printf("  e.g. \"%s\"\nPicture: %s\n\n", text_of(strips.front().caption.words).c_str(), path.c_str());
}

int run(Options const& options) {
  attend::check(options.attention == "soft" || options.attention == "hard" || options.attention == "both",
                "--attention is \"", options.attention, "\"; it must be soft, hard or both.");
  train::make_folder(options.out);
  std::vector<Scene> const scenes = unseen_scenes(options);
  if (options.attention != "hard") show(false, scenes, options);
  if (options.attention != "soft") show(true, scenes, options);
  return 0;
}

}  // namespace
}  // namespace caption_scenes

int main(int count, char** arguments) {
  using train::between;
  caption_scenes::Options options;
  CLI::App app("Learns to describe grids of coloured shapes, and shows which cell each word looked at.");
  app.add_option("--attention", options.attention, "soft: all cells, weighted; hard: one; or both")
      ->capture_default_str();
  app.add_option("--objects", options.objects, "At most so many in a scene")
      ->check(between(2, caption_scenes::side))
      ->capture_default_str();
  app.add_option("--steps", options.steps, "Steps of training")->check(between(1, 1'000'000))->capture_default_str();
  app.add_option("--batch", options.batch, "Scenes a step")->check(between(1, 1024))->capture_default_str();
  app.add_option("--tests", options.tests, "Scenes to test on")->check(between(1, 100'000))->capture_default_str();
  app.add_option("--seed", options.seed, "Of the first numbers, the scenes and the picks")->capture_default_str();
  app.add_option("--out", options.out, "Folder for the pictures")->type_name("DIR")->capture_default_str();
  app.add_flag("--quiet", options.is_quiet, "No progress line");
  app.footer(
      "Examples:\n"
      "  caption_scenes                                both ways to attend, about a minute, then pictures\n"
      "  caption_scenes --attention hard --objects 4");
  return train::run_program(app, "caption_scenes", count, arguments, [&] { return caption_scenes::run(options); });
}
