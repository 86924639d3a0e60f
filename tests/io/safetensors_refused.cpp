#include <attend/io/safetensors.hpp>

#include "files.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace safetensors_refused_tests {

using files::little_endian;

/// A whole file: the header's length, the header, so many bytes of numbers.
std::string file(std::string const& header, std::size_t data) {
  return little_endian(std::uint64_t(header.size())) + header + std::string(data, '\1');
}
/// A file of one tensor "w" of 24 bytes.
std::string one(std::string const& dtype, std::string const& shape, std::string const& offsets, std::size_t data = 24) {
  return file(R"({"w":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}", data);
}
/// A file of two tensors of bytes.
std::string two(int begin, int end, int next_begin, int next_end, std::size_t data) {
  auto const tensor = [](std::string const& name, int from, int to) {
    return "\"" + name + R"(":{"dtype":"U8","shape":[)" + std::to_string(to - from) + R"(],"data_offsets":[)" +
           std::to_string(from) + "," + std::to_string(to) + "]}";
  };
  return file("{" + tensor("a", begin, end) + "," + tensor("b", next_begin, next_end) + "}", data);
}

struct Case {
  std::string bytes;
  std::string fragment;
};

std::string const f32 = R"("F32")", shape = "[2,3]", offsets = "[0,24]";
std::string const good_w = R"("w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]})";

std::vector<Case> cases() {
  std::string const not_json = "the header is not JSON at its byte ";
  std::string const whole_number = "it must be an array, each of it a whole number";
  std::vector<Case> all{
      // The length of the header
      {"", "has 0 bytes; it must begin with 8"},
      {"\2", "has 1 bytes; it must begin with 8"},
      {std::string(7, '\0'), "has 7 bytes"},
      {std::string(8, '\0'), "the header does not begin with '{'"},
      {little_endian(std::uint64_t(1)), "the header's length is 1 but only 0 bytes follow"},
      {little_endian(std::uint64_t(3)) + "{}", "the header's length is 3 but only 2 bytes follow"},
      {little_endian(std::uint64_t(100'000'000)) + "{}", "the header's length is 100000000 but only 2 bytes follow"},
      {little_endian(std::uint64_t(100'000'001)) + "{}", "is 100000001; it must not be more than 100000000"},
      {little_endian(std::uint64_t(1) << 63) + "{}", "is 9223372036854775808; it must not be more"},
      {little_endian(~std::uint64_t(0)) + "{}", "is 18446744073709551615; it must not be more"},
      {little_endian(~std::uint64_t(0) - 7) + "{}", "is 18446744073709551608; it must not be more"},
      {std::string("\0\0\0\0\0\0\0\2{}", 10), "is 144115188075855872; it must not be more"},  // big-endian
      // Where it begins and ends
      {file(" {}", 0), "does not begin with '{'"},
      {file("\n{}", 0), "does not begin with '{'"},
      {file("\xef\xbb\xbf{}", 0), "does not begin with '{'"},
      {file("[]", 0), "does not begin with '{'"},
      {file("null", 0), "does not begin with '{'"},
      {file("\"w\"", 0), "does not begin with '{'"},
      {file("   ", 0), "does not begin with '{'"},
      {file("{", 0), "does not end with '}'"},
      {file("{ ", 0), "does not end with '}'"},
      {file("{}\n", 0), "does not end with '}'"},
      {file("{}\t ", 0), "does not end with '}'"},
      {file("{}x", 0), "does not end with '}'"},
      {file(std::string("{}\0", 3), 0), "does not end with '}'"},
      {file(std::string("{}\0{}", 5), 0), "has a zero byte"},
      {file(std::string("{\"\0\":1}", 7), 0), "has a zero byte"},
      {file("{}}", 0), not_json + "3"},
      {file("{}{}", 0), not_json + "3"},
      {file("{},{}", 0), not_json + "3"},
      // JSON
      {file("{{}}", 0), not_json + "2"},
      {file("{w:{}}", 0), not_json + "2"},
      {file("{'w':{}}", 0), not_json + "2"},
      {file("{\"w\"}", 0), not_json},
      {file("{\"w\":}", 0), not_json},
      {file("{\"w:{}}", 0), not_json},
      {file("{,}", 0), not_json + "2"},
      {file("{" + good_w + ",}", 24), not_json},
      {file("{" + good_w + " " + good_w + "}", 24), not_json},
      {file("{/* c */" + good_w + "}", 24), not_json + "2"},
      {file("{// c\n" + good_w + "}", 24), not_json + "2"},
      {file("{\"w\xff\":{}}", 0), not_json},
      {file("{\"\xc0\xaf\":{}}", 0), not_json},
      {file("{\"\xed\xa0\x80\":{}}", 0), not_json},
      {file("{\"\\ud800\":{}}", 0), not_json},
      {file("{\"\\x41\":{}}", 0), not_json},
      {file("{\"a\nb\":{}}", 0), not_json},
      {file("{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24}}", 24), not_json},
      {file("{\"w\":{\"shape\":[[[[[[}", 0), "in tensor \"w\" \"shape\" is or holds an array"},
      {one(f32, "[2,,3]", offsets), not_json},
      {one(f32, "[2,3,]", offsets), not_json},
      {one(f32, "[02,3]", offsets), not_json},
      {one(f32, "[+2,3]", offsets), not_json},
      {one(f32, "[0x2,3]", offsets), not_json},
      {one(f32, "[2,1e999]", offsets), not_json},
      {one(f32, "[NaN]", offsets), not_json},
      {one(f32, "[2,3", offsets), "\"shape\" is or holds the string \"data_offsets\""},
      // Equal names
      {file("{" + good_w + "," + good_w + "}", 24), "the header names \"w\" twice"},
      {file("{" + good_w + R"(,"\u0077":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}})", 24),
       "the header names \"w\" twice"},
      {file(R"({"__metadata__":{},"__metadata__":{}})", 0), "the header names \"__metadata__\" twice"},
      {file(R"({"__metadata__":{"a":"1","a":"1"}})", 0), "__metadata__ names \"a\" twice"},
      {one(f32, shape + R"(,"shape":[2,3])", offsets), "tensor \"w\" names \"shape\" twice"},
      {one(f32 + R"(,"dtype":"F32")", shape, offsets), "tensor \"w\" names \"dtype\" twice"},
      {one(f32, shape, offsets + R"(,"data_offsets":[0,24])"), "tensor \"w\" names \"data_offsets\" twice"},
      // What a tensor must have
      {file(R"({"w":{}})", 0), "tensor \"w\" has no dtype"},
      {file(R"({"w":{"dtype":"F32"}})", 0), "tensor \"w\" has no shape"},
      {file(R"({"w":{"dtype":"F32","shape":[0]}})", 0), "tensor \"w\" has no data_offsets"},
      {file(R"({"w":{"shape":[0],"data_offsets":[0,0]}})", 0), "tensor \"w\" has no dtype"},
      {file(R"({"w":{"dtype":"F32","data_offsets":[0,4]}})", 4), "tensor \"w\" has no shape"},
      {one(f32, shape, offsets + R"(,"stride":[3,1])"), "has \"stride\"; it must have dtype, shape and data_offsets"},
      {one(f32, shape, offsets + R"(,"Dtype":"F32")"), "has \"Dtype\""},
      {one(f32, shape, offsets + R"(,"":0)"), "has \"\""},
      {file(R"({"w":null})", 0), "in the header \"w\" is or holds null; it must be an object with dtype"},
      {file(R"({"w":[]})", 0), "in the header \"w\" is or holds an array"},
      {file(R"({"w":24})", 0), "in the header \"w\" is or holds 24"},
      {file(R"({"w":-1})", 0), "in the header \"w\" is or holds -1"},
      {file(R"({"w":0.5})", 0), "in the header \"w\" is or holds 0.5"},
      {file(R"({"w":true})", 0), "in the header \"w\" is or holds true"},
      {file(R"({"w":"F32"})", 0), "in the header \"w\" is or holds the string \"F32\""},
      {file(R"({"w":{"dtype":{}}})", 0), "in tensor \"w\" \"dtype\" is or holds an object; it must be a string"},
      // dtype
      {one(R"("f32")", shape, offsets), "has the dtype \"f32\", which is not known"},
      {one(R"("F32 ")", shape, offsets), "has the dtype \"F32 \""},
      {one(R"("")", shape, offsets), "has the dtype \"\""},
      {one(R"("F8_E4M3")", shape, offsets), "has the dtype \"F8_E4M3\""},
      {one(R"("F128")", shape, offsets), "has the dtype \"F128\""},
      {one(R"("C64")", "[3]", offsets), "has the dtype \"C64\""},
      {one(R"("float32")", shape, offsets), "has the dtype \"float32\""},
      {one(R"("\n\u0007")", shape, offsets), R"(has the dtype "\x0a\x07")"},
      {one("\"" + std::string(300, 'F') + "\"", shape, offsets), "has the dtype \"" + std::string(80, 'F') + "…\""},
      {one("32", shape, offsets), "\"dtype\" is or holds 32; it must be a string"},
      {one("null", shape, offsets), "\"dtype\" is or holds null; it must be a string"},
      {one("[\"F32\"]", shape, offsets), "\"dtype\" is or holds an array; it must be a string"},
      {one("false", shape, offsets), "\"dtype\" is or holds false; it must be a string"},
      // shape
      {one(f32, "6", offsets), "\"shape\" is or holds 6; it must be an array of whole numbers"},
      {one(f32, "null", offsets), "\"shape\" is or holds null; it must be an array"},
      {one(f32, "\"[2,3]\"", offsets), "\"shape\" is or holds the string \"[2,3]\""},
      {one(f32, "{}", offsets), "\"shape\" is or holds an object"},
      {one(f32, "[[2,3]]", offsets), "\"shape\" is or holds an array; " + whole_number},
      {one(f32, "[2,-3]", offsets), "\"shape\" is or holds -3; " + whole_number},
      {one(f32, "[-0,3]", offsets), "\"shape\" is or holds 0; " + whole_number},  // a sign is a sign
      {one(f32, "[2.0,3]", offsets), "\"shape\" is or holds 2.0; " + whole_number},
      {one(f32, "[2e0,3]", offsets), "\"shape\" is or holds 2e0; " + whole_number},
      {one(f32, "[\"2\",3]", offsets), "\"shape\" is or holds the string \"2\""},
      {one(f32, "[null]", offsets), "\"shape\" is or holds null"},
      {one(f32, "[true,6]", offsets), "\"shape\" is or holds true"},
      {one(f32, "[{}]", offsets), "\"shape\" is or holds an object"},
      {one(f32, "[18446744073709551616]", offsets), "\"shape\" is or holds 18446744073709551616"},
      {one(f32, "[18446744073709551615]", offsets), "has the size 18446744073709551615, more than memory holds"},
      {one(f32, "[9223372036854775808]", offsets), "has the size 9223372036854775808, more than memory holds"},
      {one(f32, "[9223372036854775807]", offsets), "(9223372036854775807), a negative size or more numbers"},
      {one(f32, "[4611686018427387905]", offsets), "more numbers than memory holds"},  // · 4 bytes is 4 in 64 bits
      {one(f32, "[4294967296,4294967296]", offsets), "more numbers than memory holds"},
      {one(f32, "[4294967297,4294967297,6]", offsets), "more numbers than memory holds"},
      {one(f32, "[0,4294967296,4294967296]", "[0,0]", 0), "more numbers than memory holds"},
      {one(f32, "[4294967296,4294967296,0]", "[0,0]", 0), "more numbers than memory holds"},
      {one(f32, "[2,2]", offsets), "has 24 bytes; F32 of shape (2, 2) must have 16"},
      {one(f32, "[7]", offsets), "has 24 bytes; F32 of shape (7) must have 28"},
      {one(f32, "[]", offsets), "has 24 bytes; F32 of shape () must have 4"},
      {one(f32, "[0]", offsets), "has 24 bytes; F32 of shape (0) must have 0"},
      {one(f32, "[1,1,1,1,1,1,1,1,1,1]", offsets), "of shape (1, 1, 1, 1, 1, 1, 1, 1, …) must have 4"},
      {one(R"("F64")", shape, offsets), "has 24 bytes; F64 of shape (2, 3) must have 48"},
      {one(R"("BOOL")", shape, offsets), "has 24 bytes; BOOL of shape (2, 3) must have 6"},
      // data_offsets
      {one(f32, shape, "24"), "\"data_offsets\" is or holds 24; it must be an array of whole numbers"},
      {one(f32, shape, "null"), "\"data_offsets\" is or holds null"},
      {one(f32, shape, "[]"), "has fewer than 2 data_offsets"},
      {one(f32, shape, "[0]"), "has fewer than 2 data_offsets"},
      {one(f32, shape, "[0,24,48]"), "has more than 2 data_offsets"},
      {one(f32, shape, "[[0,24]]"), "\"data_offsets\" is or holds an array"},
      {one(f32, shape, "[0,-24]"), "\"data_offsets\" is or holds -24"},
      {one(f32, shape, "[0,24.0]"), "\"data_offsets\" is or holds 24.0"},
      {one(f32, shape, "[\"0\",24]"), "\"data_offsets\" is or holds the string \"0\""},
      {one(f32, shape, "[24,0]"), "begins at byte 24 and ends at 0; it must not end before"},
      {one(f32, shape, "[0,25]"), "ends at byte 25 but there are only 24"},
      {one(f32, shape, "[0,18446744073709551615]"), "ends at byte 18446744073709551615 but there are only 24"},
      {one(f32, shape, "[0,18446744073709551616]"), "\"data_offsets\" is or holds 18446744073709551616"},
      {one(f32, shape, "[18446744073709551608,16]"), "begins at byte 18446744073709551608 and ends at 16"},
      {one(f32, shape, "[0,24]", 23), "ends at byte 24 but there are only 23"},
      {one(f32, shape, "[0,24]", 0), "ends at byte 24 but there are only 0"},
      {one(f32, shape, "[0,24]", 25), "the tensors end at byte 24 but there are 25"},
      {one(f32, shape, "[8,32]", 32), "begins at byte 8 and leaves a hole behind 0"},
      {one(f32, "[5]", "[0,20]"), "the tensors end at byte 20 but there are 24"},
      {one(f32, "[0]", "[4,4]", 4), "begins at byte 4 and leaves a hole behind 0"},
      {file("{}", 1), "the tensors end at byte 0 but there are 1"},
      {two(0, 4, 5, 8, 8), "tensor \"b\" begins at byte 5 and leaves a hole behind 4"},
      {two(5, 8, 0, 4, 8), "tensor \"a\" begins at byte 5 and leaves a hole behind 4"},
      {two(0, 5, 4, 8, 8), "tensor \"b\" begins at byte 4, inside of the tensor before it, which ends at 5"},
      {two(0, 8, 0, 8, 8), "tensor \"b\" begins at byte 0, inside of the tensor before it, which ends at 8"},
      {two(0, 8, 2, 4, 8), "tensor \"b\" begins at byte 2, inside of the tensor before it"},
      {two(0, 8, 4, 4, 8), "tensor \"b\" begins at byte 4, inside of the tensor before it"},
      {two(0, 4, 4, 8, 9), "the tensors end at byte 8 but there are 9"},
      {two(0, 4, 4, 9, 8), "tensor \"b\" ends at byte 9 but there are only 8"},
      {two(1, 4, 4, 8, 8), "tensor \"a\" begins at byte 1 and leaves a hole behind 0"},
      // Metadata
      {file(R"({"__metadata__":null})", 0), "\"__metadata__\" is or holds null; it must be an object of strings"},
      {file(R"({"__metadata__":"pt"})", 0), "\"__metadata__\" is or holds the string \"pt\""},
      {file(R"({"__metadata__":["pt"]})", 0), "\"__metadata__\" is or holds an array"},
      {file(R"({"__metadata__":{"a":1}})", 0), "in __metadata__ \"a\" is or holds 1; it must be a string"},
      {file(R"({"__metadata__":{"a":-1}})", 0), "in __metadata__ \"a\" is or holds -1"},
      {file(R"({"__metadata__":{"a":0.5}})", 0), "in __metadata__ \"a\" is or holds 0.5"},
      {file(R"({"__metadata__":{"a":null}})", 0), "in __metadata__ \"a\" is or holds null"},
      {file(R"({"__metadata__":{"a":true}})", 0), "in __metadata__ \"a\" is or holds true"},
      {file(R"({"__metadata__":{"a":["b"]}})", 0), "in __metadata__ \"a\" is or holds an array"},
      {file(R"({"__metadata__":{"a":{"b":"c"}}})", 0), "in __metadata__ \"a\" is or holds an object"},
  };
  return all;
}

TEST(SafetensorsRefused, EachWithItsReasonAndTheFilesName) {
  std::vector<Case> const all = cases();
  EXPECT_GE(all.size(), 150u);
  RecordProperty("files", std::to_string(all.size()));
  for (Case const& bad : all) {
    SCOPED_TRACE(bad.bytes.substr(std::min<std::size_t>(8, bad.bytes.size()), 200));
    files::Bytes const bytes = files::bytes_of(bad.bytes);
    std::string const sentence =
        sentences::sentence_of([&] { (void)attend::io::parse_safetensors(bytes, "bad.file"); });
    EXPECT_NE(sentence.find(bad.fragment), sentence.npos) << sentence << "\nwanted: " << bad.fragment;
    EXPECT_TRUE(sentence.starts_with("safetensors: bad.file")) << sentence;
    EXPECT_TRUE(sentence.ends_with(".")) << sentence;
    EXPECT_LT(sentence.size(), 500u);
  }
}

/// The good twins of the table: what it shares is not the fault.
TEST(SafetensorsRefused, TheirTwinsAreRead) {
  for (std::string const& good :
       {file("{}", 0), file("{}    ", 0), file("{ }", 0), file("{\n\t\"__metadata__\": {} }  ", 0),
        one(f32, shape, offsets), one(f32, "[ 2 , 3 ]", offsets), one(f32, "[2,3,1,1,1,1,1,1,1,1]", offsets),
        one(f32, "[]", "[0,4]", 4), one(R"("U8")", "[0,9223372036854775807]", "[0,0]", 0),
        one(R"("U8")", "[0,4294967296,5]", "[0,0]", 0), two(0, 4, 4, 8, 8), two(4, 8, 0, 4, 8), two(0, 0, 0, 8, 8),
        two(0, 8, 8, 8, 8), two(0, 8, 0, 0, 8), file(R"({"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1),
        file(R"({"__metadata__":{"":"","b":"\u0000"}})", 0)}) {
    SCOPED_TRACE(good);
    files::Bytes const bytes = files::bytes_of(good);
    EXPECT_NO_THROW((void)attend::io::parse_safetensors(bytes, "good.file"));
  }
}

/// Ten thousand brackets are refused like one: the reader holds no tree.
TEST(SafetensorsRefused, DeepNestingAndLongNames) {
  files::expect_refused(
      [] {
        files::Bytes const bytes = files::bytes_of(file("{\"w\":" + std::string(100'000, '[') + "}", 0));
        (void)attend::io::parse_safetensors(bytes, "deep");
      },
      "is or holds an array");
  files::expect_refused(
      [] {
        files::Bytes const bytes = files::bytes_of(file("{\"" + std::string(1'000'000, 'n') + "\":1}", 0));
        (void)attend::io::parse_safetensors(bytes, "long");
      },
      "nnn…\" is or holds 1");
}

}  // namespace safetensors_refused_tests
