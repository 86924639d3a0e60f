#include "page.hpp"

#include "page_script.hpp"
#include "page_style.hpp"

#include <attend/visualize/base64.hpp>
#include <attend/visualize/color_map.hpp>
#include <attend/visualize/escape.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace sentences {
namespace {

namespace at = attend;

/// One byte a weight, 255·√w: small ones are told apart too.
[[nodiscard]] std::vector<std::uint8_t> codes_of(at::Matrix<float> const& weights) {
  std::vector<std::uint8_t> codes;
  codes.reserve(static_cast<std::size_t>(weights.size()));
  for (at::Index i = 0; i < weights.rows(); ++i)
    for (float const weight : weights.row(i))
      codes.push_back(static_cast<std::uint8_t>(std::lround(255 * std::sqrt(std::clamp(weight, 0.f, 1.f)))));
  return codes;
}

/// 256 colours, one for each code.
[[nodiscard]] std::string palette(at::Paper paper) {
  std::string list;
  for (int code = 0; code < 256; ++code)
    list += (code > 0 ? ",\"" : "\"") + at::hex(at::color_at(code / 255.0, paper)) + "\"";
  return "[" + list + "]";
}

[[nodiscard]] std::string json_of(Looked const& looked) {
  std::string tokens;
  for (std::string const& token : looked.tokens) tokens += (tokens.empty() ? "" : ",") + at::json_string(token);
  return "{\"tokens\":[" + tokens + "],\"layers\":" + std::to_string(looked.layers) +
         ",\"heads\":" + std::to_string(looked.heads) + ",\"light\":" + palette(at::Paper::light) +
         ",\"dark\":" + palette(at::Paper::dark) + ",\"codes\":\"" + at::base64(codes_of(looked.weights)) + "\"}";
}

}  // namespace

std::string to_page(Looked const& looked) {
  std::string const title = "What " + looked.model + " looks at";
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';style-src 'unsafe-inline';"
         "script-src 'unsafe-inline'\">\n<title>" +
         at::xml_escaped(title) + "</title>\n<style>" + page_style + "</style></head>\n<body>\n<h1>" +
         at::xml_escaped(title) + "</h1>\n<p class=\"lead\">“" + at::xml_escaped(looked.sentence) +
         "”</p>\n<p class=\"muted\">" + std::to_string(looked.tokens.size()) + " tokens, " +
         std::to_string(looked.layers) + " layers of " + std::to_string(looked.heads) +
         " heads. Each small picture is one head: a row for each token that looks, a column for each that is looked "
         "at, and the stronger the colour, the more weight.</p>\n" +
         page_body + "<script type=\"application/json\" id=\"weights\">" + json_of(looked) + "</script>\n<script>" +
         page_script + "</script>\n</body></html>\n";
}

}  // namespace sentences
