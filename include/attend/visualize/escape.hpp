#pragma once

#include <attend/visualize/label.hpp>

#include <cstdio>
#include <string>
#include <string_view>

namespace attend {

/// A label as text or as a quoted attribute of XML and HTML.
[[nodiscard]] inline std::string xml_escaped(std::string_view text) {
  std::string escaped;
  for (char const c : visible_label(text)) switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  return escaped;
}

/// A label as a JSON string, quotes included, that may stand inside a `<script>` element: `<`, `>` and `&` are
/// written as numbers, so no label can close the element or open a comment.
[[nodiscard]] inline std::string json_string(std::string_view text) {
  std::string escaped = "\"";
  for (char const c : visible_label(text)) {
    if (c == '"' || c == '\\')
      escaped += '\\', escaped += c;
    else if (c == '<' || c == '>' || c == '&' || c == '\'') {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
      escaped += code;
    } else
      escaped += c;
  }
  return escaped + "\"";
}

/// A label as a field of a CSV file, byte for byte; quoted where it must be.
///
/// Source   RFC 4180, section 2
[[nodiscard]] inline std::string csv_field(std::string_view text) {
  bool const is_plain = text.find_first_of(",\"\r\n") == std::string_view::npos && !text.empty() &&
                        text.front() != ' ' && text.back() != ' ';
  if (is_plain) return std::string(text);
  std::string escaped = "\"";
  for (char const c : text) {
    if (c == '"') escaped += '"';
    escaped += c;
  }
  return escaped + "\"";
}

}  // namespace attend
