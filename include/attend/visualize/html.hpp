#pragma once

#include <attend/visualize/base64.hpp>
#include <attend/visualize/csv.hpp>
#include <attend/visualize/html_script.hpp>
#include <attend/visualize/html_style.hpp>
#include <attend/visualize/svg.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace attend {

struct HtmlOptions {
  std::string title = "Attention";
  std::string introduction = {};  // said under the title; a line break stays one
  Index first_picture = 0;        // what is shown at first
  Index first_row = 0;            // the query whose links are shown at first
  Index largest_table = 2500;     // pictures of up to so many cells are also written as tables of numbers
};

namespace detail {

/// One byte a weight, as html_script.hpp reads it.
[[nodiscard]] inline std::vector<std::uint8_t> weight_codes(Matrix<double> const& values, Scale const& scale) {
  std::vector<std::uint8_t> codes;
  codes.reserve(static_cast<std::size_t>(values.size()));
  for (Index i = 0; i < values.rows(); ++i)
    for (double const value : values.row(i))
      codes.push_back(!std::isfinite(value) ? std::uint8_t{255}
                      : value == 0          ? std::uint8_t{0}
                                            : static_cast<std::uint8_t>(1 + std::lround(253 * scale.position(value))));
  return codes;
}

[[nodiscard]] inline std::string json_list(std::vector<std::string> const& labels) {
  std::string list;
  for (std::string const& label : labels) list += (list.empty() ? "" : ",") + json_string(label);
  return "[" + list + "]";
}

[[nodiscard]] inline std::string weights_json(std::vector<Heatmap> const& pictures, HtmlOptions const& options) {
  std::string json = "{\"picture\":" + std::to_string(options.first_picture) +
                     ",\"row\":" + std::to_string(options.first_row) + ",\"maps\":[";
  for (Heatmap const& picture : pictures) {
    Scale const scale = Scale::of(picture.values);
    json += (&picture == pictures.data() ? "" : ",") + std::string("{\"low\":") + exact_digits(scale.low) +
            ",\"high\":" + exact_digits(scale.high) + ",\"codes\":\"" + base64(weight_codes(picture.values, scale)) +
            "\"}";
  }
  Heatmap const nothing;
  Heatmap const& first = pictures.empty() ? nothing : pictures.front();
  return json + "],\"same\":" + (first.rows == first.columns ? "true" : "false") +
         ",\"rows\":" + json_list(first.rows) + ",\"columns\":" + json_list(first.columns) + "}";
}

[[nodiscard]] inline std::string html_table(Heatmap const& picture) {
  std::string html = "<details><summary>As numbers</summary><table><tr><td></td>";
  for (std::string const& column : picture.columns) html += "<th scope=\"col\">" + xml_escaped(column) + "</th>";
  html += "</tr>\n";
  for (Index i = 0; i < picture.values.rows(); ++i) {
    html += "<tr><th scope=\"row\">" + xml_escaped(picture.rows[static_cast<std::size_t>(i)]) + "</th>";
    for (double const value : picture.values.row(i)) html += "<td>" + number_label(value) + "</td>";
    html += "</tr>\n";
  }
  return html + "</table></details>\n";
}

[[nodiscard]] inline std::string html_section(Heatmap picture, std::size_t index, HtmlOptions const& options) {
  std::string html =
      "<section id=\"picture-" + std::to_string(index) + "\"><h2>" + xml_escaped(picture.title) + "</h2>\n";
  if (!picture.note.empty()) html += "<p class=\"muted\">" + xml_escaped(picture.note) + "</p>\n";
  // The page says these itself.
  picture.title.clear();
  picture.note.clear();
  html += "<figure>" + to_svg(picture, {.has_titles = false, .has_style = false}) + "</figure>\n";
  if (picture.values.size() <= options.largest_table) html += html_table(picture);
  return html + "</section>\n";
}

}  // namespace detail

/// Several heatmaps over the same tokens (kinds of attention, heads, layers) as one HTML page that needs no network.
///
/// Tabs switch between them; a word of the text shows its links as lines, by pointer or by arrow keys. Without scripts
/// the page is a list of pictures and tables.
///
/// Throws   when two heatmaps have different tokens, or first_picture or first_row is not there
/// Edge     no heatmaps: a page with its title; labels are text whatever they contain (`</script>`, control characters)
/// Cost     4/3 byte a weight for the links, up to about 20 a cell for the picture, up to about 20 for the table
[[nodiscard]] inline std::string to_html(std::vector<Heatmap> const& pictures, HtmlOptions const& options = {}) {
  check(options.first_picture >= 0 && options.first_picture < std::max<Index>(1, static_cast<Index>(pictures.size())),
        "to_html: first_picture is ", options.first_picture, " but there are ", pictures.size(), " pictures.");
  for (Heatmap const& picture : pictures) {
    check(picture.rows == pictures.front().rows && picture.columns == pictures.front().columns,
          "to_html: the heatmap \"", picture.title, "\" has other tokens than the first, \"", pictures.front().title,
          "\"; one page shows one text.");
    check(options.first_row >= 0 && options.first_row < std::max<Index>(1, picture.values.rows()),
          "to_html: first_row is ", options.first_row, " but there are ", picture.values.rows(), " rows.");
  }
  std::string html =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline';script-src "
      "'unsafe-inline'\">\n"
      "<title>" +
      xml_escaped(options.title) + "</title>\n<style>" + detail::page_style() + "</style></head>\n<body>\n<h1>" +
      xml_escaped(options.title) + "</h1>\n<p class=\"lead\">";
  std::string_view rest = options.introduction;
  for (std::size_t end; !rest.empty(); rest.remove_prefix(std::min(end + 1, rest.size()))) {
    end = std::min(rest.find('\n'), rest.size());
    html += xml_escaped(rest.substr(0, end)) + "\n";
  }
  html += "</p>\n<nav aria-label=\"Kinds of attention\">\n";
  for (std::size_t i = 0; i < pictures.size(); ++i)
    html += "<a href=\"#picture-" + std::to_string(i) + "\">" + xml_escaped(pictures[i].title) + "</a>\n";
  html += "</nav>\n<main>\n";
  for (std::size_t i = 0; i < pictures.size(); ++i) html += detail::html_section(pictures[i], i, options);
  return html + "</main>\n<script type=\"application/json\" id=\"weights\">" + detail::weights_json(pictures, options) +
         "</script>\n<script>" + detail::page_script + "</script>\n</body></html>\n";
}

}  // namespace attend
