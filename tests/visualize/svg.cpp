#include <attend/visualize/svg.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "markup.hpp"

namespace svg_tests {

using attend::heatmap;
using attend::to_svg;

attend::Heatmap small_picture() {
  Eigen::MatrixXd weights(2, 2);
  weights << 1, 0, 0.25, 0.75;
  return heatmap(weights, {"the", "key"}).titled("Causal");
}

TEST(Svg, AGoldenPicture) {
  std::string const svg = to_svg(small_picture(), {.cell = 20, .has_style = false});
  EXPECT_EQ(
      svg.substr(0, svg.find('\n')),
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 325 160\" width=\"325\" height=\"160\" role=\"img\" "
      "aria-label=\"Causal: 2 queries, 2 keys\" "
      "font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"12\">");
  EXPECT_NE(svg.find("<path class=\"c63\" d=\"M46 66h19v19h-19z\"><title>the → the: 1</title></path>"),
            std::string::npos)
      << svg;
  EXPECT_NE(svg.find("<path class=\"z\" d=\"M74.5 74.5h2v2h-2z\"><title>the → key: 0</title></path>"),
            std::string::npos);
  EXPECT_NE(svg.find("<path class=\"c16\" d=\"M46 86h19v19h-19z\"><title>key → the: 0.25</title></path>"),
            std::string::npos);
  EXPECT_NE(svg.find("<path class=\"c48\" d=\"M66 86h19v19h-19z\"><title>key → key: 0.75</title></path>"),
            std::string::npos);
}

TEST(Svg, IsWellFormedForAnyLabel) {
  for (std::string const& label : markup::nasty_labels()) {
    auto const picture = heatmap(Eigen::MatrixXd::Ones(1, 1), {label}, {label}).titled(label);
    for (bool const has_titles : {true, false})
      EXPECT_EQ(markup::fault(to_svg(picture, {.has_titles = has_titles})), "") << label;
  }
}

TEST(Svg, HasEveryCellOnce) {
  std::string const titled = to_svg(heatmap(Eigen::MatrixXd::Random(5, 7)));
  EXPECT_EQ(markup::count(titled, "<title>"), 35);
  EXPECT_EQ(markup::count(titled, "text-anchor=\"end\""), 5);
  EXPECT_EQ(markup::count(titled, "rotate(-45"), 7);
  std::string const grouped = to_svg(heatmap(Eigen::MatrixXd::Random(5, 7)), {.has_titles = false});
  EXPECT_EQ(markup::count(grouped, "<title>"), 0);
  EXPECT_EQ(markup::count(grouped, "h-25z"), 35);
  EXPECT_EQ(markup::count(grouped, "class=\"cells\""), 1);
}

TEST(Svg, IsLightOrDarkAndNeedsNobodyElse) {
  std::string const svg = to_svg(small_picture());
  EXPECT_NE(svg.find("@media(prefers-color-scheme:dark)"), std::string::npos);
  EXPECT_EQ(markup::count(svg, "http"), 1);  // the name space
  EXPECT_EQ(markup::count(svg, "<script"), 0);
  EXPECT_EQ(markup::count(svg, "url("), 0);
}

TEST(Svg, ManyCellsBecomeFew) {
  std::string const svg = to_svg(heatmap(Eigen::MatrixXd::Random(600, 600)));
  EXPECT_NE(svg.find("Shrunk from 600 × 600: each cell is the largest of 3 × 3 weights."), std::string::npos);
  EXPECT_LT(svg.size(), 900'000u);
  // Labels stand at least a line apart.
  EXPECT_LE(markup::count(svg, "text-anchor=\"end\""), 50);
}

TEST(Svg, LongLabelsAreCutAndHaveRoom) {
  std::string const name(100, 'x');
  std::string const svg = to_svg(heatmap(Eigen::MatrixXd::Ones(1, 1), {name}, {name}), {.longest_label = 10});
  EXPECT_NE(svg.find(">xxxxxxxxx…</text>"), std::string::npos);
  EXPECT_EQ(svg.find(std::string(11, 'x')), std::string::npos);
}

TEST(Svg, NumbersThatAreNotFiniteAreRed) {
  double const infinity = std::numeric_limits<double>::infinity();
  Eigen::MatrixXd weights(1, 4);
  weights << std::nan(""), infinity, -infinity, 0.5;
  for (bool const has_titles : {true, false}) {
    std::string const svg = to_svg(heatmap(weights), {.has_titles = has_titles});
    EXPECT_EQ(markup::count(svg, "class=\"x\""), 3) << svg;
    EXPECT_NE(svg.find("red: not finite"), std::string::npos);
  }
  EXPECT_NE(to_svg(heatmap(weights)).find("0 → 0: not a number"), std::string::npos);
  EXPECT_NE(to_svg(heatmap(weights)).find("0 → 2: −∞"), std::string::npos);
}

TEST(Svg, EmptyAndOneCell) {
  for (auto const& [rows, columns] : {std::pair{0, 0}, {0, 3}, {3, 0}, {1, 1}}) {
    std::string const svg = to_svg(heatmap(Eigen::MatrixXd::Ones(rows, columns)));
    EXPECT_EQ(markup::fault(svg), "");
    EXPECT_EQ(svg.find("Nothing to show") == std::string::npos, rows * columns > 0);
    EXPECT_EQ(svg.find("nan"), std::string::npos);
  }
}

TEST(Svg, SharesAScale) {
  Eigen::MatrixXd const weights = Eigen::MatrixXd::Constant(1, 1, 0.5);
  EXPECT_NE(to_svg(heatmap(weights)).find("class=\"c63\" d=\"M32"), std::string::npos) << to_svg(heatmap(weights));
  EXPECT_NE(to_svg(heatmap(weights), {.scale = attend::Scale{0, 1}}).find("class=\"c32\""), std::string::npos);
}

}  // namespace svg_tests
