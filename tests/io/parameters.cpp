#include <attend/io/parameters.hpp>

#include <attend/layer/linear.hpp>
#include <attend/normalize/softmax.hpp>

#include "files.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace parameters_tests {

using namespace attend::io;
using attend::Index;
using attend::Linear;
using attend::Matrix;
using attend::Vector;
using files::Temporary;

/// Projections of a small attention layer, with and without a bias, and numbers of another type.
struct Projections {
  Linear<float> query{2, 2}, key{2, 2, false}, value{2, 2};
  attend::Softmax softmax;

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.query, "query", function);
    attend::each_parameter(self.key, "key", function);
    attend::each_parameter(self.value, "value", function);
    attend::each_parameter(self.softmax, "softmax", function);
  }
};

std::vector<double> numbers_of(auto const& object) {
  std::vector<double> all;
  attend::each_parameter(object,
                         [&](std::string_view, auto group) { all.insert(all.end(), group.begin(), group.end()); });
  return all;
}
template <class Object>
Object counted(Object object, double start = 0.1) {
  attend::each_parameter(object, [&](std::string_view, auto group) {
    for (auto& number : group) number = static_cast<std::remove_reference_t<decltype(number)>>(start += 0.3);
  });
  return object;
}

TEST(Parameters, ComeBackBitForBit) {
  Projections const saved = counted(Projections());
  Temporary const path("model.safetensors");
  save_parameters(path.path(), saved, {{"step", "7"}});
  EXPECT_EQ(read_safetensors(path.path()).metadata.at("step"), "7");
  Projections loaded;
  load_parameters(path.path(), loaded);
  EXPECT_EQ(numbers_of(loaded), numbers_of(saved));
  // Over the file that was read, and the same again.
  std::string const first = files::content(path.path());
  save_parameters(path.path(), loaded, {{"step", "7"}});
  EXPECT_EQ(files::content(path.path()), first);
}

TEST(Parameters, NotANumberKeepsItsBits) {
  Linear<double> layer(1, 1, false), loaded(1, 1, false);
  layer.weight(0, 0) = std::numeric_limits<double>::signaling_NaN();
  Temporary const path("nan.safetensors");
  save_parameters(path.path(), layer);
  load_parameters(path.path(), loaded);
  EXPECT_EQ(std::memcmp(layer.weight.data(), loaded.weight.data(), 8), 0);
}

/// Every wrong file leaves every number of the object as it was.
class AllOrNothing : public testing::Test {
 protected:
  Linear<float> object_ = counted(Linear<float>(3, 2));
  Matrix<float> six_ = Vector<float>::LinSpaced(6, 0, 5).reshaped<Eigen::RowMajor>(2, 3);
  Vector<float> two_ = Vector<float>::LinSpaced(2, 8, 9);

  void refused(std::vector<Tensor> const& tensors, std::string_view fragment, NameMap const& map = {},
               Rounding rounding = Rounding::none) {
    SCOPED_TRACE(fragment);
    Temporary const path("wrong.safetensors");
    write_safetensors(path.path(), tensors);
    std::vector<double> const before = numbers_of(object_);
    files::expect_refused([&] { load_parameters(path.path(), object_, map, rounding); }, fragment);
    EXPECT_EQ(numbers_of(object_), before);
  }
};

TEST_F(AllOrNothing, NamesAndSizes) {
  Tensor const weight = tensor_of("weight", six_), bias = tensor_of("bias", two_);
  refused({}, "wrong.safetensors has no tensor \"weight\" for the object's 6 numbers of that name");
  refused({weight}, "has no tensor \"bias\" for the object's 2 numbers");
  refused({bias}, "has no tensor \"weight\" for the object's 6 numbers");
  refused({weight, tensor_of("Bias", two_)}, "has no tensor \"bias\"");
  refused({weight, bias, tensor_of("extra", two_)},
          "has the tensor \"extra\", which the object does not know (1 such in all); rename it, or leave it out");
  refused({weight, bias, tensor_of("y", two_), tensor_of("x", two_)},
          "has the tensor \"x\", which the object does not "
          "know (2 such in all)");
  refused({weight, tensor_of("bias", six_)}, "tensor \"bias\" has the shape (2, 3); the object wants (2).");
  refused({tensor_of("weight", two_), bias}, "tensor \"weight\" has the shape (2); the object wants (2, 3).");
  Vector<float> const none;
  refused({weight, tensor_of("bias", none)}, "tensor \"bias\" has the shape (0); the object wants (2).");
}

TEST_F(AllOrNothing, AsManyNumbersInAnotherShape) {
  Tensor const bias = tensor_of("bias", two_);
  std::vector<float> const numbers(6);
  for (std::vector<Index> const& shape : std::vector<std::vector<Index>>{{6}, {3, 2}, {6, 1}, {1, 6}, {3, 1, 2}})
    refused({tensor_of("weight", std::span(numbers), shape), bias}, "the object wants (2, 3).");
  Vector<float> const four = Vector<float>::Zero(4);
  object_.bias.resize(4);
  refused({tensor_of("weight", six_), tensor_of("bias", std::span(four.data(), 4), {2, 2})}, "the object wants (4).");
}

TEST(Parameters, SizesOfOneAndFurtherDimensionsOfARowChangeNothing) {
  Linear<float> const saved = counted(Linear<float>(12, 3));
  for (std::vector<Index> const& shape : std::vector<std::vector<Index>>{{3, 12}, {1, 3, 12}, {3, 3, 2, 2}, {3, 1, 12}})
    for (std::vector<Index> const& bias : std::vector<std::vector<Index>>{{3}, {1, 1, 3}, {3, 1}}) {
      Temporary const path("shapes.safetensors");
      write_safetensors(path.path(), std::vector{tensor_of("weight", std::span(saved.weight.data(), 36), shape),
                                                 tensor_of("bias", std::span(saved.bias.data(), 3), bias)});
      Linear<float> loaded(12, 3);
      load_parameters(path.path(), loaded);
      EXPECT_EQ(loaded.weight, saved.weight);
      EXPECT_EQ(loaded.bias, saved.bias);
    }
}

TEST(Parameters, AreSavedInTheirShapes) {
  Temporary const path("saved.safetensors");
  save_parameters(path.path(), Linear<float>(3, 2));
  auto const file = read_safetensors(path.path());
  ASSERT_EQ(file.tensors.size(), 2u);
  for (Tensor const& tensor : file.tensors)
    EXPECT_EQ(tensor.shape, tensor.name == "weight" ? (std::vector<Index>{2, 3}) : std::vector<Index>{2});
}

TEST_F(AllOrNothing, NumbersThatCannotBeHeld) {
  Tensor const weight = tensor_of("weight", six_);
  Vector<double> const wide = two_.cast<double>();
  refused({weight, tensor_of("bias", wide)},
          "wrong.safetensors: io: tensor \"bias\" is F64, of which F32 cannot hold every number");
  std::vector<int> const whole{1, 16777217};
  refused({weight, tensor_of("bias", std::span(whole), {2})}, "holds 16777217 as number 1", {}, Rounding::to_nearest);
  std::vector<std::uint8_t> const flags{1, 7};
  refused({weight, {.name = "bias", .dtype = Dtype::boolean, .shape = {2}, .bytes = std::as_bytes(std::span(flags))}},
          "number 1 is the byte 7; it must be 0 or 1");
}

TEST_F(AllOrNothing, MapsAndFiles) {
  Tensor const weight = tensor_of("weight", six_), bias = tensor_of("bias", two_);
  refused({weight, bias}, "wrong.safetensors: NameMap: there is no tensor \"w\"; rename must find it",
          NameMap().rename("w", "weight"));
  refused({weight, bias}, "has no tensor \"weight\"", NameMap().rename("weight", "w"));
  Temporary const broken("broken.safetensors", "\2\0\0\0\0\0\0\0{");
  files::expect_refused([&] { load_parameters(broken.path(), object_); }, "broken.safetensors");
  files::expect_refused([&] { load_parameters("/no/such/file", object_); }, "cannot open /no/such/file");
}

TEST(Parameters, RoundingAndWideningAndWholeNumbers) {
  Temporary const path("types.safetensors");
  Linear<double> const wide = counted(Linear<double>(3, 2));
  save_parameters(path.path(), wide);
  Linear<float> narrow(3, 2);
  load_parameters(path.path(), narrow, {}, Rounding::to_nearest);
  EXPECT_EQ(narrow.weight, wide.weight.cast<float>());
  save_parameters(path.path(), narrow);
  Linear<double> again(3, 2);
  load_parameters(path.path(), again);
  EXPECT_EQ(again.weight, narrow.weight.cast<double>());
  Matrix<Eigen::half> const weight = Matrix<Eigen::half>::Constant(2, 3, Eigen::half(0.5f));
  std::vector<std::int8_t> const bias{-3, 4};
  write_safetensors(path.path(), std::vector{tensor_of("weight", weight), tensor_of("bias", std::span(bias), {2})});
  load_parameters(path.path(), narrow);
  EXPECT_EQ(narrow.weight(1, 2), 0.5f);
  EXPECT_EQ(narrow.bias, Eigen::Vector2f(-3, 4));
}

TEST(Parameters, ABiasThatWasLeftOutMayBeMissing) {
  Matrix<float> weight(2, 3);
  weight << 1, 2, 3, 4, 5, 6;
  Temporary const path("no_bias.safetensors");
  write_safetensors(path.path(), std::vector{tensor_of("weight", weight)});  // of shape (out, in), as in PyTorch
  Linear<float> layer(3, 2, false);
  load_parameters(path.path(), layer);
  EXPECT_EQ(layer.weight, weight);
}

/// The names of torch.nn.MultiheadAttention, inside of a model of which nothing else is wanted.
TEST(Parameters, OfAPackedProjectionWithOtherNames) {
  Matrix<float> packed(6, 2);
  packed << 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12;
  Vector<float> const bias = Vector<float>::LinSpaced(6, 1, 6);
  Vector<double> const temperature = Vector<double>::Constant(1, 0.5);
  Vector<float> const other = Vector<float>::Ones(3);
  Temporary const path("torch.safetensors");
  write_safetensors(path.path(),
                    std::vector{tensor_of("layers.0.attn.in_proj_weight", packed), tensor_of("head.weight", other),
                                tensor_of("layers.0.attn.in_proj_bias", bias), tensor_of("tau", temperature)});
  NameMap map;
  map.ignore_prefix("head.")
      .rename_prefix("layers.0.attn.", "")
      .split("in_proj_weight", {"query.weight", "key.weight", "value.weight"})
      .split("in_proj_bias", {"query.bias", "key.bias", "value.bias"})
      .ignore("key.bias")
      .rename("tau", "softmax.temperature");
  Projections loaded;
  load_parameters(path.path(), loaded, map);
  EXPECT_EQ(loaded.query.weight, packed.topRows(2));
  EXPECT_EQ(loaded.key.weight, packed.middleRows(2, 2));
  EXPECT_EQ(loaded.value.weight, packed.bottomRows(2));
  EXPECT_EQ(loaded.value.bias, Eigen::Vector2f(5, 6));
  EXPECT_EQ(loaded.softmax.temperature, 0.5);
}

/// Two members under one name could not be told apart.
struct Twins {
  Linear<float> first{1, 1, false}, second{1, 1, false};
  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.first, function);
    attend::each_parameter(self.second, function);
  }
};

TEST(Parameters, TwoGroupsOfOneNameAreRefused) {
  Twins twins;
  Temporary const path("twins.safetensors");
  files::expect_refused([&] { save_parameters(path.path(), twins); },
                        "twins.safetensors: two tensors are named \"bias\"");
  save_parameters(path.path(), twins.first);
  files::expect_refused([&] { load_parameters(path.path(), twins); }, "has two groups of parameters named \"weight\"");
}

}  // namespace parameters_tests
