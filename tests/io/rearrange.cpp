#include <attend/io/rearrange.hpp>

#include <attend/io/convert.hpp>

#include "files.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <string>
#include <vector>

namespace rearrange_tests {

using namespace attend::io;
using attend::Index;
using attend::Matrix;

template <class Number>
std::vector<Number> counted(std::size_t size) {
  std::vector<Number> numbers(size);
  std::iota(numbers.begin(), numbers.end(), Number(0));
  return numbers;
}

TEST(Rearrange, TransposeOfEveryTypeSize) {
  auto const check = [](auto zero) {
    using Number = decltype(zero);
    auto const numbers = counted<Number>(6);
    Tensor const turned = transpose(tensor_of("w", std::span(numbers), {2, 3}));
    EXPECT_EQ(turned.name, "w");
    EXPECT_EQ(to_matrix<Number>(turned), (Matrix<Number>(3, 2) << 0, 3, 1, 4, 2, 5).finished());
    EXPECT_EQ(to_matrix<Number>(transpose(turned)), to_matrix<Number>(tensor_of("w", std::span(numbers), {2, 3})));
  };
  check(float());
  check(double());
  check(std::int16_t());
  check(std::uint8_t());
}

TEST(Rearrange, TransposeOfNothingAndOfOtherRanks) {
  std::vector<float> const numbers(8);
  Tensor const empty = transpose(tensor_of("e", std::span(numbers).first(0), {0, Index(1) << 50}));
  EXPECT_EQ(empty.shape, (std::vector<Index>{Index(1) << 50, 0}));
  files::expect_refused([&] { (void)transpose(tensor_of("v", std::span(numbers), {8})); },
                        "transpose: tensor \"v\" has shape (8); it must have 2 sizes");
  files::expect_refused([&] { (void)transpose(tensor_of("c", std::span(numbers), {2, 2, 2})); }, "shape (2, 2, 2)");
}

/// PyTorch's in_proj_weight (3·d, d): queries above keys above values.
TEST(Rearrange, SplitOfAPackedProjection) {
  auto const numbers = counted<float>(12);
  std::vector<std::string> const names{"q", "k", "v"};
  std::vector<Tensor> const parts = split(tensor_of("in_proj_weight", std::span(numbers), {6, 2}), names);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[1].name, "k");
  EXPECT_EQ(to_matrix<float>(parts[1]), (Matrix<float>(2, 2) << 4, 5, 6, 7).finished());
  EXPECT_EQ(static_cast<void const*>(parts[2].bytes.data()), &numbers[8]);  // nothing is copied
  EXPECT_EQ(to_vector<float>(split(tensor_of("in_proj_bias", std::span(numbers), {12}), names)[2])[0], 8.f);
  Tensor const again = concat(parts, "again");
  EXPECT_EQ(again.name, "again");
  EXPECT_EQ(again.shape, (std::vector<Index>{6, 2}));
  EXPECT_EQ(to_flat<float>(again)[11], 11.f);
}

TEST(Rearrange, SplitByRows) {
  auto const numbers = counted<double>(12);
  Tensor const packed = tensor_of("p", std::span(numbers), {6, 2});
  std::vector<Tensor> const parts = split_rows(packed, std::vector<Part>{{"q", 4}, {"k", 1}, {"none", 0}, {"v", 1}});
  EXPECT_EQ(parts[0].shape, (std::vector<Index>{4, 2}));
  EXPECT_EQ(parts[2].shape, (std::vector<Index>{0, 2}));
  EXPECT_EQ(to_flat<double>(parts[3])[1], 11.);
  auto const refused = [&](std::vector<Part> const& wrong, std::string_view fragment) {
    files::expect_refused([&] { (void)split_rows(packed, wrong); }, fragment);
  };
  refused({{"q", 4}, {"k", 3}}, "has 6 rows, of which 2 are left for \"k\"; it asks for 3");
  refused({{"q", 4}, {"k", 1}}, "has 6 rows but its parts have 5; nothing may be left over");
  refused({{"q", 7}, {"k", -1}}, "of which 6 are left for \"q\"; it asks for 7");
  refused({{"q", -1}, {"k", 7}}, "it asks for -1");
  refused({}, "its parts have 0");
  refused({{"q", 1}, {"k", std::numeric_limits<Index>::max()}}, "it asks for 9223372036854775807");
  std::vector<std::string> const four{"a", "b", "c", "d"};
  files::expect_refused([&] { (void)split(packed, four); }, "of shape (6, 2) cannot be cut into 4 equal parts");
  files::expect_refused([&] { (void)split(packed, std::vector<std::string>{}); }, "cannot be cut into 0");
  Tensor const single = tensor_of("s", std::span(numbers).first(1), {});
  files::expect_refused([&] { (void)split_rows(single, std::vector<Part>{}); }, "is a single number");
}

TEST(Rearrange, ConcatOfWhatDoesNotFit) {
  auto const numbers = counted<float>(12);
  auto const others = counted<double>(4);
  Tensor const first = tensor_of("a", std::span(numbers), {6, 2});
  auto const refused = [&](std::vector<Tensor> const& tensors, std::string_view fragment) {
    files::expect_refused([&] { (void)concat(tensors, "to"); }, fragment);
  };
  refused({}, "concat: \"to\" is made of no tensors");
  refused({first, tensor_of("b", std::span(others), {2, 2})}, "tensor \"b\" is F64 of shape (2, 2) but \"a\" is F32");
  refused({first, tensor_of("b", std::span(numbers), {4, 3})}, "\"b\" is F32 of shape (4, 3)");
  refused({first, tensor_of("b", std::span(numbers), {12})}, "\"b\" is F32 of shape (12)");
  refused({tensor_of("s", std::span(numbers).first(1), {})}, "\"s\" is a single number");
  Tensor const endless = tensor_of("e", std::span(numbers).first(0), {std::numeric_limits<Index>::max() / 4, 0});
  refused({endless, endless, endless, endless, endless}, "has more rows than an index can count");
}

}  // namespace rearrange_tests
