#include <attend/visualize/terminal.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <sstream>

namespace terminal_tests {

using attend::heatmap;
using attend::Ink;
using attend::to_terminal;

std::vector<std::string> lines_of(std::string const& text) {
  std::vector<std::string> lines;
  std::stringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string without_colors(std::string text) {
  for (std::size_t at; (at = text.find("\x1b[")) != std::string::npos;) text.erase(at, text.find('m', at) + 1 - at);
  return text;
}

Eigen::MatrixXd small_weights() {
  Eigen::MatrixXd weights(2, 3);
  weights << 1, 0, 0, 0.25, 0.5, 0.25;
  return weights;
}

TEST(Terminal, WithoutColorsItIsPlainText) {
  EXPECT_EQ(to_terminal(heatmap(small_weights(), {"the", "key"}, {"a", "bc", "注意"}).titled("causal"),
                        {Ink::shades, 40, false}),
            "causal\n"
            "      a    bc  注意\n"
            "the ██100  ·    ·  \n"
            "key ░░ 25▒▒ 50░░ 25\n"
            "\n"
            "0   ░░░░▒▒▒▒▓▓▓▓██ 1   min 0, max 1   in percent   ·: exactly 0\n");
}

TEST(Terminal, ADumbTerminalSeesOnlyAscii) {
  std::string const text = to_terminal(heatmap(small_weights()), {Ink::ascii, 40, false});
  for (char const c : text) EXPECT_TRUE(c == '\n' || (c >= ' ' && c < 0x7f)) << text;
}

TEST(Terminal, ColorsAreTheSameWithLettersTakenAway) {
  auto const picture = heatmap(small_weights());
  std::string const wide = to_terminal(picture, {Ink::colors24bit, 60, false}),
                    rough = to_terminal(picture, {Ink::colors256, 60, false});
  EXPECT_NE(wide.find("\x1b[48;2;253;231;37m"), std::string::npos);  // the strongest cell, yellow
  EXPECT_NE(rough.find("\x1b[48;5;"), std::string::npos);
  EXPECT_EQ(without_colors(wide), without_colors(rough));
  EXPECT_NE(without_colors(wide).find("25  50  25"), std::string::npos);
  std::string const light = to_terminal(picture, {Ink::colors24bit, 60, true});
  EXPECT_NE(light.find("\x1b[48;2;68;1;84m"), std::string::npos);  // the strongest cell, dark
}

TEST(Terminal, EveryColorIsSwitchedOffBeforeTheLineEnds) {
  for (std::string const& line :
       lines_of(to_terminal(heatmap(Eigen::MatrixXd::Random(5, 5)), {Ink::colors24bit, 60, false}))) {
    auto const last = line.rfind("\x1b[");
    if (last != std::string::npos) {
      EXPECT_EQ(line.substr(last, 4), "\x1b[0m");
    }
  }
}

TEST(Terminal, NoLineIsWiderThanTheTerminal) {
  std::vector<std::string> labels;
  for (int i = 0; i < 150; ++i) labels.push_back(i % 3 == 0 ? "a quite long token" : i % 3 == 1 ? "注意力机制" : "x");
  for (Ink const ink : {Ink::ascii, Ink::shades, Ink::colors256})
    for (int const size : {1, 2, 7, 16, 40, 150})
      for (int const width : {20, 41, 80, 200}) {
        std::vector<std::string> const some(labels.begin(), labels.begin() + size);
        auto const lines = lines_of(without_colors(
            to_terminal(heatmap(Eigen::MatrixXd::Random(size, size).cwiseAbs(), some), {ink, width, false})));
        // The legend and notes are sentences that a terminal may wrap.
        for (std::size_t i = 0; i < lines.size() && !lines[i].empty(); ++i)
          EXPECT_LE(attend::display_width(lines[i]), width) << lines[i];
      }
}

TEST(Terminal, ManyColumnsAreShrunkAndItSaysSo) {
  std::string const text = to_terminal(heatmap(Eigen::MatrixXd::Random(10, 1000)), {Ink::shades, 80, false});
  EXPECT_NE(text.find("Shrunk from 10 × 1000: each cell is the largest of 1 × 13 weights."), std::string::npos) << text;
  std::string const tall =
      to_terminal(heatmap(Eigen::MatrixXd::Random(100, 3)), {Ink::shades, 80, false}, {.most_rows = 10});
  EXPECT_NE(tall.find("Shrunk from 100 × 3"), std::string::npos);
}

TEST(Terminal, LabelsCannotMoveTheCursor) {
  auto const picture = heatmap(Eigen::MatrixXd::Ones(1, 1), {"\x1b[2J\n"}, {"\x07\xff"}).titled("\x1b]0;title\x07");
  std::string const text = to_terminal(picture, {Ink::shades, 80, false});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\x07'), std::string::npos);
  EXPECT_NE(text.find("␛[2J↵"), std::string::npos);
}

TEST(Terminal, NumbersThatAreNotFiniteAreSeen) {
  double const infinity = std::numeric_limits<double>::infinity();
  Eigen::MatrixXd weights(1, 4);
  weights << std::nan(""), infinity, -infinity, 0.5;
  std::string const text = to_terminal(heatmap(weights), {Ink::shades, 80, false});
  EXPECT_NE(text.find("0   ? +inf-inf████"), std::string::npos) << text;
  EXPECT_NE(text.find("?, +, -: not finite"), std::string::npos);
  EXPECT_NE(to_terminal(heatmap(weights), {Ink::colors24bit, 80, false}).find("\x1b[48;2;190;20;60m"),
            std::string::npos);
}

TEST(Terminal, EmptyAndOneCell) {
  EXPECT_EQ(to_terminal(heatmap(Eigen::MatrixXd(0, 3)), {Ink::shades, 80, false}),
            "(nothing to show: 0 rows, 3 columns)\n");
  EXPECT_EQ(to_terminal(heatmap(Eigen::MatrixXd(2, 0)), {Ink::shades, 80, false}),
            "(nothing to show: 2 rows, 0 columns)\n");
  EXPECT_NE(to_terminal(heatmap(Eigen::MatrixXd::Ones(1, 1)), {Ink::shades, 80, false}).find("0 ████"),
            std::string::npos);
  EXPECT_NE(to_terminal(heatmap(Eigen::MatrixXd::Zero(1, 1)), {Ink::shades, 80, false}).find("exactly 0"),
            std::string::npos);
}

TEST(Terminal, SharesAScale) {
  Eigen::MatrixXd const weights = Eigen::MatrixXd::Constant(1, 1, 0.25);
  EXPECT_NE(to_terminal(heatmap(weights), {Ink::shades, 80, false}).find("0 █"), std::string::npos);
  EXPECT_NE(to_terminal(heatmap(weights), {Ink::shades, 80, false}, {.scale = attend::Scale{0, 1}}).find("0 ░"),
            std::string::npos);
}

TEST(TerminalCell, Nearest256ColorIsTheColorItself) {
  using attend::detail::nearest_of_256;
  EXPECT_EQ(nearest_of_256({0, 0, 0}), 16);
  EXPECT_EQ(nearest_of_256({255, 255, 255}), 231);
  EXPECT_EQ(nearest_of_256({95, 135, 175}), 67);
  EXPECT_EQ(nearest_of_256({8, 8, 8}), 232);
  EXPECT_EQ(nearest_of_256({238, 238, 238}), 255);
}

}  // namespace terminal_tests
