#pragma once

#include <attend/core/check.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <system_error>

namespace train {

/// A check of CLI11 that refuses with a sentence.
[[nodiscard]] inline CLI::Validator between(std::int64_t low, std::int64_t high) {
  return {
      [=](std::string& text) {
        std::int64_t value = 0;
        auto const [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
        bool const is_right = fault == std::errc() && end == text.data() + text.size() && value >= low && value <= high;
        return is_right ? std::string()
                        : text + " is not a whole number from " + std::to_string(low) + " to " + std::to_string(high);
      },
      ""};
}

/// Makes a folder for pictures, and those above it.
///
/// Throws   when it cannot be made
inline void make_folder(std::string const& path) {
  std::error_code fault;
  std::filesystem::create_directories(path, fault);
  attend::check(!fault, "cannot make the folder ", path, ": ", fault.message(), ".");
}

/// Reads the options and calls run(). What it cannot use ends in one sentence on stderr and exit code 2.
template <class Run>
int run_program(CLI::App& app, char const* name, int count, char** arguments, Run const& run) {
  auto const refuse = [&](std::string sentence) {
    std::replace(sentence.begin(), sentence.end(), '\n', ' ');
    std::fprintf(stderr, "%s: %s\n", name, sentence.c_str());
    return 2;
  };
  try {
    app.parse(count, arguments);
    return run();
  } catch (CLI::ParseError const& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return refuse(error.what());
  } catch (std::exception const& error) {
    return refuse(error.what());
  }
}

}  // namespace train
