#include "../../examples/translate_dates/dates.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace dates_tests {

using namespace translate_dates;
using attend::Index;

/// The letters of the text that tell one letter of the answer.
[[nodiscard]] std::string source_of(Writer const& writer, Index place) {
  std::string letters;
  for (std::size_t j = 0; j < writer.text().size(); ++j)
    for (Index const told : writer.tells()[j])
      if (told == place) letters += writer.text()[j];
  return letters;
}

TEST(Dates, AreWrittenInTenWays) {
  std::chrono::year_month_day const date = std::chrono::year(1988) / 5 / 3;  // a Tuesday
  std::string const wanted[] = {"3 may 1988",  "may 3, 1988", "3rd of may 1988", "tuesday, 3 may 1988",
                                "3.5.1988",    "5/3/1988",    "tue 03 may 1988", "the 3rd day of may in 1988",
                                "1988, may 3", "may 3 1988"};
  for (std::size_t way = 0; way < ways.size(); ++way) {
    Writer const writer = write(date, ways[way]);
    EXPECT_EQ(writer.text(), wanted[way]);
    EXPECT_EQ(writer.answer(), "1988-05-03");
    EXPECT_EQ(source_of(writer, 0), "1");
    EXPECT_EQ(source_of(writer, 3), "8");
    EXPECT_EQ(source_of(writer, 4), "");
    EXPECT_TRUE(source_of(writer, 6) == "may" || source_of(writer, 6) == "5");
    EXPECT_EQ(source_of(writer, 9), "3");
  }
}

TEST(Dates, OfTwoDigitsComeFromOneEach) {
  Writer const writer = write(std::chrono::year(2001) / 12 / 24, "%n/%d/%y");
  EXPECT_EQ(writer.text(), "12/24/2001");
  EXPECT_EQ(source_of(writer, 5), "1");
  EXPECT_EQ(source_of(writer, 6), "2");
  EXPECT_EQ(source_of(writer, 8), "2");
  EXPECT_EQ(source_of(writer, 9), "4");
}

TEST(Dates, EndAsPeopleSayThem) {
  EXPECT_EQ(ending(1), "st");
  EXPECT_EQ(ending(11), "th");
  EXPECT_EQ(ending(22), "nd");
  EXPECT_EQ(ending(13), "th");
  EXPECT_EQ(ending(23), "rd");
  EXPECT_EQ(ending(30), "th");
}

TEST(Dates, ThatAreTestedAreNeverTrainedOn) {
  Draw draw(1, 0);
  std::set<std::string> trained;
  for (int i = 0; i < 2000; ++i) trained.insert(draw_example(draw, 1, false).answer);
  EXPECT_GT(trained.size(), 1900u);
  for (int i = 0; i < 2000; ++i) EXPECT_EQ(trained.count(draw_example(draw, 1, true).answer), 0u);
}

TEST(Dates, SeveralInOneTextKeepTheirAlignment) {
  Draw draw(5, 0);
  for (int i = 0; i < 100; ++i) {
    Example const example = draw_example(draw, 3, false);
    EXPECT_EQ(example.answer.size(), 32u);
    ASSERT_EQ(example.alignment.rows(), 32);
    ASSERT_EQ(example.alignment.cols(), std::ssize(example.text));
    for (Index place = 0; place < 32; ++place) {
      char const letter = example.answer[static_cast<std::size_t>(place)];
      bool const is_copied = letter != '-' && letter != ';';
      EXPECT_EQ(example.alignment.row(place).sum() > 0, is_copied) << example.text << ", place " << place;
      // A digit of the year stands in the text as it is.
      bool const is_of_year = place % 11 < 4;
      for (Index j = 0; j < example.alignment.cols(); ++j)
        EXPECT_TRUE(!is_of_year || example.alignment(place, j) == 0 ||
                    example.text[static_cast<std::size_t>(j)] == letter);
    }
    for (char const letter : example.text) EXPECT_GE(written.number(letter), 0);
    for (char const letter : example.answer) EXPECT_LT(iso.number(letter), iso.number('^'));
  }
}

}  // namespace dates_tests
