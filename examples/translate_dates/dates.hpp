#pragma once

#include "../train/draw.hpp"

#include <attend/core/check.hpp>
#include <attend/core/random.hpp>
#include <attend/core/types.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Dates as people write them, and the same dates as ISO 8601 does.

namespace translate_dates {

using attend::Index;
using train::Draw;

/// What is written, what it means, and which letters each letter of the answer comes from.
struct Example {
  std::string text;                  // "tuesday, 3 may 1988"
  std::string answer;                // "1988-05-03"
  attend::Matrix<double> alignment;  // (answer, text)  1 where they belong together
};

inline constexpr std::array<std::string_view, 12> months{"january",   "february", "march",    "april",
                                                         "may",       "june",     "july",     "august",
                                                         "september", "october",  "november", "december"};
inline constexpr std::array<std::string_view, 7> weekdays{"sunday",   "monday", "tuesday", "wednesday",
                                                          "thursday", "friday", "saturday"};

/// A text under construction: each piece with the letters of the answer that it tells.
class Writer {
 public:
  explicit Writer(std::string answer) : answer_(std::move(answer)) {}

  Writer& say(std::string_view words) {
    for (char const letter : words) add(letter, {});
    return *this;
  }
  /// Letters that tell all the places together, such as the name of a month.
  Writer& name(std::string_view word, std::vector<Index> const& places) {
    for (char const letter : word) add(letter, places);
    return *this;
  }
  /// A number whose digits tell one place each; a single digit tells both.
  Writer& number(std::string const& digits, std::vector<Index> const& places) {
    for (std::size_t i = 0; i < digits.size(); ++i)
      add(digits[i], digits.size() == places.size() ? std::vector<Index>{places[i]} : places);
    return *this;
  }

  [[nodiscard]] std::string const& text() const { return text_; }
  [[nodiscard]] std::string const& answer() const { return answer_; }
  [[nodiscard]] std::vector<std::vector<Index>> const& tells() const { return tells_; }

 private:
  void add(char letter, std::vector<Index> const& places) {
    text_ += letter;
    tells_.push_back(places);
  }
  std::string text_, answer_;
  std::vector<std::vector<Index>> tells_;
};

[[nodiscard]] inline std::string two_digits(int number) {
  return {static_cast<char>('0' + number / 10), static_cast<char>('0' + number % 10)};
}

/// "1st", "22nd", "13th": the ending.
[[nodiscard]] inline std::string_view ending(int day) {
  if (day / 10 == 1) return "th";
  return day % 10 == 1 ? "st" : day % 10 == 2 ? "nd" : day % 10 == 3 ? "rd" : "th";
}

/// The ways to write. Of numbers with dots the first is the day, of numbers with strokes the month, so that every text
/// means one date.
inline constexpr std::array<std::string_view, 10> ways{
    "%d %m %y",  "%m %d, %y", "%d%e of %m %y", "%w, %d %m %y",
    "%d.%n.%y",  "%n/%d/%y",  "%a %z %b %y",   "the %d%e day of %m in %y",
    "%y, %m %d", "%b %d %y"};

/// A date in one of these ways.
[[nodiscard]] inline Writer write(std::chrono::year_month_day date, std::string_view pattern) {
  int const d = static_cast<int>(static_cast<unsigned>(date.day()));
  int const m = static_cast<int>(static_cast<unsigned>(date.month()));
  std::string const y = std::to_string(static_cast<int>(date.year()));
  std::string_view const month = months[static_cast<std::size_t>(m - 1)];
  std::string_view const weekday = weekdays[std::chrono::weekday(std::chrono::sys_days(date)).c_encoding()];
  std::string const day = std::to_string(d);

  std::vector<Index> const year_places{0, 1, 2, 3}, month_places{5, 6}, day_places{8, 9};
  Writer writer(y + "-" + two_digits(m) + "-" + two_digits(d));
  auto const the_day = [&] { writer.number(day, day_places); };
  auto const the_month = [&](std::string_view word) { writer.name(word, month_places); };
  auto const the_year = [&] { writer.number(y, year_places); };
  // %d day  %m month  %b its first letters  %n its number  %y year  %w weekday  %a its first letters  %e st, nd, …
  // %z day with two digits
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') {
      writer.say(pattern.substr(i, 1));
      continue;
    }
    switch (pattern[++i]) {
      case 'd':
        the_day();
        break;
      case 'z':
        writer.number(two_digits(d), day_places);
        break;
      case 'e':
        writer.say(ending(d));
        break;
      case 'm':
        the_month(month);
        break;
      case 'b':
        the_month(month.substr(0, 3));
        break;
      case 'n':
        writer.number(std::to_string(m), month_places);
        break;
      case 'w':
        writer.say(weekday);
        break;
      case 'a':
        writer.say(weekday.substr(0, 3));
        break;
      default:
        the_year();
    }
  }
  return writer;
}

/// One date of every ten is never trained on.
[[nodiscard]] inline bool is_held_out(std::chrono::year_month_day date) {
  auto const days = static_cast<std::uint64_t>(std::chrono::sys_days(date).time_since_epoch().count());
  return attend::detail::mix(days) % 10 == 0;
}

/// `count` dates from 1600 to 2199 in one text, with "; " between: "3 may 1988; 7/12/2001".
[[nodiscard]] inline Example draw_example(Draw& draw, Index count, bool held_out) {
  Example example;
  std::vector<std::vector<Index>> tells;
  while (count-- > 0) {
    std::chrono::year_month_day date;
    do {
      using std::chrono::sys_days;
      constexpr sys_days first = std::chrono::year(1600) / 1 / 1, last = std::chrono::year(2200) / 1 / 1;
      date = first + std::chrono::days(draw.below((last - first).count()));
    } while (is_held_out(date) != held_out);
    Writer const one = write(date, ways[static_cast<std::size_t>(draw.below(std::ssize(ways)))]);
    if (!example.text.empty()) {
      example.text += "; ";
      example.answer += ";";
      tells.resize(tells.size() + 2);
    }
    for (std::vector<Index> places : one.tells()) {
      for (Index& place : places) place += std::ssize(example.answer);
      tells.push_back(places);
    }
    example.text += one.text();
    example.answer += one.answer();
  }
  example.alignment = attend::Matrix<double>::Zero(std::ssize(example.answer), std::ssize(example.text));
  for (std::size_t j = 0; j < tells.size(); ++j)
    for (Index const place : tells[j]) example.alignment(place, static_cast<Index>(j)) = 1;
  return example;
}

/// Letters as numbers.
class Alphabet {
 public:
  explicit Alphabet(std::string_view letters) : letters_(letters) {}
  [[nodiscard]] Index size() const { return std::ssize(letters_); }
  [[nodiscard]] char letter(Index number) const { return letters_[static_cast<std::size_t>(number)]; }
  [[nodiscard]] Index number(char letter) const {
    std::size_t const at = letters_.find(letter);
    attend::check(at != std::string_view::npos, "a text holds the letter \"", letter, "\"; it may have only ", letters_,
                  ".");
    return static_cast<Index>(at);
  }

 private:
  std::string_view letters_;
};

inline Alphabet const written("abcdefghijklmnopqrstuvwxyz0123456789 ,./;");
/// The last stands for "nothing yet": what the decoder is handed before the first letter.
inline Alphabet const iso("0123456789-;^");

}  // namespace translate_dates
