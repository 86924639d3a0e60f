#include "row.hpp"

#include <memory>

/// The limits of this machine: the roofs of the plot. Runs with every choice of programs, so that they are of the same
/// run.

namespace {

using namespace bench;

/// `rate` is the best of five rounds; the row's own time is that of one.
void limit(Row const& row, Work const& work, std::function<void(int)> const& loop,
           std::function<double()> const& rate) {
  benchmark::RegisterBenchmark(row.name().c_str(),
                               [=](benchmark::State& state) {
                                 double const best = rate();
                                 for (auto _ : state) state.SetIterationTime(seconds_at_once(row.threads, loop));
                                 if (work.flops > 0) state.counters["flops"] = work.flops;
                                 if (work.bytes > 0) state.counters["bytes"] = work.bytes;
                                 state.counters[work.flops > 0 ? "peak" : "read"] = best;
                               })
      ->MinTime(0.1)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

void multiply_adds(at::Isa isa, int threads) {
  auto const sinks = std::make_shared<std::vector<Sink>>(static_cast<std::size_t>(threads));
  auto const loop = [=](int thread) {
    at::dispatch(isa, MultiplyAdds{(*sinks)[static_cast<std::size_t>(thread)].numbers});
  };
  limit({"limits/multiply_adds", "registers", isa, threads}, {.flops = MultiplyAdds::flops(isa) * threads}, loop,
        [=] { return fma_peak(isa, threads); });
}

void reading(std::size_t bytes, int threads) {
  at::Isa const isa = isas().front();
  auto const sinks = std::make_shared<std::vector<Sink>>(static_cast<std::size_t>(threads));
  auto const loop = [=](int thread) { read_part(isa, bytes, threads, thread, (*sinks)[std::size_t(thread)]); };
  limit({"limits/read", "1GiB", isa, threads}, {.bytes = double(bytes)}, loop,
        [=] { return read_rate(isa, bytes, threads); });
}

}  // namespace

int main(int count, char** words) {
  for (at::Isa const isa : isas())
    for (int const threads : {1, 2}) multiply_adds(isa, threads);
  for (int const threads : {1, 2}) reading(std::size_t{1} << 30, threads);
  return bench::main(count, words);
}
