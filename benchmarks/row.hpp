#pragma once

#include "machine.hpp"

#include <attend/core/check.hpp>

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdio>
#include <exception>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// One row of the table: a call, the work that it does, and the limit of the machine that it is held against. The
/// programs write what they measured as counters; `table/` computes rates and fractions of it.

namespace bench {

namespace at = attend;

/// The work of one call, by formula.
struct Work {
  double flops = 0;  // useful ones: pairs that a mask hides do not count
  double bytes = 0;  // inputs and outputs, each read or written once
  double tanhs = 0;
};

/// What bounds the row: multiply-adds on registers, of floats or of bfloat16, a sum over as many bytes, a bare loop of
/// tanh.
enum class Limit { peak, bf16, read, tanh };

/// What the table calls it.
[[nodiscard]] inline char const* limit_name(Limit limit) {
  switch (limit) {
    case Limit::bf16:
      return "bf16";
    case Limit::read:
      return "read";
    case Limit::tanh:
      return "tanh";
    default:
      return "peak";
  }
}

/// Another call, timed in turn with the row's own, and a figure of both times.
struct Beside {
  std::string name;
  std::function<void()> call;
  std::function<double(double own, double other)> figure = [](double own, double other) { return own / other; };
};

/// A call whose result has been checked.
struct Timed {
  std::function<void()> call;
  Work work;
  Limit limit = Limit::peak;
  std::map<std::string, double> also = {};  // further figures, by name
  std::optional<Beside> beside = {};        // only with add_in_turn
};

/// What the table is sorted by, and where the row runs.
struct Row {
  std::string variant, shape;
  at::Isa isa;
  int threads = 1;

  [[nodiscard]] std::string name() const {
    char const* const set = isa == at::Isa::v4 ? "v4" : isa == at::Isa::v3 ? "v3" : "baseline";
    return variant + "/" + shape + "/isa:" + set + "/threads:" + std::to_string(threads);
  }
};

/// The instruction sets of this machine, best first.
inline std::vector<at::Isa> isas() {
  std::vector<at::Isa> list;
  for (at::Isa const isa : {at::Isa::v4, at::Isa::v3, at::Isa::baseline})
    if (isa <= at::machine_isa()) list.push_back(isa);
  return list;
}

namespace detail {

/// What a row needs while its repetitions run: made and checked once, gone when the next row begins.
struct Prepared {
  std::string name, fault;
  Timed timed;
};

inline Prepared& prepared(std::string const& name, std::function<Timed()> const& prepare) {
  static Prepared current;
  if (current.name == name) return current;
  current = {};
  current.name = name;
  try {
    current.timed = prepare();
  } catch (std::exception const& error) {
    current.fault = error.what();
  }
  return current;
}

inline double limit_rate(Limit limit, Row const& row, Work const& work) {
  switch (limit) {
    case Limit::bf16:
      return bfloat16_peak(row.threads);
    case Limit::read:
      return read_rate(row.isa, static_cast<std::size_t>(work.bytes), row.threads);
    case Limit::tanh:
      return tanh_rate(row.isa, row.threads);
    default:
      return fma_peak(row.isa, row.threads);
  }
}

inline void run(benchmark::State& state, Row const& row, std::function<Timed()> const& prepare) {
  at::use_isa(row.isa);
  Prepared& ready = prepared(row.name(), prepare);
  if (!ready.fault.empty()) {
    state.SkipWithError(ready.fault.c_str());
    return;
  }
  Timed const& timed = ready.timed;
  // Before and after: what else the machine does must not make the limit look low.
  double limit = limit_rate(timed.limit, row, timed.work);
  if (timed.beside) {
    double own = 0, other = 0;
    for (auto _ : state) {
      double const start = seconds();
      timed.beside->call();
      double const middle = seconds();
      timed.call();
      double const end = seconds();
      other += middle - start;
      own += end - middle;
      state.SetIterationTime(end - middle);
    }
    state.counters[timed.beside->name] = timed.beside->figure(own, other);
  } else {
    for (auto _ : state) timed.call();
  }
  limit = std::max(limit, limit_rate(timed.limit, row, timed.work));
  state.counters[limit_name(timed.limit)] = limit;
  if (timed.work.flops > 0) state.counters["flops"] = timed.work.flops;
  if (timed.work.bytes > 0) state.counters["bytes"] = timed.work.bytes;
  if (timed.work.tanhs > 0) state.counters["tanhs"] = timed.work.tanhs;
  for (auto const& [name, value] : timed.also) state.counters[name] = value;
}

/// One line a row, while the others run.
class Progress : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(Context const&) override { return true; }
  void ReportRuns(std::vector<Run> const& runs) override {
    std::vector<double> times;
    for (Run const& run : runs)
      if (run.run_type == Run::RT_Iteration && run.iterations > 0)
        times.push_back(run.real_accumulated_time / static_cast<double>(run.iterations));
    std::string name = runs.empty() ? "" : runs[0].benchmark_name();
    name = name.substr(0, name.find("/min_time"));
    if (times.empty()) {
      if (!runs.empty() && runs[0].run_type == Run::RT_Iteration) std::printf("  %-64s  no time\n", name.c_str());
    } else {
      std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
      std::printf("  %-64s %10.4g ms\n", name.c_str(), times[times.size() / 2] * 1e3);
    }
    std::fflush(stdout);
  }
};

/// The processor by its name, where the system tells it.
inline std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name")) return line.substr(std::min(line.find(':') + 2, line.size()));
  return "";
}

}  // namespace detail

/// Registers a row. `prepare` makes what is timed and holds its result against a plain one; it throws at::Error when
/// that is off, and the row then has no time.
inline void add(Row const& row, std::function<Timed()> const& prepare) {
  benchmark::RegisterBenchmark(row.name().c_str(), [=](benchmark::State& state) { detail::run(state, row, prepare); })
      ->MinTime(0.1)
      ->UseRealTime()
      ->Unit(benchmark::kMillisecond);
}

/// The same for a row that has a call beside it.
inline void add_in_turn(Row const& row, std::function<Timed()> const& prepare) {
  benchmark::RegisterBenchmark(row.name().c_str(), [=](benchmark::State& state) { detail::run(state, row, prepare); })
      ->MinTime(0.1)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

/// Ten repetitions of at least a tenth of a second, unless the command line says otherwise. In the table stands their
/// median.
inline int main(int count, char** words) {
  std::string repetitions = "--benchmark_repetitions=10";
  std::vector<char*> all{words[0], repetitions.data()};
  all.insert(all.end(), words + 1, words + count);
  int size = static_cast<int>(all.size());
  benchmark::Initialize(&size, all.data());
  if (benchmark::ReportUnrecognizedArguments(size, all.data())) return 2;
  if (std::string const name = detail::processor(); !name.empty()) benchmark::AddCustomContext("processor", name);
  benchmark::AddCustomContext("compiler", __VERSION__);
  detail::Progress progress;
  benchmark::RunSpecifiedBenchmarks(&progress);
  benchmark::Shutdown();
  return 0;
}

}  // namespace bench
