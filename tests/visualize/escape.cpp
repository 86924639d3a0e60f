#include <attend/visualize/escape.hpp>

#include <gtest/gtest.h>

#include <string>

namespace escape_tests {

using attend::csv_field;
using attend::json_string;
using attend::xml_escaped;

TEST(Escape, XmlKeepsTextAsText) {
  EXPECT_EQ(xml_escaped("a<b>&\"'c"), "a&lt;b&gt;&amp;&quot;&#39;c");
  EXPECT_EQ(xml_escaped("</script><script>"), "&lt;/script&gt;&lt;script&gt;");
  EXPECT_EQ(xml_escaped("\x1b\xff\n"), "␛\uFFFD↵");
  EXPECT_EQ(xml_escaped("注意"), "注意");
}

TEST(Escape, JsonMayStandInAScript) {
  EXPECT_EQ(json_string("plain"), "\"plain\"");
  EXPECT_EQ(json_string("a\"b\\c"), "\"a\\\"b\\\\c\"");
  EXPECT_EQ(json_string("</script><!--"), "\"\\u003c/script\\u003e\\u003c!--\"");
  EXPECT_EQ(json_string("&'"), "\"\\u0026\\u0027\"");
  EXPECT_EQ(json_string("\n\xff"), "\"↵\uFFFD\"");
}

TEST(Escape, NoByteBreaksOutOfItsPlace) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string const text{static_cast<char>(byte), '<'};
    EXPECT_EQ(xml_escaped(text).find_first_of("<>\"'\n"), std::string::npos) << byte;
    std::string const json = json_string(text);
    EXPECT_EQ(json.find_first_of("<>&\n"), std::string::npos) << byte;
    EXPECT_EQ(json.find('"', 1) == json.size() - 1, byte != '"') << byte;
  }
}

TEST(Escape, CsvQuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(csv_field("key"), "key");
  EXPECT_EQ(csv_field(""), "\"\"");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(csv_field("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(csv_field(" the"), "\" the\"");
  EXPECT_EQ(csv_field("\xff"), "\xff");
}

}  // namespace escape_tests
