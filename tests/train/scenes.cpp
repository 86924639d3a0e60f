#include "../../examples/caption_scenes/scenes.hpp"

#include <gtest/gtest.h>

namespace scenes_tests {

using namespace caption_scenes;

TEST(Scenes, AreDescribedFromLeftToRight) {
  Scene scene;
  scene.objects = {{.cell = 8, .color = 0, .shape = 0},
                   {.cell = 5, .color = 2, .shape = 3},
                   {.cell = 6, .color = 2, .shape = 1},
                   {.cell = 15, .color = 1, .shape = 2}};
  describe(scene);
  EXPECT_EQ(text_of(scene.caption), "red circle below blue star beside blue square above green triangle .");
  EXPECT_EQ(scene.cells, (std::vector<Index>{8, 8, -1, 5, 5, -1, 6, 6, -1, 15, 15, -1}));
}

TEST(Scenes, ShowWhatTheirCaptionSays) {
  train::Draw draw(1, 0);
  for (int i = 0; i < 200; ++i) {
    Scene const scene = draw_scene(draw, 2 + i % 3, false);
    ASSERT_EQ(std::ssize(scene.caption), 3 * (2 + i % 3));
    Index last_column = -1;
    for (std::size_t t = 0; t < scene.caption.size(); ++t) {
      if (scene.cells[t] < 0) continue;
      // A word's own feature is large in its cell, above all noise.
      EXPECT_GT(scene.looks(scene.cells[t], scene.caption[t]), 0.75f);
      if (t % 3 == 0) {
        EXPECT_GT(scene.cells[t] % side, last_column);
        last_column = scene.cells[t] % side;
      }
    }
    EXPECT_EQ((scene.looks.array() > 0.5f).count(), 2 * std::ssize(scene.objects));
    EXPECT_EQ(scene.caption.back(), full_stop);
  }
}

TEST(Scenes, ThatAreTestedAreNeverTrainedOn) {
  train::Draw draw(3, 0);
  for (int i = 0; i < 200; ++i) {
    EXPECT_FALSE(is_held_out(draw_scene(draw, 3, false).objects));
    EXPECT_TRUE(is_held_out(draw_scene(draw, 3, true).objects));
  }
}

}  // namespace scenes_tests
