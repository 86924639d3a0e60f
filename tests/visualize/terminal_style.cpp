#include <attend/visualize/terminal_style.hpp>

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>

namespace terminal_style_tests {

using attend::Ink;
using attend::terminal_style;

/// Sets the variables that the style looks at, and puts back what was there.
class TerminalStyle : public testing::Test {
 protected:
  TerminalStyle() {
    for (char const* name : {"NO_COLOR", "TERM", "COLORTERM", "COLUMNS", "COLORFGBG"}) {
      char const* const value = std::getenv(name);
      before_[name] = value == nullptr ? std::nullopt : std::optional<std::string>(value);
      unsetenv(name);
    }
  }
  ~TerminalStyle() override {
    for (auto const& [name, value] : before_) value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
  }
  static void set(char const* name, char const* value) { setenv(name, value, 1); }

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

TEST_F(TerminalStyle, ColorsOnATerminalOnly) {
  EXPECT_EQ(terminal_style({true, 0}).ink, Ink::colors256);
  EXPECT_EQ(terminal_style({false, 0}).ink, Ink::shades);
  set("COLORTERM", "truecolor");
  EXPECT_EQ(terminal_style({true, 0}).ink, Ink::colors24bit);
  EXPECT_EQ(terminal_style({false, 0}).ink, Ink::shades);
  set("COLORTERM", "24bit");
  EXPECT_EQ(terminal_style({true, 0}).ink, Ink::colors24bit);
}

TEST_F(TerminalStyle, NoColorMeansNoColorUnlessItIsEmpty) {
  set("COLORTERM", "truecolor");
  for (char const* value : {"1", "0", "false", " "}) {
    set("NO_COLOR", value);
    EXPECT_EQ(terminal_style({true, 0}).ink, Ink::shades) << value;
  }
  set("NO_COLOR", "");
  EXPECT_EQ(terminal_style({true, 0}).ink, Ink::colors24bit);
}

TEST_F(TerminalStyle, ADumbTerminalGetsLetters) {
  set("TERM", "dumb");
  set("COLORTERM", "truecolor");
  EXPECT_EQ(terminal_style({true, 0}).ink, Ink::ascii);
  EXPECT_EQ(terminal_style({false, 0}).ink, Ink::ascii);
  set("NO_COLOR", "1");
  EXPECT_EQ(terminal_style({true, 0}).ink, Ink::ascii);
}

TEST_F(TerminalStyle, WidthIsSaidByColumnsOrTheTerminal) {
  EXPECT_EQ(terminal_style({true, 0}).width, 80);
  EXPECT_EQ(terminal_style({true, 132}).width, 132);
  set("COLUMNS", "100");
  EXPECT_EQ(terminal_style({true, 132}).width, 100);
  for (char const* nonsense : {"", "wide", "-5", "0"}) {
    set("COLUMNS", nonsense);
    EXPECT_EQ(terminal_style({true, 132}).width, 132) << nonsense;
  }
  set("COLUMNS", "3");
  EXPECT_EQ(terminal_style({true, 132}).width, 20);
}

TEST_F(TerminalStyle, LightBackgroundsAreKnownByColorfgbg) {
  EXPECT_FALSE(terminal_style({true, 0}).is_light);
  set("COLORFGBG", "0;15");
  EXPECT_TRUE(terminal_style({true, 0}).is_light);
  set("COLORFGBG", "15;0");
  EXPECT_FALSE(terminal_style({true, 0}).is_light);
}

TEST_F(TerminalStyle, AFileIsNoTerminal) {
  std::FILE* const file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  EXPECT_FALSE(attend::terminal_facts(file).is_terminal);
  EXPECT_EQ(terminal_style(file).ink, Ink::shades);
  std::fclose(file);
}

}  // namespace terminal_style_tests
