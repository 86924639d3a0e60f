#include <attend/io/write_file.hpp>

#include "files.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace write_file_tests {

using files::Temporary;

void write(std::string const& path, std::vector<std::string> const& texts) {
  std::vector<std::span<std::byte const>> parts;
  for (std::string const& text : texts) parts.push_back(std::as_bytes(std::span(text)));
  attend::io::write_file(path, parts);
}

TEST(WriteFile, WritesAllPartsOverWhatWasThere) {
  Temporary const path("written", "a longer first content");
  write(path.path(), {"one", "", std::string("\0\r\n", 3), "two"});
  EXPECT_EQ(files::content(path.path()), std::string("one\0\r\ntwo", 9));
  write(path.path(), {});
  EXPECT_EQ(files::content(path.path()), "");
  EXPECT_FALSE(std::filesystem::exists(path.path() + ".part"));
}

TEST(WriteFile, RefusesWhatIsNoFile) {
  files::expect_refused([] { write("/no/such/folder/x", {"x"}); }, "cannot open /no/such/folder/x.part for writing");
  files::expect_refused([] { write("/dev/null", {"x"}); }, "cannot write /dev/null: it is there and no regular file");
  files::expect_refused([] { write(testing::TempDir(), {"x"}); }, "it is there and no regular file");
}

/// A limit on the size of files is a disk that is full.
TEST(WriteFile, AFullDiskLeavesWhatWasThere) {
  Temporary const path("full", "what was there");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 100'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string const sentence =
      sentences::sentence_of([&] { write(path.path(), {std::string(50'000, 'x'), std::string(60'000, 'y')}); });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(sentence, "io: cannot write " + path.path() + ": File too large.");
  EXPECT_EQ(files::content(path.path()), "what was there");
  EXPECT_FALSE(std::filesystem::exists(path.path() + ".part"));
}

}  // namespace write_file_tests
