#include <attend/visualize/html.hpp>

#include "core/sentence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "markup.hpp"

namespace html_tests {

using attend::heatmap;
using attend::to_html;
using sentences::sentence_of;

std::vector<attend::Heatmap> two_pictures(std::vector<std::string> const& tokens) {
  auto const size = static_cast<attend::Index>(tokens.size());
  return {heatmap(Eigen::MatrixXd::Identity(size, size), tokens).titled("hard"),
          heatmap(Eigen::MatrixXd::Ones(size, size), tokens).titled("flat")};
}

TEST(Html, HasATabAPictureAndATableForEach) {
  std::string const page = to_html(two_pictures({"the", "key"}), {.title = "Two kinds", .introduction = "One.\nTwo."});
  EXPECT_EQ(markup::fault(page, true), "");
  EXPECT_EQ(markup::count(page, "<section"), 2);
  EXPECT_EQ(markup::count(page, "<svg"), 2);
  EXPECT_EQ(markup::count(page, "<table>"), 2);
  EXPECT_NE(page.find("<a href=\"#picture-1\">flat</a>"), std::string::npos);
  EXPECT_NE(page.find("<title>Two kinds</title>"), std::string::npos);
  EXPECT_NE(page.find("<p class=\"lead\">One.\nTwo.\n</p>"), std::string::npos);
  EXPECT_NE(page.find("\"rows\":[\"the\",\"key\"]"), std::string::npos);
}

TEST(Html, NeedsNoNetwork) {
  std::string const page = to_html({heatmap(Eigen::MatrixXd::Ones(1, 1))});
  EXPECT_NE(page.find("default-src 'none'"), std::string::npos);
  EXPECT_EQ(markup::count(page, "http://"), 2);  // name spaces: of the picture, and of what the script draws
  EXPECT_EQ(markup::count(page, "https://"), 0);
  for (char const* outside : {"src=", "@import", "<link", "url("})
    EXPECT_EQ(markup::count(page, outside), 0) << outside;
}

TEST(Html, AnyLabelStaysText) {
  for (std::string const& label : markup::nasty_labels()) {
    std::string const page = to_html({heatmap(Eigen::MatrixXd::Ones(1, 1), {label}, {label + "x"}).titled(label)},
                                     {.title = label, .introduction = label});
    EXPECT_EQ(markup::fault(page, true), "") << label;
    EXPECT_EQ(markup::count(page, "<script"), 2) << label;
    EXPECT_EQ(markup::count(page, "</script"), 2) << label;
    EXPECT_EQ(markup::count(page, "alert(1)<"), 0);
  }
}

TEST(Html, WeightsAreOneByteEach) {
  double const infinity = std::numeric_limits<double>::infinity();
  attend::Matrix<double> values(1, 6);
  values << 0, 1e-9, 0.5, 1, std::nan(""), infinity;
  EXPECT_EQ(attend::detail::weight_codes(values, {0, 1}), (std::vector<std::uint8_t>{0, 1, 128, 254, 255, 255}));
  std::string const page = to_html({heatmap(values)});
  EXPECT_NE(page.find("\"low\":0,\"high\":1,\"codes\":\"" + attend::base64({0, 1, 128, 254, 255, 255}) + "\""),
            std::string::npos);
}

TEST(Html, OneTextOrTwo) {
  EXPECT_NE(to_html(two_pictures({"a", "b"})).find("\"same\":true"), std::string::npos);
  EXPECT_NE(to_html({heatmap(Eigen::MatrixXd::Ones(1, 2), {"q"}, {"k", "l"})}).find("\"same\":false"),
            std::string::npos);
}

TEST(Html, LargePicturesHaveNoTables) {
  std::string const page = to_html({heatmap(Eigen::MatrixXd::Random(60, 60))});
  EXPECT_EQ(markup::count(page, "<table>"), 0);
  EXPECT_EQ(markup::count(page, "<svg"), 1);
}

TEST(Html, OnePageShowsOneText) {
  std::vector<attend::Heatmap> pictures = two_pictures({"a", "b"});
  pictures.push_back(heatmap(Eigen::MatrixXd::Ones(1, 1), {"a"}).titled("short"));
  EXPECT_EQ(sentence_of([&] { (void)to_html(pictures); }),
            "to_html: the heatmap \"short\" has other tokens than the first, \"hard\"; one page shows one text.");
  EXPECT_EQ(sentence_of([] { (void)to_html(two_pictures({"a"}), {.first_row = 1}); }),
            "to_html: first_row is 1 but there are 1 rows.");
}

TEST(Html, BeginsWithWhatIsAskedFor) {
  std::string const page = to_html(two_pictures({"a", "b"}), {.first_picture = 1, .first_row = 1});
  EXPECT_NE(page.find("{\"picture\":1,\"row\":1,"), std::string::npos);
  EXPECT_EQ(sentence_of([] { (void)to_html(two_pictures({"a"}), {.first_picture = 2}); }),
            "to_html: first_picture is 2 but there are 2 pictures.");
}

TEST(Html, EmptyPages) {
  EXPECT_EQ(markup::fault(to_html({}), true), "");
  EXPECT_EQ(markup::fault(to_html({heatmap(Eigen::MatrixXd(0, 0))}), true), "");
  EXPECT_EQ(markup::fault(to_html({heatmap(Eigen::MatrixXd(0, 4)), heatmap(Eigen::MatrixXd(0, 4))}), true), "");
}

}  // namespace html_tests
