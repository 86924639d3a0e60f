#include <attend/io/mapped_file.hpp>

#include "files.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <type_traits>
#include <utility>

namespace mapped_file_tests {

using attend::io::MappedFile;
using files::Temporary;

static_assert(!std::is_copy_constructible_v<MappedFile> && std::is_nothrow_move_constructible_v<MappedFile>);

std::string text_of(MappedFile const& file) {
  return {reinterpret_cast<char const*>(file.bytes().data()), file.bytes().size()};
}

TEST(MappedFile, HoldsTheBytes) {
  std::string text("bytes\0and more", 14);
  text.append(10'000, 'x');
  Temporary const path("map", text);
  MappedFile file(path.path());
  EXPECT_EQ(text_of(file), text);
  MappedFile moved(std::move(file));
  EXPECT_EQ(text_of(moved), text);
  Temporary const other("other", "other");
  moved = MappedFile(other.path());
  EXPECT_EQ(text_of(moved), "other");
  std::filesystem::remove(other.path());
  EXPECT_EQ(text_of(moved), "other");  // the map keeps what the name lost
}

TEST(MappedFile, AnEmptyFileHasNoBytes) {
  Temporary const path("empty", "");
  EXPECT_TRUE(MappedFile(path.path()).bytes().empty());
}

TEST(MappedFile, WhatCannotBeMappedIsRefused) {
  files::expect_refused([] { MappedFile("/no/such/file"); },
                        "io: cannot open /no/such/file: No such file or directory.");
  files::expect_refused([] { MappedFile("/"); }, "/ is no regular file");
  files::expect_refused([] { MappedFile("/dev/null"); }, "/dev/null is no regular file");
  Temporary const pipe("pipe");
  ASSERT_EQ(::mkfifo(pipe.path().c_str(), 0600), 0);
  files::expect_refused([&] { (void)MappedFile(pipe.path()); },
                        "is no regular file");  // and does not wait for a writer
}

/// Descriptors are given back, from what fails too: more files than a process may have open.
TEST(MappedFile, LeavesNoDescriptorOpen) {
  Temporary const path("many", "x"), empty("none", "");
  for (int i = 0; i < 3000; ++i) {
    EXPECT_EQ(text_of(MappedFile(path.path())), "x");
    EXPECT_TRUE(MappedFile(empty.path()).bytes().empty());
    EXPECT_THROW(MappedFile("/"), attend::Error);
  }
}

}  // namespace mapped_file_tests
