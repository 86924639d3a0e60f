#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace table {

/// The middle of a list.
[[nodiscard]] inline double median(std::vector<double> numbers) {
  if (numbers.empty()) return 0;
  std::sort(numbers.begin(), numbers.end());
  std::size_t const middle = numbers.size() / 2;
  return numbers.size() % 2 == 1 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2;
}

/// The best instruction set first.
[[nodiscard]] inline int isa_rank(std::string const& isa) { return isa == "baseline" ? 9 : isa == "v4" ? 0 : 1; }

/// One benchmark: where it ran, and what its repetitions measured.
struct Row {
  std::string program, variant, shape, isa;
  int threads = 1;
  std::vector<double> seconds;             // one a repetition
  double flops = 0, bytes = 0, tanhs = 0;  // of one call; 0: not counted
  std::string limit_name;                  // peak, bf16, read or tanh: what it is a fraction of
  double limit = 0;                        // a second, the best that was seen beside it
  std::map<std::string, std::vector<double>> also;
  std::vector<double> shares;  // processor time over time: below 1 where others had the core
  std::string fault;           // why it has no time

  [[nodiscard]] double time() const { return median(seconds); }
  /// How far the middle half of the repetitions spreads, as a fraction of their median.
  [[nodiscard]] double spread() const {
    if (seconds.empty() || time() == 0) return 0;
    std::vector<double> sorted = seconds;
    std::sort(sorted.begin(), sorted.end());
    return (sorted[sorted.size() * 3 / 4] - sorted[sorted.size() / 4]) / time();
  }
  [[nodiscard]] double work() const { return limit_name == "read" ? bytes : limit_name == "tanh" ? tanhs : flops; }
  /// Work a second, of the kind that the limit counts.
  [[nodiscard]] double rate() const { return time() > 0 ? work() / time() : 0; }
  [[nodiscard]] double of_limit() const { return limit > 0 ? rate() / limit : 0; }
  [[nodiscard]] char const* unit() const {
    return limit_name == "read" ? "GB/s" : limit_name == "tanh" ? "Gtanh/s" : "GFLOP/s";
  }
  [[nodiscard]] bool is_limit() const { return variant.starts_with("limits/"); }
};

/// Where and when the programs ran.
struct Machine {
  std::string processor, compiler, date;
  int cpus = 0;
  bool has_scaling = false;  // the processor changes its clock by itself
};

/// All rows in the order of the table, and the machine.
struct Results {
  Machine machine;
  std::vector<Row> rows;

  /// How much of a core the rows on one thread had, in the middle; 1 where that is not known.
  [[nodiscard]] double share_of_core() const {
    std::vector<double> shares;
    for (Row const& row : rows) shares.insert(shares.end(), row.shares.begin(), row.shares.end());
    return shares.empty() ? 1 : median(shares);
  }
};

}  // namespace table
