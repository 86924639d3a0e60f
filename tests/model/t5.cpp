#include <attend/model/t5.hpp>

#include "encoder_decoder.hpp"

#include <attend/io/hugging_face.hpp>

#include <gtest/gtest.h>

namespace t5_tests {

namespace at = attend;
using at::Index;

at::T5Shape t5_shape(bool tied) {
  return {.words = 23,
          .features = 12,
          .layers = 2,
          .heads = 3,
          .head_dim = 5,
          .hidden = 20,
          .buckets = 8,
          .max_distance = 20,
          .tied = tied};
}
TEST(T5, IsThatOfHuggingFace) {
  model_golden::for_both_scalars([&]<class Scalar>(double bound) {
    model_golden::expect_golden("t5", at::t5<Scalar>(t5_shape(true)), at::io::hugging_face_t5(2), bound);
    model_golden::expect_golden("t5_gated", at::t5_gated<Scalar>(t5_shape(false)),
                                at::io::hugging_face_t5(2, true, false), bound);
  });
}

TEST(T5, GreedyDecodingIsOneRunToTheBit) {
  at::T5Shape shape{.words = 40, .features = 24, .layers = 2, .heads = 2, .head_dim = 8, .hidden = 32};
  model_golden::expect_greedy_decoding_to_the_bit(at::t5<float>(shape), 0.5);
  shape.tied = false;
  model_golden::expect_greedy_decoding_to_the_bit(at::t5_gated<float>(shape), 0.5);
}

TEST(T5, GradientsByDifferences) {
  at::T5Shape shape{.words = 5,
                    .features = 4,
                    .layers = 2,
                    .heads = 2,
                    .decoder_layers = 1,
                    .head_dim = 2,
                    .hidden = 3,
                    .buckets = 4,
                    .max_distance = 5};
  model_golden::expect_gradients(at::t5<double>(shape));
  shape.tied = false;
  model_golden::expect_gradients(at::t5_gated<double>(shape));
}

TEST(T5, LayersOfASideShareOneTable) {
  auto const model = at::t5<float>(t5_shape(true));
  Index tables = 0;
  at::each_parameter(model, [&](std::string_view name, auto numbers) {
    if (!name.ends_with("policy.table")) return;
    ++tables;
    EXPECT_EQ(numbers.size(), 8U * 3U) << name;
  });
  EXPECT_EQ(tables, 2);
}

}  // namespace t5_tests
