#include <attend/model/bert.hpp>
#include <attend/model/t5.hpp>
#include <attend/model/vision_transformer.hpp>

#include "golden.hpp"

#include <attend/io/hugging_face.hpp>
#include <attend/layer/initialize.hpp>

#include "core/sentence.hpp"

#include <gtest/gtest.h>

/// A file that is not what the model needs is refused with a sentence, and the model stays as it was.

namespace loading_tests {

namespace at = attend;
using at::Index;

template <class Model>
std::vector<double> numbers_of(Model const& model) {
  std::vector<double> all;
  at::each_parameter(model, [&](std::string_view, auto group) { all.insert(all.end(), group.begin(), group.end()); });
  return all;
}

template <class Model>
void expect_refused(std::string const& file, Model model, at::io::NameMap const& map, std::string const& sentence,
                    at::io::Rounding rounding = at::io::Rounding::none) {
  at::initialize_uniform(model, 0.5, 1);
  std::vector<double> const before = numbers_of(model);
  sentences::expect_sentence(
      [&] { at::io::load_parameters(model_golden::path(file + ".safetensors"), model, map, rounding); }, {sentence});
  EXPECT_EQ(numbers_of(model), before);
}

at::BertShape bert_shape() {
  return {.words = 23, .positions = 9, .types = 2, .features = 12, .layers = 2, .heads = 3, .hidden = 20};
}

TEST(Loading, ALayerTooManyOrTooFew) {
  at::BertShape shape = bert_shape();
  shape.layers = 3;
  expect_refused("bert", at::bert<double>(shape), at::io::hugging_face_bert(3),
                 "there is no tensor \"encoder.layer.2.attention.self.query.weight\"");
  expect_refused("bert", at::bert<double>(shape), at::io::hugging_face_bert(2),
                 "has no tensor \"blocks.2.attention.query.weight\" for the object's 144 numbers");
  shape.layers = 1;
  expect_refused("bert", at::bert<double>(shape), at::io::hugging_face_bert(1),
                 "has the tensor \"encoder.layer.1.attention.output.LayerNorm.bias\", which the object does not know");
}

TEST(Loading, OtherSizes) {
  at::BertShape shape = bert_shape();
  shape.words = 24;
  expect_refused("bert", at::bert<double>(shape), at::io::hugging_face_bert(2),
                 "tensor \"words.table\" has the shape (23, 12); the object wants (24, 12)");
  expect_refused("vit",
                 at::vision_transformer<double>({.height = 9,
                                                 .width = 9,
                                                 .patch = 3,
                                                 .channels = 2,
                                                 .features = 12,
                                                 .layers = 2,
                                                 .heads = 3,
                                                 .hidden = 20,
                                                 .classes = 5}),
                 at::io::hugging_face_vit(2),
                 "tensor \"positions.table\" has the shape (1, 7, 12); the object wants (10, 12)");
}

TEST(Loading, AnotherModelsFile) {
  expect_refused("gpt2", at::bert<double>(bert_shape()), at::io::hugging_face_bert(2),
                 "there is no tensor \"embeddings.word_embeddings.weight\"");
  at::T5Shape const shape{
      .words = 23, .features = 12, .layers = 2, .heads = 3, .head_dim = 5, .hidden = 20, .buckets = 8};
  expect_refused("t5_gated", at::t5<double>(shape), at::io::hugging_face_t5(2),
                 "there is no tensor \"encoder.block.0.layer.1.DenseReluDense.wi.weight\"");
}

TEST(Loading, NumbersThatFloatCannotHold) {
  expect_refused("bert", at::bert<float>(bert_shape()), at::io::hugging_face_bert(2),
                 "is F64, of which F32 cannot hold every number");
}

/// As bert-base-uncased is released: a part of a model with heads, norms by their older names.
TEST(Loading, OlderNamesOfBert) {
  auto const path = testing::TempDir() + "attend_older_bert.safetensors";
  auto const file = at::io::read_safetensors(model_golden::path("bert.safetensors"));
  at::io::NameMap older;
  older.rename_prefix("", "bert.")
      .rename_suffix_if_there(".LayerNorm.weight", ".LayerNorm.gamma")
      .rename_suffix_if_there(".LayerNorm.bias", ".LayerNorm.beta");
  auto tensors = older.apply(file.tensors);
  std::vector<double> const head{1, 2, 3};
  tensors.push_back(at::io::tensor_of("cls.predictions.bias", std::span(head), {3}));
  at::io::write_safetensors(path, tensors);
  auto model = at::bert<double>(bert_shape()), wanted = model;
  at::io::load_parameters(path, model, at::io::hugging_face_bert(2, "bert."));
  at::io::load_parameters(model_golden::path("bert.safetensors"), wanted, at::io::hugging_face_bert(2));
  EXPECT_EQ(numbers_of(model), numbers_of(wanted));
}

TEST(Loading, WhatIsSavedComesBack) {
  auto const path = testing::TempDir() + "attend_t5.safetensors";
  auto model = at::t5<float>({.words = 7,
                              .features = 4,
                              .layers = 1,
                              .heads = 2,
                              .head_dim = 2,
                              .hidden = 3,
                              .buckets = 4,
                              .max_distance = 5}),
       other = model;
  at::initialize_uniform(model, 0.5, 2);
  at::io::save_parameters(path, model);
  at::io::load_parameters(path, other);
  EXPECT_EQ(numbers_of(other), numbers_of(model));
  std::vector<Index> const source{1, 2, 3, 4, 5, 6}, target{0, 3};
  EXPECT_EQ(other.run(source, target), model.run(source, target));  // the table of distances follows that of buckets
}

}  // namespace loading_tests
