#include <attend/model/vision_transformer.hpp>

#include "golden.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/io/hugging_face.hpp>
#include <attend/layer/initialize.hpp>
#include <attend/testing/compare_gradient.hpp>

#include <gtest/gtest.h>

namespace vision_transformer_tests {

namespace at = attend;
using at::Index;
using at::Matrix;

at::VisionShape const golden_shape{.height = 6,
                                   .width = 9,
                                   .patch = 3,
                                   .channels = 2,
                                   .features = 12,
                                   .layers = 2,
                                   .heads = 3,
                                   .hidden = 20,
                                   .classes = 5};

TEST(VisionTransformer, IsThatOfHuggingFace) {
  model_golden::Json const file = model_golden::read("vit");
  model_golden::for_both_scalars([&]<class Scalar>(double bound) {
    auto const map = at::io::hugging_face_vit(2);
    auto const model = model_golden::loaded("vit", at::vision_transformer<Scalar>(golden_shape), map);
    auto const wanted = model_golden::loaded("vit_gradient", at::vision_transformer<Scalar>(golden_shape), map);
    auto images = model_golden::matrix<Scalar>(file.at("images")),
         d_images = model_golden::matrix<Scalar>(file.at("d_images"));
    images = Matrix<Scalar>(images.template reshaped<Eigen::RowMajor>(2, 108));
    d_images = Matrix<Scalar>(d_images.template reshaped<Eigen::RowMajor>(2, 108));
    auto const kept = model.forward(images);
    EXPECT_LE(model_golden::error(kept.logits, model_golden::matrix<Scalar>(file.at("output"))), bound);
    EXPECT_EQ(model.run(images), kept.logits);
    auto gradient = at::zeros_like(model);
    Matrix<Scalar> const d_found = model.backward(kept, model_golden::matrix<Scalar>(file.at("d_output")), gradient);
    EXPECT_LE(model_golden::error(d_found, d_images), bound);
    EXPECT_LE(model_golden::parameter_error(gradient, wanted), bound);
    auto const class_weights = model.class_weights(kept);
    auto const every = model_golden::matrix<Scalar>(file.at("class_weights"));  // (layers, batch, heads, tokens)
    ASSERT_EQ(class_weights.size(), 2U);
    for (Index layer = 0; layer < 2; ++layer)
      EXPECT_LE(
          model_golden::error<Scalar>(class_weights[static_cast<std::size_t>(layer)], every.middleRows(layer * 6, 6)),
          bound);
  });
}

TEST(VisionTransformer, PatchesAreOrderedAsAConvolutionsWeight) {
  auto const model = at::vision_transformer<double>(
      {.height = 4, .width = 6, .patch = 2, .channels = 2, .features = 4, .layers = 0, .heads = 1, .classes = 2});
  Matrix<double> const images = Matrix<double>::Random(2, 48), cut = model.patches(images);
  ASSERT_EQ(cut.rows(), 12);
  ASSERT_EQ(cut.cols(), 8);
  for (Index image = 0; image < 2; ++image)
    for (Index channel = 0; channel < 2; ++channel)
      for (Index y = 0; y < 4; ++y)
        for (Index x = 0; x < 6; ++x)
          EXPECT_EQ(cut(image * 6 + (y / 2) * 3 + x / 2, channel * 4 + (y % 2) * 2 + x % 2),
                    images(image, channel * 24 + y * 6 + x));
}

TEST(VisionTransformer, GradientsByDifferences) {
  auto model = at::vision_transformer<double>({.height = 4,
                                               .width = 2,
                                               .patch = 2,
                                               .channels = 1,
                                               .features = 4,
                                               .layers = 2,
                                               .heads = 2,
                                               .hidden = 5,
                                               .classes = 3,
                                               .epsilon = 1e-5});
  at::initialize_uniform(model, 0.7, 4);
  Matrix<double> const images = Matrix<double>::Random(2, 8), d_logits = Matrix<double>::Random(2, 3);
  auto const loss = [&](auto const& used, Matrix<double> const& seen) {
    return used.run(seen).cwiseProduct(d_logits).sum();
  };
  auto gradient = at::zeros_like(model);
  Matrix<double> const d_images = model.backward(model.forward(images), d_logits, gradient);
  auto report =
      at::testing::compare_parameters("model", model, gradient, [&](auto const& moved) { return loss(moved, images); });
  report.add(
      at::testing::compare_gradient("images", images, d_images, [&](auto const& moved) { return loss(model, moved); }));
  EXPECT_TRUE(report.passed()) << report;
}

TEST(VisionTransformer, ImagesOfABatchDoNotMeetAndThreadsChangeNoBit) {
  auto model = at::vision_transformer<float>(golden_shape);
  at::initialize_uniform(model, 0.3, 5);
  Matrix<float> const images = Matrix<float>::Random(3, 108);
  Matrix<float> const logits = model.run(images);
  at::ThreadPool pool(2);
  EXPECT_EQ(model.run(images, pool), logits);
  for (Index b = 0; b < 3; ++b) EXPECT_EQ(model.run(images.row(b)), logits.row(b)) << b;
}

TEST(VisionTransformer, WrongSizes) {
  EXPECT_THROW((void)at::vision_transformer<float>({.height = 10, .patch = 4}), at::Error);
  auto const model = at::vision_transformer<float>(golden_shape);
  EXPECT_THROW((void)model.run(Matrix<float>::Zero(1, 107)), at::Error);
}

}  // namespace vision_transformer_tests
