#pragma once

#include "digits.hpp"
#include "row.hpp"

#include <attend/visualize/escape.hpp>

#include <nlohmann/json.hpp>

#include <string>

/// The table for programs: the same rows as JSON and as comma-separated values, in seconds, flops and bytes.

namespace table {

[[nodiscard]] inline std::string to_json(Results const& results) {
  using Ordered = nlohmann::ordered_json;
  Machine const& machine = results.machine;
  Ordered file{{"machine",
                {{"processor", machine.processor},
                 {"cpus", machine.cpus},
                 {"compiler", machine.compiler},
                 {"date", machine.date},
                 {"clock_changes", machine.has_scaling},
                 {"share_of_core", results.share_of_core()}}},
               {"rows", Ordered::array()}};
  for (Row const& row : results.rows) {
    Ordered entry{{"program", row.program},
                  {"variant", row.variant},
                  {"shape", row.shape},
                  {"instruction_set", row.isa},
                  {"threads", row.threads}};
    if (row.fault.empty()) {
      entry["seconds"] = row.time();
      entry["spread"] = row.spread();
      entry["repetitions"] = row.seconds;
      entry["flops"] = row.flops;
      entry["bytes"] = row.bytes;
      if (row.tanhs > 0) entry["tanhs"] = row.tanhs;
      entry["rate"] = row.rate();
      entry["limit"] = {{"name", row.limit_name}, {"rate", row.limit}};
      entry["of_limit"] = row.of_limit();
      for (auto const& [name, values] : row.also) entry["also"][name] = median(values);
    } else {
      entry["fault"] = row.fault;
    }
    file["rows"].push_back(std::move(entry));
  }
  return file.dump(2) + "\n";
}

/// Source   RFC 4180, with \n for line ends
[[nodiscard]] inline std::string to_csv(Results const& results) {
  std::string text =
      "program,variant,shape,instruction_set,threads,seconds,spread,repetitions,flops,bytes,tanhs,"
      "limit,limit_rate,rate,of_limit,also,fault\n";
  for (Row const& row : results.rows) {
    auto const line = [&](std::string const& first, auto const&... others) {
      text += first;
      ((text += "," + others), ...);
      text += "\n";
    };
    bool const has_time = row.fault.empty();
    auto const number = [&](double value) { return has_time && value != 0 ? six_digits(value) : std::string(); };
    // An empty field without quotes: csv_field would write "".
    auto const word = [](std::string const& value) { return value.empty() ? value : attend::csv_field(value); };
    std::string also;
    for (auto const& [name, values] : row.also)
      also += (also.empty() ? "" : " ") + name + "=" + six_digits(median(values));
    line(word(row.program), word(row.variant), word(row.shape), word(row.isa), std::to_string(row.threads),
         number(row.time()), has_time ? six_digits(row.spread()) : std::string(), std::to_string(row.seconds.size()),
         number(row.flops), number(row.bytes), number(row.tanhs), word(row.limit_name), number(row.limit),
         number(row.rate()), number(row.of_limit()), word(also), word(row.fault));
  }
  return text;
}

}  // namespace table
