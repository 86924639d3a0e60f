#include <attend/io/safetensors.hpp>

#include "files.hpp"

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cstddef>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace safetensors_tests {

using namespace attend::io;
using attend::Index;
using attend::Matrix;
using attend::Vector;
using files::Temporary;

TEST(Safetensors, ReadsWhatThePythonPackageWrote) {
  Safetensors const file = read_safetensors(files::golden("all_types.safetensors"));
  EXPECT_EQ(file.tensors.size(), 16u);
  EXPECT_EQ(file.metadata, (std::map<std::string, std::string>{{"format", "pt"}}));
  std::vector<std::pair<char const*, Dtype>> const types{
      {"bool", Dtype::boolean}, {"uint8", Dtype::u8},    {"uint16", Dtype::u16},  {"uint32", Dtype::u32},
      {"uint64", Dtype::u64},   {"int8", Dtype::i8},     {"int16", Dtype::i16},   {"int32", Dtype::i32},
      {"int64", Dtype::i64},    {"float16", Dtype::f16}, {"float32", Dtype::f32}, {"float64", Dtype::f64},
      {"bfloat16", Dtype::bf16}};
  for (auto const& [name, dtype] : types) {
    SCOPED_TRACE(name);
    Tensor const& tensor = file[name];
    EXPECT_EQ(tensor.dtype, dtype);
    EXPECT_EQ(tensor.shape, (std::vector<Index>{2, 3}));
    with_type_of(dtype, [&]<class Number>(std::type_identity<Number>) {
      Matrix<Number> const matrix = to_matrix<Number>(tensor);
      for (Index i = 0; i < 6; ++i)
        EXPECT_EQ(matrix(i / 3, i % 3), files::golden_number<Number>(static_cast<std::size_t>(i))) << i;
    });
  }
  EXPECT_EQ(file["single"].shape, (std::vector<Index>{}));
  EXPECT_EQ(to_flat<float>(file["single"])[0], -2.f);
  EXPECT_EQ(to_matrix<float>(file["nothing"]).cols(), 4);
  EXPECT_EQ(file["größe \"μ\"\t\\"].shape, (std::vector<Index>{1, 2, 2}));
  EXPECT_EQ(to_flat<double>(file["größe \"μ\"\t\\"])[3], 0.25);
}

TEST(Safetensors, WritesTheBytesOfThePythonPackage) {
  for (char const* const name : {"all_types.safetensors", "no_tensors.safetensors"}) {
    Safetensors file = read_safetensors(files::golden(name));
    std::mt19937 order(7);
    for (int i = 0; i < 5; ++i) {  // in whatever order they are given
      Temporary const again("again.safetensors");
      write_safetensors(again.path(), file.tensors, file.metadata);
      EXPECT_EQ(files::content(again.path()), files::content(files::golden(name)));
      std::shuffle(file.tensors.begin(), file.tensors.end(), order);
    }
  }
}

TEST(Safetensors, KeepsEveryBit) {
  float const nan = std::bit_cast<float>(0x7fa12345u);  // signalling, with a payload
  Matrix<float> weight(2, 3);
  weight << nan, -0.f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::denorm_min(), -1e38f, 3;
  Vector<double> const bias = Vector<double>::LinSpaced(5, -1, 1) / 3;
  Eigen::Matrix<std::int64_t, Eigen::Dynamic, 1> steps(2);
  steps << std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max();
  std::array<bool, 3> const flags{true, false, true};
  Temporary const path("bits.safetensors");
  write_safetensors(path.path(),
                    std::vector{tensor_of("weight", weight), tensor_of("bias", bias), tensor_of("steps", steps),
                                tensor_of("flags", std::span(flags), {3, 1})},
                    {{"b", "2"}, {"a", "1\n\"ü\""}});
  Safetensors const file = read_safetensors(path.path());
  Matrix<float> const read = to_matrix<float>(file["weight"]);
  EXPECT_EQ(std::memcmp(read.data(), weight.data(), 24), 0);
  EXPECT_EQ(to_vector<double>(file["bias"]), bias);
  EXPECT_EQ(to_vector<std::int64_t>(file["steps"]), steps);
  EXPECT_EQ(to_matrix<bool>(file["flags"])(2, 0), true);
  EXPECT_EQ(file.metadata.at("a"), "1\n\"ü\"");
  for (Tensor const& tensor : file.tensors)  // maps begin on pages
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.bytes.data()) % size_of(tensor.dtype), 0u) << tensor.name;
}

TEST(Safetensors, TensorsOutliveTheFileAndItsReplacement) {
  Temporary const path("replaced.safetensors");
  Vector<float> numbers = Vector<float>::Constant(3000, 1);
  write_safetensors(path.path(), std::vector{tensor_of("x", numbers)});
  Tensor const kept = read_safetensors(path.path())["x"];
  numbers.setConstant(2);
  numbers.conservativeResize(1);
  write_safetensors(path.path(), std::vector{tensor_of("x", numbers)});
  EXPECT_EQ(to_vector<float>(kept), Vector<float>::Constant(3000, 1));
  EXPECT_EQ(to_vector<float>(read_safetensors(path.path())["x"])[0], 2.f);
}

TEST(Safetensors, EveryTruncationAndEveryExtensionIsRefused) {
  std::string const whole = files::content(files::golden("all_types.safetensors"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    files::Bytes const bytes = files::bytes_of(whole.substr(0, size));
    EXPECT_THROW((void)parse_safetensors(bytes, "cut"), attend::Error) << size;
  }
  for (std::size_t more : {1u, 8u, 4096u}) {
    files::Bytes const bytes = files::bytes_of(whole + std::string(more, '\0'));
    files::expect_refused([&] { (void)parse_safetensors(bytes, "longer"); }, "nothing may be left over");
  }
}

/// What a flipped bit leaves readable is read without a fault: every tensor is within the file and has its bytes.
void read_or_refuse(std::string const& text, std::size_t& refused) {
  files::Bytes const bytes = files::bytes_of(text);
  try {
    Safetensors const file = parse_safetensors(bytes, "flipped");
    for (Tensor const& tensor : file.tensors) {
      EXPECT_GE(tensor.bytes.data(), bytes.data());
      EXPECT_LE(tensor.bytes.data() + tensor.bytes.size(), bytes.data() + bytes.size());
      if (tensor.dtype != Dtype::boolean) (void)to_flat<double>(tensor, Rounding::to_nearest);
    }
  } catch (attend::Error const&) {
    ++refused;
  }
}

TEST(Safetensors, FlippedBitsOfTheHeaderNeverCrash) {
  std::string whole = files::content(files::golden("all_types.safetensors"));
  std::size_t const header = 8 + static_cast<unsigned char>(whole[0]) + 256u * static_cast<unsigned char>(whole[1]);
  std::size_t refused = 0, flips = 0;
  for (std::size_t bit = 0; bit < 8 * header; ++bit, ++flips) {
    auto& byte = whole[bit / 8];
    byte = static_cast<char>(byte ^ (1 << bit % 8));
    read_or_refuse(whole, refused);
    byte = static_cast<char>(byte ^ (1 << bit % 8));
  }
  EXPECT_GT(flips, 8000u);
  EXPECT_GT(refused, flips * 3 / 4);  // the others change names, or nothing that matters
  EXPECT_LT(refused, flips);
}

TEST(Safetensors, RandomBytesWithinTheHeaderNeverCrash) {
  std::string const whole = files::content(files::golden("all_types.safetensors"));
  std::string const letters = "{}[]\",:0123456789eE+-.\\ut \n\0xF";
  std::mt19937 random(11);
  std::size_t refused = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    std::string text = whole;
    for (int change = 0; change < 1 + trial % 4; ++change) {
      std::size_t const at = 8 + random() % 900;
      switch (random() % 3) {
        case 0:
          text[at] = letters[random() % letters.size()];
          break;
        case 1:
          text.insert(at, 1, letters[random() % letters.size()]);
          break;
        default:
          text.erase(at, 1 + random() % 4);
      }
    }
    read_or_refuse(text, refused);
  }
  EXPECT_GT(refused, 2000u);
}

TEST(Safetensors, WhatCannotBeWrittenIsRefused) {
  Temporary const path("refused.safetensors", "what was there");
  Vector<float> const x = Vector<float>::Ones(2);
  auto const refused = [&](std::vector<Tensor> const& tensors, std::map<std::string, std::string> const& metadata,
                           std::string_view fragment) {
    files::expect_refused([&] { write_safetensors(path.path(), tensors, metadata); }, fragment);
    EXPECT_EQ(files::content(path.path()), "what was there");
  };
  refused({tensor_of("a", x), tensor_of("a", x)}, {}, "two tensors are named \"a\"");
  refused({tensor_of("__metadata__", x)}, {}, "a tensor is named \"__metadata__\"");
  refused({tensor_of("\xff", x)}, {}, R"(the name "\xff" is not UTF-8)");
  refused({}, {{"a", "\xc3"}}, R"(metadata "\xc3" is not UTF-8)");
  refused({}, {{"\x80", "a"}}, R"(metadata "\x80" is not UTF-8)");
  Tensor wrong = tensor_of("a", x);
  wrong.shape = {3};
  refused({wrong}, {}, "tensor \"a\" has 8 bytes; F32 of shape (3) must have 12");
  wrong.shape = {-2};
  refused({wrong}, {}, "a negative size");
  files::expect_refused([&] { write_safetensors("/no/such/folder/x", {}); }, "cannot open /no/such/folder/x.part");
}

TEST(Safetensors, ANameThatIsNotThere) {
  Safetensors const file = read_safetensors(files::golden("no_tensors.safetensors"));
  EXPECT_EQ(file.find("w"), nullptr);
  files::expect_refused([&] { (void)file["w"]; }, "no_tensors.safetensors has no tensor \"w\" among its 0.");
  files::expect_refused([] { (void)read_safetensors("/no/such/file"); }, "/no/such/file: No such file");
}

}  // namespace safetensors_tests
