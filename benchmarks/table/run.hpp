#pragma once

#include "files.hpp"
#include "read.hpp"
#include "roofline.hpp"
#include "text.hpp"

#include <attend/visualize/save.hpp>

#include <exception>
#include <iostream>
#include <ostream>
#include <string>
#include <vector>

namespace table {

/// table <folder> <program.json>...: prints the table of all that the files hold, and writes attend.json, attend.csv
/// and roofline.svg into the folder. 0: done; 1: a row has no time; 2: what was given cannot be read, nothing is
/// written.
inline int run(std::vector<std::string> const& words, std::ostream& out, std::ostream& trouble) {
  try {
    attend::check(
        words.size() >= 2,
        "table: wanted are a folder to write to, and the files that the programs wrote with --benchmark_out.");
    Results const results = read_programs({words.begin() + 1, words.end()});
    std::string const plot = to_roofline(results);
    out << to_text(results);
    std::string const& folder = words[0];
    attend::save(folder + "/attend.json", to_json(results));
    attend::save(folder + "/attend.csv", to_csv(results));
    attend::save(folder + "/roofline.svg", plot);
    out << "\nJSON  " << folder << "/attend.json\nCSV   " << folder << "/attend.csv\nplot  " << folder
        << "/roofline.svg\n";
    for (Row const& row : results.rows)
      if (!row.fault.empty()) return 1;
    return 0;
  } catch (std::exception const& error) {
    trouble << error.what() << "\n";
    return 2;
  }
}

}  // namespace table
