#pragma once

#include "row.hpp"

#include <attend/core/check.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

/// From the JSON of Google Benchmark to rows. What it should hold and does not is said in one sentence.

namespace table {

using Json = nlohmann::json;

/// A field that must be there, of the kind that is asked for.
template <class Value>
[[nodiscard]] Value field(Json const& entry, char const* name, std::string const& where) {
  auto const found = entry.find(name);
  attend::check(found != entry.end(), "table: ", where, " has no \"", name, "\".");
  bool const fits = std::is_arithmetic_v<Value> ? found->is_number() : found->is_string();
  attend::check(fits, "table: \"", name, "\" of ", where, " is no ", std::is_arithmetic_v<Value> ? "number" : "text",
                ".");
  return found->template get<Value>();
}

/// Takes "forward/full/1x8x8x512x512x64/isa:v4/threads:1/real_time" apart. What has a colon and another name is Google
/// Benchmark's.
inline void read_name(std::string const& name, std::string const& where, Row& row) {
  std::vector<std::string> words;
  std::string threads;
  std::istringstream pieces(name);
  for (std::string piece; std::getline(pieces, piece, '/');) {
    if (piece.starts_with("isa:"))
      row.isa = piece.substr(4);
    else if (piece.starts_with("threads:") && threads.empty())
      threads = piece.substr(8);
    else if (piece.find(':') == std::string::npos && piece != "real_time" && piece != "manual_time")
      words.push_back(piece);
  }
  bool const is_number =
      !threads.empty() && threads.size() < 6 && threads.find_first_not_of("0123456789") == std::string::npos;
  attend::check(words.size() >= 2 && !row.isa.empty() && is_number, "table: ", where, " is called \"", name,
                "\", which is not variant/shape/isa:…/threads:….");
  row.threads = std::stoi(threads);
  row.shape = words.back();
  words.pop_back();
  for (std::string const& word : words) row.variant += (row.variant.empty() ? "" : "/") + word;
}

[[nodiscard]] inline double seconds_in(std::string const& unit, std::string const& where) {
  double const seconds = unit == "ns" ? 1e-9 : unit == "us" ? 1e-6 : unit == "ms" ? 1e-3 : unit == "s" ? 1.0 : 0.0;
  attend::check(seconds > 0, "table: ", where, " has times in \"", unit, "\", which is none of ns, us, ms, s.");
  return seconds;
}

/// Adds what one repetition measured.
inline void read_repetition(Json const& entry, std::string const& where, Row& row) {
  if (entry.value("error_occurred", false)) {
    row.fault = entry.value("error_message", std::string("it was skipped"));
    return;
  }
  double const time =
      field<double>(entry, "real_time", where) * seconds_in(field<std::string>(entry, "time_unit", where), where);
  attend::check(std::isfinite(time) && time > 0, "table: \"real_time\" of ", where, " is not above 0.");
  row.seconds.push_back(time);
  // With manual time the processor's is that of more than the row.
  auto const processor = entry.find("cpu_time");
  if (row.threads == 1 && processor != entry.end() && processor->is_number() &&
      field<std::string>(entry, "run_name", where).ends_with("/real_time"))
    row.shares.push_back(processor->get<double>() / entry["real_time"].get<double>());

  static std::set<std::string, std::less<>> const of_the_library{"family_index", "per_family_instance_index",
                                                                 "repetitions",  "repetition_index",
                                                                 "threads",      "iterations",
                                                                 "real_time",    "cpu_time"};
  std::string limit_name;
  for (auto const& [name, value] : entry.items()) {
    if (!value.is_number() || of_the_library.contains(name)) continue;
    double const number = value.get<double>();
    attend::check(std::isfinite(number), "table: \"", name, "\" of ", where, " is not finite.");
    if (name == "flops")
      row.flops = number;
    else if (name == "bytes")
      row.bytes = number;
    else if (name == "tanhs")
      row.tanhs = number;
    else if (name == "peak" || name == "bf16" || name == "read" || name == "tanh") {
      limit_name = name;
      row.limit = std::max(row.limit, number);
    } else
      row.also[name].push_back(number);
  }
  row.limit_name = limit_name;
  attend::check(!limit_name.empty() && row.limit > 0, "table: ", where,
                " has no limit: none of the counters peak, bf16, read and tanh.");
  attend::check(row.work() > 0, "table: ", where, " has the limit ", limit_name,
                " but does not count the work for it.");
}

/// Adds the rows of one file. `path` is what sentences call it.
inline void read_program(std::string const& text, std::string const& path, Results& results) {
  Json file;
  try {
    file = Json::parse(text);
  } catch (Json::parse_error const& error) {
    attend::fail("table: ", path, " is no JSON: reading it ends at byte ", error.byte, ".");
  }
  attend::check(file.is_object() && file.contains("benchmarks") && file["benchmarks"].is_array(), "table: ", path,
                " has no list \"benchmarks\"; --benchmark_out writes one.");
  if (auto const context = file.find("context"); context != file.end() && context->is_object()) {
    auto const text_of = [&](char const* name) {
      auto const found = context->find(name);
      return found != context->end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    Machine& machine = results.machine;
    if (machine.date.empty()) machine.date = text_of("date").substr(0, 10);
    if (machine.processor.empty()) machine.processor = text_of("processor");
    if (machine.compiler.empty()) machine.compiler = text_of("compiler");
    auto const cpus = context->find("num_cpus");
    if (cpus != context->end() && cpus->is_number_integer()) machine.cpus = cpus->get<int>();
    auto const scaling = context->find("cpu_scaling_enabled");
    machine.has_scaling = scaling != context->end() && scaling->is_boolean() && scaling->get<bool>();
  }

  std::string program = path.substr(path.find_last_of('/') + 1);
  program = program.substr(0, program.find('.'));
  std::vector<Row> rows;
  std::map<std::string, std::size_t> by_name;
  std::size_t number = 0;
  for (Json const& entry : file["benchmarks"]) {
    std::string where = "benchmark " + std::to_string(number++) + " of " + path;
    attend::check(entry.is_object(), "table: ", where, " is no object.");
    auto const name = field<std::string>(entry, "run_name", where);
    // The median is found here, of the repetitions: aggregates say the same again.
    if (field<std::string>(entry, "run_type", where) != "iteration") continue;
    auto const [place, is_new] = by_name.emplace(name, rows.size());
    if (is_new) {
      rows.emplace_back().program = program;
      read_name(name, where, rows.back());
    }
    read_repetition(entry, where, rows[place->second]);
  }
  results.rows.insert(results.rows.end(), rows.begin(), rows.end());
}

/// Rows of one variant together: by shape, best instruction set first, one thread before two. Programs, variants and
/// shapes stay in the order in which they came.
inline void sort(Results& results) {
  using Key = std::array<std::size_t, 5>;
  std::map<std::string, std::size_t> programs, variants, shapes;
  auto const number = [](std::map<std::string, std::size_t>& seen, std::string const& name) {
    return seen.emplace(name, seen.size()).first->second;
  };
  std::vector<std::pair<Key, Row>> keyed;
  for (Row& row : results.rows) {
    auto const isa = static_cast<std::size_t>(isa_rank(row.isa));
    std::size_t const program = number(programs, row.program), variant = number(variants, row.variant);
    std::size_t const shape = number(shapes, row.variant + "/" + row.shape);
    keyed.emplace_back(Key{program, variant, shape, isa, static_cast<std::size_t>(row.threads)}, std::move(row));
  }
  std::stable_sort(keyed.begin(), keyed.end(), [](auto const& a, auto const& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < keyed.size(); ++i) results.rows[i] = std::move(keyed[i].second);
}

[[nodiscard]] inline Results read_programs(std::vector<std::string> const& paths) {
  Results results;
  for (std::string const& path : paths) {
    std::ifstream file(path, std::ios::binary);
    attend::check(file.is_open(), "table: cannot open ", path, ".");
    std::ostringstream text;
    text << file.rdbuf();
    read_program(text.str(), path, results);
  }
  attend::check(!results.rows.empty(), "table: there is no benchmark in what was given.");
  sort(results);
  return results;
}

}  // namespace table
