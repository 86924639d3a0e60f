#include <attend/io/npy.hpp>

#include "files.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace npy_refused_tests {

using files::little_endian;

std::string const magic = "\x93NUMPY";

/// A whole file of version 1.0: the header as it is given, so many bytes of numbers.
std::string file(std::string const& header, std::size_t data) {
  return magic + std::string("\1\0", 2) + little_endian(static_cast<std::uint16_t>(header.size())) + header +
         std::string(data, '\1');
}
std::string of(std::string const& descr, std::string const& order, std::string const& shape, std::size_t data = 24) {
  return file("{'descr': " + descr + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }\n", data);
}
std::string of_type(std::string const& descr) { return of(descr, "False", "(2, 3)"); }
std::string of_shape(std::string const& shape, std::size_t data = 24) { return of("'<f4'", "False", shape, data); }

struct Case {
  std::string bytes;
  std::string fragment;
};

std::vector<Case> cases() {
  std::string const good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}";
  std::string const unknown = ", which is not known; known are b1";
  std::string many = "(";
  for (int i = 0; i < 65; ++i) many += "1, ";
  return {
      // Before the header
      {"", "does not begin with \\x93NUMPY"},
      {"\x93NUMP", "does not begin with \\x93NUMPY"},
      {"\x92NUMPY\1", "does not begin with \\x93NUMPY"},
      {"NUMPY\1", "does not begin with \\x93NUMPY"},
      {"PK\3\4", "does not begin with \\x93NUMPY"},
      {magic, "has 6 bytes; it ends before its version"},
      {magic + "\1", "has 7 bytes; it ends before its version"},
      {magic + std::string("\0\0", 2), "has version 0.0; known are 1.0, 2.0 and 3.0"},
      {magic + "\1\1", "has version 1.1"},
      {magic + std::string("\4\0", 2), "has version 4.0"},
      {magic + "\xff\xff", "has version 255.255"},
      {magic + std::string("\1\0", 2), "has 8 bytes; it ends before the header's length"},
      {magic + std::string("\1\0\5", 3), "has 9 bytes; it ends before the header's length"},
      {magic + std::string("\2\0\5\0\0", 5), "has 11 bytes; it ends before the header's length"},
      {magic + std::string("\1\0\5\0", 4), "the header's length is 5 but only 0 bytes follow"},
      {magic + std::string("\1\0\xff\xff", 4) + good, "the header's length is 65535 but only 57 bytes follow"},
      {magic + std::string("\2\0\xff\xff\xff\xff", 6) + good, "the header's length is 4294967295 but only 57"},
      {magic + std::string("\3\0\0\0\0\x80", 6) + good, "the header's length is 2147483648 but only 57"},
      // The dictionary
      {file("", 0), "at byte 0 of the header stands \"\"; wanted is the dictionary to begin with '{'"},
      {file("\n", 0), "the dictionary to begin with '{'"},
      {file("[]\n", 0), "the dictionary to begin with '{'"},
      {file("dict()\n", 0), "the dictionary to begin with '{'"},
      {file("{", 0), "wanted is a key in quotation marks, or '}'"},
      {file("{}\n", 0), "the header has no key descr"},
      {file("{,}\n", 0), "wanted is a key in quotation marks"},
      {file("{descr: '<f4'}\n", 24), "wanted is a key in quotation marks"},
      {file("{'descr", 24), "wanted is a string that ends"},
      {file("{'descr\": '<f4'}\n", 24), "the header has the key \"descr\\\": \""},
      {file("{'descr'", 24), "wanted is ':' behind a key"},
      {file("{'descr' '<f4'}\n", 24), "wanted is ':' behind a key"},
      {file("{'descr': '<f4' 'shape': (6,)}\n", 24), "wanted is ',' or '}' behind a value"},
      {file("{'descr': '<f4'", 24), "wanted is ',' or '}' behind a value"},
      {file("{'descr': '<f4',, 'shape': (6,)}\n", 24), "wanted is a key in quotation marks"},
      {file("{'descr': '<f4'}\n", 24), "the header has no key fortran_order"},
      {file("{'descr': '<f4', 'fortran_order': False}\n", 24), "the header has no key shape"},
      {file("{'fortran_order': False, 'shape': (2, 3)}\n", 24), "the header has no key descr"},
      {file("{'descr': '<f4', 'shape': (2, 3)}\n", 24), "the header has no key fortran_order"},
      {file(good.substr(0, good.size() - 1) + ", 'x': 1}\n", 24), "the header has the key \"x\"; it must have descr"},
      {file(good.substr(0, good.size() - 1) + ", 'Shape': (6,)}\n", 24), "the header has the key \"Shape\""},
      {file(good.substr(0, good.size() - 1) + ", '': 1}\n", 24), "the header has the key \"\""},
      {file(good.substr(0, good.size() - 1) + ", 'shape': (2, 3)}\n", 24), "the key \"shape\" twice"},
      {file(good.substr(0, good.size() - 1) + ", \"descr\": '<f4'}\n", 24), "the key \"descr\" twice"},
      {file(good.substr(0, good.size() - 1) + ", 'fortran_order': True}\n", 24), "the key \"fortran_order\" twice"},
      {file(good, 24), "behind the header's dictionary stands \"\"; only spaces and one line feed may"},
      {file(good + "  ", 24), "behind the header's dictionary stands \"\""},
      {file(good + "\n\n", 24), R"(behind the header's dictionary stands "\x0a\x0a")"},
      {file(good + "\n ", 24), R"(behind the header's dictionary stands "\x0a ")"},
      {file(good + "\t\n", 24), R"(behind the header's dictionary stands "\x09\x0a")"},
      {file(good + "}\n", 24), R"(behind the header's dictionary stands "}\x0a")"},
      {file(good + " or 1\n", 24), R"(behind the header's dictionary stands "or 1\x0a")"},
      {file(good + std::string("\0\n", 2), 24), R"(behind the header's dictionary stands "\x00\x0a")"},
      {file("\t" + good + "\n", 24), "the dictionary to begin with '{'"},
      {file("{'descr':\n'<f4', 'fortran_order': False, 'shape': (2, 3)}\n", 24), "a type in quotation marks"},
      // descr
      {of_type("'<f3'"), "the type of the numbers is \"<f3\"" + unknown},
      {of_type("'<f16'"), "the type of the numbers is \"<f16\"" + unknown},
      {of_type("'<c8'"), "the type of the numbers is \"<c8\"" + unknown},
      {of_type("'|O'"), "the type of the numbers is \"|O\"" + unknown},
      {of_type("'|S4'"), "the type of the numbers is \"|S4\"" + unknown},
      {of_type("'<U4'"), "the type of the numbers is \"<U4\"" + unknown},
      {of_type("'<M8[ns]'"), "the type of the numbers is \"<M8[ns]\"" + unknown},
      {of_type("'|V2'"), "the type of the numbers is \"|V2\"" + unknown},
      {of_type("'float32'"), "the type of the numbers is \"float32\"" + unknown},
      {of_type("'<f4 '"), "the type of the numbers is \"<f4 \"" + unknown},
      {of_type("'f4'"), "the type of the numbers is \"f4\"" + unknown},
      {of_type("''"), "the type of the numbers is \"\"" + unknown},
      {of_type("'<'"), "the type of the numbers is \"<\"" + unknown},
      {of_type("'<\xc3\xa4'"), R"(the type of the numbers is "<\xc3\xa4")"},
      {of_type("'|f4'"), "\"|f4\"; before f4 must stand the byte order, '<' or '>'"},
      {of_type("'=f4'"), "\"=f4\"; before f4 must stand the byte order"},
      {of_type("'\\f4'"), "before f4 must stand the byte order"},
      {of_type("'<i1'"), "\"<i1\"; before i1 must stand '|', because single bytes have no order"},
      {of_type("'>b1'"), "\">b1\"; before b1 must stand '|'"},
      {of_type("[('x', '<f4')]"), "the numbers are records of several fields; wanted is one type"},
      {of_type("('<f4', (2,))"), "wanted is a type in quotation marks"},
      {of_type("None"), "wanted is a type in quotation marks"},
      {of_type("u'<f4'"), "wanted is a type in quotation marks"},
      {of_type("4"), "wanted is a type in quotation marks"},
      // fortran_order
      {of("'<f4'", "0", "(2, 3)"), "wanted is True or False"},
      {of("'<f4'", "false", "(2, 3)"), "wanted is True or False"},
      {of("'<f4'", "'False'", "(2, 3)"), "wanted is True or False"},
      {of("'<f4'", "None", "(2, 3)"), "wanted is True or False"},
      {of("'<f4'", "", "(2, 3)"), "wanted is True or False"},
      {of("'<f4'", "Falsehood", "(2, 3)"), "wanted is ',' or '}' behind a value"},
      {of("'<f4'", "not True", "(2, 3)"), "wanted is True or False"},
      // shape
      {of_shape("6"), "wanted is a tuple of sizes"},
      {of_shape("[2, 3]"), "wanted is a tuple of sizes"},
      {of_shape("None"), "wanted is a tuple of sizes"},
      {of_shape("(6)"), "the shape is a number in brackets; a tuple of one is (6,)"},
      {of_shape("(2, 3"), "wanted is a size, a whole number"},  // the dictionary's comma, then its bracket
      {of_shape("(2 3)"), "wanted is ',' or ')' behind a size"},
      {of_shape("(2,, 3)"), "wanted is a size, a whole number"},
      {of_shape("(,)"), "wanted is a size, a whole number"},
      {of_shape("(-6,)"), "wanted is a size, a whole number that is not negative"},
      {of_shape("(-0, 6)"), "wanted is a size, a whole number that is not negative"},
      {of_shape("(-99999999999999999999,)"), "wanted is a size, a whole number that is not negative"},
      {of_shape("(+6,)"), "wanted is a size, a whole number"},
      {of_shape("(06,)"), "wanted is a size without a 0 before it"},
      {of_shape("(0x6,)"), "wanted is ',' or ')' behind a size"},
      {of_shape("(6L,)"), "wanted is ',' or ')' behind a size"},
      {of_shape("(6.0,)"), "wanted is ',' or ')' behind a size"},
      {of_shape("(6e0,)"), "wanted is ',' or ')' behind a size"},
      {of_shape("(2*3,)"), "wanted is ',' or ')' behind a size"},
      {of_shape("('6',)"), "wanted is a size, a whole number"},
      {of_shape("((2, 3),)"), "wanted is a size, a whole number"},
      {of_shape("(True, 6)"), "wanted is a size, a whole number"},
      {of_shape("(9223372036854775808,)"), "wanted is a size that memory holds"},
      {of_shape("(99999999999999999999999999,)"), "wanted is a size that memory holds"},
      {of_shape("(9223372036854775807,)"), "has shape (9223372036854775807), more numbers than memory holds"},
      {of_shape("(4611686018427387905,)"), "more numbers than memory holds"},  // · 4 bytes is 4 in 64 bits
      {of_shape("(4294967296, 4294967296)"), "more numbers than memory holds"},
      {of_shape("(0, 4294967296, 4294967296)", 0), "more numbers than memory holds"},
      {of_shape("(4294967296, 4294967296, 0)", 0), "more numbers than memory holds"},
      {of_shape(many + ")", 4), "the shape has more than 64 sizes"},
      // The length of the file
      {of_shape("(2, 3)", 23), "has 23 bytes of numbers; F32 of shape (2, 3) must have 24"},
      {of_shape("(2, 3)", 25), "has 25 bytes of numbers; F32 of shape (2, 3) must have 24"},
      {of_shape("(2, 3)", 0), "has 0 bytes of numbers"},
      {of_shape("()", 0), "has 0 bytes of numbers; F32 of shape () must have 4"},
      {of_shape("()", 8), "has 8 bytes of numbers; F32 of shape () must have 4"},
      {of_shape("(0,)", 1), "has 1 bytes of numbers; F32 of shape (0) must have 0"},
      {of_shape("(1000000000000,)", 24), "F32 of shape (1000000000000) must have 4000000000000"},
      {of("'>f8'", "True", "(1000000, 1000000)"), "F64 of shape (1000000, 1000000) must have 8000000000000"},
      {of("'|b1'", "False", "(2, 3)"), "has 24 bytes of numbers; BOOL of shape (2, 3) must have 6"},
      {file("{\"shape\": (2, 3), \"fortran_order\": True, \"descr\": \">f4\"}\n", 20), "has 20 bytes of numbers"},
  };
}

TEST(NpyRefused, EachWithItsReasonAndTheFilesName) {
  std::vector<Case> const all = cases();
  EXPECT_GE(all.size(), 100u);
  RecordProperty("files", std::to_string(all.size()));
  for (Case const& bad : all) {
    SCOPED_TRACE(bad.bytes);
    files::Bytes const bytes = files::bytes_of(bad.bytes);
    std::string const sentence = sentences::sentence_of([&] { (void)attend::io::parse_npy(bytes, "bad.npy"); });
    EXPECT_NE(sentence.find(bad.fragment), sentence.npos) << sentence << "\nwanted: " << bad.fragment;
    EXPECT_TRUE(sentence.starts_with("npy: bad.npy")) << sentence;
    EXPECT_TRUE(sentence.ends_with(".")) << sentence;
  }
}

/// The good twins of the table: what it shares is not the fault.
TEST(NpyRefused, TheirTwinsAreRead) {
  for (std::string const& good : {of_type("'<f4'"), of_type("\">f4\""), of_shape("(6,)"), of_shape("( 2 ,3 , )"),
                                  of_shape("()", 4), of_shape("(0, 9, 9)", 0), of("'|i1'", "True", "(4, 6)"),
                                  file("{\"shape\": (2, 3),\"fortran_order\":True,\"descr\" : \">f4\"}     \n", 24),
                                  file(" {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}\n", 24)}) {
    SCOPED_TRACE(good);
    files::Bytes const bytes = files::bytes_of(good);
    EXPECT_NO_THROW((void)attend::io::parse_npy(bytes, "good.npy"));
  }
}

}  // namespace npy_refused_tests
