#include <attend/visualize/save.hpp>

#include "core/sentence.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace save_tests {

TEST(Save, WritesEveryByteOverWhatWasThere) {
  auto const path = (std::filesystem::path(testing::TempDir()) / "attend_save_test").string();
  for (std::string const& content :
       {std::string("a longer first content"), std::string("\0\n\r\n\xff", 5), std::string()}) {
    attend::save(path, content);
    std::stringstream read;
    read << std::ifstream(path, std::ios::binary).rdbuf();
    EXPECT_EQ(read.str(), content);
  }
  std::filesystem::remove(path);
}

TEST(Save, SaysWhichFileAndWhy) {
  EXPECT_EQ(sentences::sentence_of([] { attend::save("/no/such/folder/picture.svg", "x"); }),
            "save: cannot open /no/such/folder/picture.svg for writing: No such file or directory.");
}

TEST(Save, AFullDiskIsNotMissed) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP();
  EXPECT_THROW(attend::save("/dev/full", "x"), attend::Error);
}

}  // namespace save_tests
