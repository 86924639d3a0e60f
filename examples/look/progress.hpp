#pragma once

#include <attend/visualize/display_width.hpp>
#include <attend/visualize/terminal_style.hpp>

#include <chrono>
#include <cstdio>
#include <string>

namespace look {

/// One line on stderr that is written over again and again, and is gone in the end.
class Progress {
 public:
  /// Shown on a terminal, or when there is much to wait for.
  Progress(bool is_quiet, bool is_long)
      : is_shown_(!is_quiet && (is_long || attend::terminal_facts(stderr).is_terminal)) {}
  Progress(Progress const&) = delete;
  Progress& operator=(Progress const&) = delete;
  ~Progress() { clear(); }

  /// At most ten times a second, so that saying it costs nothing.
  void say(std::string const& what, double done = -1) {
    auto const now = std::chrono::steady_clock::now();
    if (!is_shown_ || (done >= 0 && now - last_ < std::chrono::milliseconds(100))) return;
    last_ = now;
    std::string line = "look: " + what;
    if (done >= 0) line += " " + std::to_string(static_cast<int>(100 * done)) + " %";
    int const width = attend::display_width(line);
    std::fprintf(stderr, "\r%s%*s", line.c_str(), width < width_ ? width_ - width : 0, "");
    std::fflush(stderr);
    width_ = width;
  }
  void clear() {
    if (width_ > 0) std::fprintf(stderr, "\r%*s\r", width_, "");
    std::fflush(stderr);
    width_ = 0;
  }

 private:
  bool is_shown_;
  int width_ = 0;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace look
