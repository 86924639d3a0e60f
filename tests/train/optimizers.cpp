#include "../../examples/train/adam.hpp"
#include "../../examples/train/clip.hpp"
#include "../../examples/train/sgd.hpp"

#include "model.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace optimizers_tests {

[[nodiscard]] Model model(double a, double b, float c) {
  Model made;
  made.weight << a, b;
  made.offset = c;
  return made;
}

/// One number and three gradients 1, −2, 3, the sums written out.
TEST(Adam, FollowsAHandComputedSequence) {
  train::Adam adam;
  adam.learning_rate = 0.5;
  Model at = model(1, 7, 0);
  // t = 1: m̂ = g and v̂ = g², so the first step is learning_rate long, whatever the gradient.
  adam.step(at, model(1, 0, 0));
  EXPECT_NEAR(at.weight(0), 0.5, 1e-8);
  // t = 2: m = 0.09 − 0.2 = −0.11, m̂ = −0.11/0.19; v = 0.000999 + 0.004 = 0.004999, v̂ = 0.004999/0.001999
  adam.step(at, model(-2, 0, 0));
  double wanted = 0.5 - 0.5 * (-0.11 / 0.19) / std::sqrt(0.004999 / 0.001999);
  EXPECT_NEAR(at.weight(0), wanted, 1e-8);
  // t = 3: m = −0.099 + 0.3 = 0.201, m̂ = 0.201/0.271; v = 0.004994001 + 0.009, v̂ = v/(1 − 0.999³)
  adam.step(at, model(3, 0, 0));
  wanted -= 0.5 * (0.201 / 0.271) / std::sqrt(0.013994001 / (1 - 0.997002999));
  EXPECT_NEAR(at.weight(0), wanted, 1e-8);
  EXPECT_EQ(at.weight(1), 7);  // no gradient, no step
  EXPECT_EQ(at.offset, 0);
}

TEST(Adam, FindsTheLowestPoint) {
  train::Adam adam;
  adam.learning_rate = 0.05;
  Model at = model(3, -2, 5);
  for (int step = 0; step < 2000; ++step)  // ½ (a − 1)² + 50 (b + 1)² + ½ (c − 2)²
    adam.step(at, model(at.weight(0) - 1, 100 * (at.weight(1) + 1), at.offset - 2));
  EXPECT_NEAR(at.weight(0), 1, 1e-3);
  EXPECT_NEAR(at.weight(1), -1, 1e-3);
  EXPECT_NEAR(at.offset, 2, 1e-3);
}

TEST(Sgd, FollowsAHandComputedSequence) {
  train::Sgd sgd;
  sgd.learning_rate = 0.5;
  sgd.momentum = 0.5;
  Model at = model(1, 2, 3);
  sgd.step(at, model(2, 0, -4));  // u = (2, 0, −4)
  EXPECT_EQ(at.weight(0), 0);
  EXPECT_EQ(at.offset, 5);
  sgd.step(at, model(1, 2, 0));  // u = (2, 2, −2)
  EXPECT_EQ(at.weight(0), -1);
  EXPECT_EQ(at.weight(1), 1);
  EXPECT_EQ(at.offset, 6);
}

TEST(ClipNorm, ShortensWhatIsTooLongAndNothingElse) {
  Model gradient = model(3, 0, 4);
  EXPECT_EQ(train::clip_norm(gradient, 5), 5);
  EXPECT_EQ(gradient.weight(0), 3);
  EXPECT_EQ(train::clip_norm(gradient, 2.5), 5);
  EXPECT_EQ(gradient.weight(0), 1.5);
  EXPECT_EQ(gradient.offset, 2);
  gradient.weight(1) = std::numeric_limits<double>::infinity();
  EXPECT_THROW(train::clip_norm(gradient, 1), attend::Error);
  EXPECT_THROW(train::clip_norm(gradient, 0), attend::Error);
}

}  // namespace optimizers_tests
