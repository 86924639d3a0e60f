#pragma once

#include <attend/visualize/display_width.hpp>

#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

namespace train {

/// One line on stderr that is written over again and again, and is gone in the end:
///
///   translate_dates: step 350 of 2000, loss 0.214, 81 % of letters right, 35 s left
class Progress {
 public:
  Progress(std::string program, bool is_quiet) : program_(std::move(program)), is_quiet_(is_quiet) {}
  Progress(Progress const&) = delete;
  Progress& operator=(Progress const&) = delete;
  ~Progress() { clear(); }

  /// At most ten times a second, so that saying it costs nothing. `done` from 0 to 1.
  void say(std::string const& what, double done) {
    auto const now = std::chrono::steady_clock::now();
    if (is_quiet_ || now - last_ < std::chrono::milliseconds(100)) return;
    last_ = now;
    std::string line = program_ + ": " + what;
    double const seconds = std::chrono::duration<double>(now - start_).count();
    if (done > 0 && seconds > 1)
      line += ", " + std::to_string(static_cast<int>(seconds * (1 - done) / done + 1)) + " s left";
    int const width = attend::display_width(line);
    std::fprintf(stderr, "\r%s%*s", line.c_str(), width < width_ ? width_ - width : 0, "");
    std::fflush(stderr);
    width_ = width;
  }
  void clear() {
    if (width_ == 0) return;
    std::fprintf(stderr, "\r%*s\r", width_, "");
    std::fflush(stderr);
    width_ = 0;
  }
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::string program_;
  bool is_quiet_;
  int width_ = 0;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now(), last_{};
};

}  // namespace train
