#pragma once

#include <attend/visualize/utf8.hpp>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace attend {
namespace detail {

struct Block {
  char32_t first, last;
};

/// Marks that are drawn on the character before them, and characters that are not drawn at all.
inline constexpr Block zero_width[] = {
    {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x05BF, 0x05BF}, {0x05C1, 0x05C2}, {0x05C4, 0x05C5},
    {0x0610, 0x061A}, {0x064B, 0x065F}, {0x0670, 0x0670}, {0x06D6, 0x06DC}, {0x06DF, 0x06E4}, {0x0711, 0x0711},
    {0x0730, 0x074A}, {0x0900, 0x0902}, {0x093A, 0x093A}, {0x093C, 0x093C}, {0x0941, 0x0948}, {0x094D, 0x094D},
    {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F},
    {0x2060, 0x2064}, {0x20D0, 0x20F0}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF}};

/// East Asian wide and full-width characters and emoji: two cells each.
inline constexpr Block two_wide[] = {
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x2614, 0x2615},   {0x2648, 0x2653},
    {0x26AA, 0x26AB},   {0x26BD, 0x26BE},   {0x26C4, 0x26C5},   {0x2705, 0x2705},   {0x270A, 0x270B},
    {0x2728, 0x2728},   {0x274C, 0x274C},   {0x2753, 0x2755},   {0x2757, 0x2757},   {0x2795, 0x2797},
    {0x2B1B, 0x2B1C},   {0x2B50, 0x2B50},   {0x2B55, 0x2B55},   {0x2E80, 0x303E},   {0x3041, 0x33FF},
    {0x3400, 0x4DBF},   {0x4E00, 0xA4CF},   {0xA960, 0xA97C},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
    {0x1F7E0, 0x1F7EB}, {0x1F900, 0x1F9FF}, {0x1FA70, 0x1FAFF}, {0x20000, 0x3FFFD}};

template <std::size_t Count>
[[nodiscard]] constexpr bool is_in(Block const (&blocks)[Count], char32_t value) {
  auto const* const after = std::upper_bound(std::begin(blocks), std::end(blocks), value,
                                             [](char32_t v, Block const& b) { return v < b.first; });
  return after != std::begin(blocks) && value <= std::prev(after)->last;
}

}  // namespace detail

/// Cells that a terminal gives to a character: 0, 1 or 2.
[[nodiscard]] constexpr int display_width(char32_t value) {
  return detail::is_in(detail::zero_width, value) ? 0 : detail::is_in(detail::two_wide, value) ? 2 : 1;
}

/// Cells that a terminal gives to a text. Emoji joined to one picture count as their parts: too wide rather than too
/// narrow.
[[nodiscard]] constexpr int display_width(std::string_view text) {
  int width = 0;
  for_each_code_point(text, [&](CodePoint point, std::string_view) { width += display_width(point.value); });
  return width;
}

/// The text cut into what is drawn in one place: a character with the marks that follow it.
[[nodiscard]] inline std::vector<std::string> drawn_characters(std::string_view text) {
  std::vector<std::string> characters;
  for_each_code_point(text, [&](CodePoint point, std::string_view bytes) {
    if (characters.empty() || display_width(point.value) > 0) characters.emplace_back();
    characters.back() += bytes;
  });
  return characters;
}

/// The text, or as much of it as leaves room for a closing "…" in `width` cells; never half a character.
[[nodiscard]] inline std::string shortened(std::string_view text, int width) {
  if (display_width(text) <= width) return std::string(text);
  if (width <= 0) return {};
  std::string kept;
  int used = 0;
  for (std::string const& character : drawn_characters(text)) {
    int const next = display_width(character);
    if (used + next > width - 1) break;
    kept += character;
    used += next;
  }
  return kept + "…";
}

}  // namespace attend
