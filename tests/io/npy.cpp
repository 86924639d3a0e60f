#include <attend/io/npy.hpp>

#include "files.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

namespace npy_tests {

using namespace attend::io;
using attend::Index;
using files::Temporary;

struct Golden {
  std::string name;
  Dtype dtype;
  std::vector<Index> shape;
};

std::vector<Golden> goldens() {
  std::vector<Golden> all{{"f4_c_single", Dtype::f32, {}},
                          {"f4_c_5", Dtype::f32, {5}},
                          {"f4_c_0x4", Dtype::f32, {0, 4}},
                          {"f4_c_2x3x4", Dtype::f32, {2, 3, 4}},
                          {"f4_c_12x1", Dtype::f32, {12, 1}},
                          {"f8_fortran_2x3", Dtype::f64, {2, 3}},
                          {"i2_fortran_2x3x4", Dtype::i16, {2, 3, 4}},
                          {"f4_big_fortran_2x3x4", Dtype::f32, {2, 3, 4}},
                          {"f4_version2_2x3", Dtype::f32, {2, 3}},
                          {"f4_version3_2x3", Dtype::f32, {2, 3}},
                          {"u2_big_2x3", Dtype::u16, {2, 3}},
                          {"i4_big_2x3", Dtype::i32, {2, 3}},
                          {"i8_big_2x3", Dtype::i64, {2, 3}},
                          {"f2_big_2x3", Dtype::f16, {2, 3}},
                          {"f4_big_2x3", Dtype::f32, {2, 3}},
                          {"f8_big_2x3", Dtype::f64, {2, 3}}};
  for (auto const& facts : detail::dtype_facts)
    if (!facts.npy.empty())
      all.push_back(
          {std::string(facts.npy) + "_c_2x3", static_cast<Dtype>(&facts - detail::dtype_facts.data()), {2, 3}});
  return all;
}

TEST(Npy, ReadsWhatNumPyWrote) {
  for (Golden const& golden : goldens()) {
    SCOPED_TRACE(golden.name);
    Tensor const tensor = read_npy(files::golden(golden.name + ".npy"));
    EXPECT_EQ(tensor.dtype, golden.dtype);
    EXPECT_EQ(tensor.shape, golden.shape);
    EXPECT_EQ(tensor.name, files::golden(golden.name + ".npy"));
    with_type_of(golden.dtype, [&]<class Number>(std::type_identity<Number>) {
      auto const numbers = to_flat<Number>(tensor);
      EXPECT_EQ(numbers.size(),
                std::accumulate(golden.shape.begin(), golden.shape.end(), Index(1), std::multiplies<>()));
      for (Index i = 0; i < numbers.size(); ++i)
        EXPECT_EQ(numbers[i], files::golden_number<Number>(static_cast<std::size_t>(i))) << i;
    });
  }
}

TEST(Npy, EveryGoldenFileIsTested) {
  std::size_t count = 0;
  for (auto const& entry : std::filesystem::directory_iterator(files::golden("")))
    if (entry.path().extension() == ".npy") ++count;
  EXPECT_EQ(count, goldens().size());
}

TEST(Npy, WritesTheBytesOfNumPy) {
  for (Golden const& golden : goldens()) {
    if (golden.name.find("_c_") == golden.name.npos) continue;
    SCOPED_TRACE(golden.name);
    Temporary const again("again.npy");
    write_npy(again.path(), read_npy(files::golden(golden.name + ".npy")));
    EXPECT_EQ(files::content(again.path()), files::content(files::golden(golden.name + ".npy")));
  }
}

/// Whatever the order in the file, the tensor is row-major and little-endian: written again, it is NumPy's C order.
TEST(Npy, OtherOrdersBecomeOne) {
  for (auto const& [from, to] : std::vector<std::pair<char const*, char const*>>{{"f8_fortran_2x3", "f8_c_2x3"},
                                                                                 {"f4_big_fortran_2x3x4", "f4_c_2x3x4"},
                                                                                 {"f2_big_2x3", "f2_c_2x3"},
                                                                                 {"f4_version2_2x3", "f4_c_2x3"}}) {
    Temporary const again("order.npy");
    write_npy(again.path(), read_npy(files::golden(std::string(from) + ".npy")));
    EXPECT_EQ(files::content(again.path()), files::content(files::golden(std::string(to) + ".npy"))) << from;
  }
}

TEST(Npy, HeadersOfAnySizeAreAligned) {
  for (std::size_t rank = 0; rank <= 64; ++rank) {
    std::vector<Index> shape(rank, 1);
    if (rank > 0) shape.back() = 3;
    std::vector<double> const numbers(rank > 0 ? 3 : 1, 0.5);
    Temporary const path("rank.npy");
    write_npy(path.path(), tensor_of("", std::span(numbers), shape));
    std::string const text = files::content(path.path());
    EXPECT_EQ((text.size() - numbers.size() * 8) % 64, 0u);
    Tensor const read = read_npy(path.path());
    EXPECT_EQ(read.shape, shape);
    EXPECT_EQ(to_flat<double>(read)[0], 0.5);
  }
}

TEST(Npy, EveryTruncationIsRefused) {
  for (char const* const name : {"f4_c_2x3", "f4_version2_2x3", "f4_big_fortran_2x3x4", "f4_c_single"}) {
    std::string const whole = files::content(files::golden(std::string(name) + ".npy"));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      files::Bytes const bytes = files::bytes_of(whole.substr(0, size));
      EXPECT_THROW((void)parse_npy(bytes, "cut"), attend::Error) << name << " " << size;
    }
    files::Bytes const longer = files::bytes_of(whole + '\0');
    EXPECT_THROW((void)parse_npy(longer, "longer"), attend::Error) << name;
  }
}

TEST(Npy, FlippedBitsOfTheHeaderNeverCrash) {
  std::size_t refused = 0, flips = 0;
  for (char const* const name : {"f4_c_2x3", "f4_version3_2x3", "f4_big_fortran_2x3x4", "f8_fortran_2x3"}) {
    std::string whole = files::content(files::golden(std::string(name) + ".npy"));
    for (std::size_t bit = 0; bit < 8 * 140; ++bit, ++flips) {
      auto& byte = whole[bit / 8];
      byte = static_cast<char>(byte ^ (1 << bit % 8));
      files::Bytes const bytes = files::bytes_of(whole);
      byte = static_cast<char>(byte ^ (1 << bit % 8));
      try {
        (void)to_flat<double>(parse_npy(bytes, "flipped"), Rounding::to_nearest);
      } catch (attend::Error const&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, flips / 2);
  EXPECT_LT(refused, flips);
}

TEST(Npy, WhatCannotBeWrittenIsRefused) {
  Temporary const path("refused.npy", "what was there");
  Eigen::bfloat16 const number(1.f);
  std::span<Eigen::bfloat16 const> const numbers(&number, 1);
  auto const refused = [&](Tensor const& tensor, std::string_view fragment) {
    files::expect_refused([&] { write_npy(path.path(), tensor); }, fragment);
    EXPECT_EQ(files::content(path.path()), "what was there");
  };
  refused(tensor_of("", numbers, {}), "NumPy has no BF16; convert the numbers to F32");
  float const one = 1;
  Tensor tensor = tensor_of("", std::span(&one, 1), std::vector<Index>(65, 1));
  refused(tensor, "the shape has 65 sizes; NumPy has at most 64");
  tensor.shape = {2};
  refused(tensor, "has 4 bytes; F32 of shape (2) must have 8");
  tensor.shape = {-1};
  refused(tensor, "a negative size");
}

}  // namespace npy_tests
