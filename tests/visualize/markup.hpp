#pragma once

#include <attend/visualize/utf8.hpp>

#include <cctype>
#include <string>
#include <string_view>
#include <vector>

/// What the tests of SVG and HTML ask of a text with tags.
namespace markup {

inline int count(std::string_view text, std::string_view piece) {
  int found = 0;
  for (std::size_t at = text.find(piece); at != std::string_view::npos; at = text.find(piece, at + piece.size()))
    ++found;
  return found;
}

/// Labels that would break a careless writer.
inline std::vector<std::string> nasty_labels() {
  return {"",         "<",         "&amp;",    "</script><script>alert(1)</script>",
          "\"",       "'",         "]]>",      "-->",
          "<!--",     "\x1b[31m",  "\xff\xfe", "\xF0\x9F\x98",
          "\n\r\t",   "\u202Ecba", "\u2028",   "\uFFFF",
          "注意力😀", "e\u0301",   "\\u003c",  "${x}`",
          "a b  c",   "\x01\x02",  "</style>", std::string("a\0b", 3)};
}

/// Reads elements, attributes and entities of XML strictly; "" when all is well. Style and script bodies are passed
/// over.
inline std::string fault(std::string_view text, bool is_html = false) {
  for (std::size_t at = 0; at < text.size();) {
    auto const next = attend::first_code_point(text.substr(at));
    if (!next.valid) return "bytes that are not UTF-8 at " + std::to_string(at);
    if ((next.value < 0x20 && next.value != '\n') || next.value == 0xFFFF)
      return "a character that XML forbids at " + std::to_string(at);
    at += next.bytes;
  }
  std::vector<std::string> open;
  auto const near = [&](std::size_t at) { return " near: " + std::string(text.substr(at, 60)); };
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '&') {
      std::size_t const end = text.find(';', at);
      std::string_view const name = text.substr(at, end == std::string_view::npos ? 1 : end + 1 - at);
      if (name != "&amp;" && name != "&lt;" && name != "&gt;" && name != "&quot;" && name != "&#39;")
        return "a bare &" + near(at);
      at = end + 1;
    } else if (text[at] == '>') {
      return "a bare >" + near(at);
    } else if (text[at] != '<') {
      ++at;
    } else if (text.substr(at, 2) == "<!") {
      at = text.find('>', at) + 1;
    } else {
      bool const closes = text.substr(at, 2) == "</";
      std::size_t const start = at + (closes ? 2 : 1);
      std::size_t end = start;
      while (end < text.size() && std::isalnum(static_cast<unsigned char>(text[end]))) ++end;
      std::string const name(text.substr(start, end - start));
      if (name.empty()) return "a bare <" + near(at);
      bool is_quoted = false;
      for (; end < text.size() && (is_quoted || text[end] != '>'); ++end) {
        if (text[end] == '"') is_quoted = !is_quoted;
        if (text[end] == '<') return "a < within a tag" + near(at);
      }
      bool const is_alone = text[end - 1] == '/' || (is_html && name == "meta");
      at = end + 1;
      if (closes) {
        if (open.empty() || open.back() != name) return "a wrong </" + name + ">" + near(start);
        open.pop_back();
      } else if (!is_alone) {
        open.push_back(name);
        if (name == "style" || name == "script") at = std::min(text.find("</" + name, at), text.size());
      }
    }
  }
  return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

}  // namespace markup
