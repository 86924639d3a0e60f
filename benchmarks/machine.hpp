#pragma once

#include <attend/simd/bfloat16.hpp>
#include <attend/simd/dispatch.hpp>
#include <attend/simd/math.hpp>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

/// The limits of the machine that runs the benchmark, measured in the same run: figures without them mean little on a
/// machine that is shared.

namespace bench {

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Calls f(0) … f(threads − 1) at once, each on a thread of its own, and gives the seconds from the first start to the
/// last end.
template <class Function>
double seconds_at_once(int threads, Function const& f) {
  std::vector<std::pair<double, double>> times(static_cast<std::size_t>(threads));
  std::barrier everyone(threads);
  auto const run = [&](int thread) {
    everyone.arrive_and_wait();
    double const start = seconds();
    f(thread);
    times[static_cast<std::size_t>(thread)] = {start, seconds()};
  };
  std::vector<std::thread> others;
  for (int thread = 1; thread < threads; ++thread) others.emplace_back(run, thread);
  run(0);
  for (std::thread& other : others) other.join();
  double first = times[0].first, last = times[0].second;
  for (auto const& [start, end] : times) first = std::min(first, start), last = std::max(last, end);
  return last - first;
}

/// The shortest of a few rounds.
template <class Function>
double best_seconds(int threads, Function const& f) {
  double best = 1e30;
  for (int round = 0; round < 5; ++round) best = std::min(best, seconds_at_once(threads, f));
  return best;
}

/// Numbers of one thread, that keep a loop from being removed; no two threads write to one cache line.
struct alignas(64) Sink {
  float numbers[64] = {};
};

/// Multiply-adds on registers only. Twelve chains hide the latency of two FMA ports (2 × 4 cycles); they start from
/// different numbers, or the compiler would merge them.
struct MultiplyAdds {
  static constexpr int chains = 12;
  static constexpr long rounds = 1'000'000;
  float* sink;

  [[nodiscard]] static double flops(attend::Isa isa) {
    int const lanes = isa == attend::Isa::v4 ? 16 : isa == attend::Isa::v3 ? 8 : 4;
    return 2.0 * lanes * chains * double(rounds);
  }

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = Set::vector_bytes / 4;
    using Raw = attend::raw_vector<float, lanes>;
    Raw sum[chains], factor, term;
    for (int lane = 0; lane < lanes; ++lane) {
      factor[lane] = 1.0000001f + sink[lane];
      term[lane] = sink[lane];
    }
    for (int chain = 0; chain < chains; ++chain) sum[chain] = Raw{} + static_cast<float>(chain);
    for (long round = 0; round < rounds; ++round) {
      ATTEND_UNROLL
      for (int chain = 0; chain < chains; ++chain) sum[chain] = sum[chain] * factor + term;
    }
    Raw total = sum[0];
    for (int chain = 1; chain < chains; ++chain) total += sum[chain];
    for (int lane = 0; lane < lanes; ++lane) sink[lane] = total[lane] * 1e-30f;
  }
};

/// Flops a second of as many cores at once, the best of a few rounds.
inline double fma_peak(attend::Isa isa, int threads = 1) {
  std::vector<Sink> sinks(static_cast<std::size_t>(threads));
  double const best = best_seconds(threads, [&](int thread) {
    attend::dispatch(isa, MultiplyAdds{sinks[static_cast<std::size_t>(thread)].numbers});
  });
  return MultiplyAdds::flops(isa) * threads / best;
}

#if defined(__x86_64__)
/// The same of bfloat16, two at a time (AVX512-BF16): what calls are held against that multiply them as they are
/// stored.
struct Bfloat16Products {
  static constexpr double flops = 4.0 * 16 * MultiplyAdds::chains * double(MultiplyAdds::rounds);
  float* sink;

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int chains = MultiplyAdds::chains;
    attend::raw_vector<float, 16> sum[chains];
    attend::Bfloat16Words factor, term;
    for (int lane = 0; lane < 16; ++lane) {
      factor[lane] = 0x3f813f81u;
      term[lane] = static_cast<std::uint32_t>(sink[lane]);
    }
    for (int chain = 0; chain < chains; ++chain)
      sum[chain] = attend::raw_vector<float, 16>{} + static_cast<float>(chain);
    for (long round = 0; round < MultiplyAdds::rounds; ++round) {
      ATTEND_UNROLL
      for (int chain = 0; chain < chains; ++chain) attend::add_bfloat16_products(sum[chain], factor, term);
    }
    attend::raw_vector<float, 16> total = sum[0];
    for (int chain = 1; chain < chains; ++chain) total += sum[chain];
    for (int lane = 0; lane < 16; ++lane) sink[lane] = total[lane] * 1e-30f;
  }
};

/// Flops a second of as many cores at once, where the machine has the instruction.
inline double bfloat16_peak(int threads = 1) {
  std::vector<Sink> sinks(static_cast<std::size_t>(threads));
  double const best = best_seconds(threads, [&](int thread) {
    attend::enter<attend::V4Bfloat16Set>(Bfloat16Products{sinks[static_cast<std::size_t>(thread)].numbers});
  });
  return Bfloat16Products::flops * threads / best;
}
#else
inline double bfloat16_peak(int /*threads*/ = 1) { return 0; }
#endif

/// Sums an array with four vectors in flight: what one core reads from memory (or from a cache that holds it).
struct ReadAll {
  float const* data;
  std::size_t size;
  float* sink;

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = Set::vector_bytes / 4;
    using Raw = attend::raw_vector<float, lanes>;
    Raw sum[4] = {};
    for (std::size_t i = 0; i + 4 * lanes <= size; i += 4 * lanes) {
      ATTEND_UNROLL
      for (int c = 0; c < 4; ++c) {
        Raw x;
        std::memcpy(&x, data + i + static_cast<std::size_t>(c * lanes), sizeof x);
        sum[c] += x;
      }
    }
    sum[0] += sum[1] + sum[2] + sum[3];
    for (int lane = 0; lane < lanes; ++lane) sink[lane] += sum[0][lane];
  }
};

/// One thread's part of reading as many bytes.
inline void read_part(attend::Isa isa, std::size_t bytes, int threads, int thread, Sink& sink) {
  static std::vector<float> data;  // kept: to fill a gigabyte takes longer than to read it
  static std::mutex filling;
  {
    std::lock_guard const lock(filling);
    if (data.size() < bytes / sizeof(float)) data.assign(bytes / sizeof(float), 1.f);
  }
  std::size_t const part = bytes / sizeof(float) / static_cast<std::size_t>(threads);
  attend::dispatch(isa, ReadAll{data.data() + static_cast<std::size_t>(thread) * part, part, sink.numbers});
}

/// Bytes a second that the cores read of a working set of this size, each its part; the best of a few rounds.
inline double read_rate(attend::Isa isa, std::size_t bytes, int threads = 1) {
  std::vector<Sink> sinks(static_cast<std::size_t>(threads));
  double const best = best_seconds(
      threads, [&](int thread) { read_part(isa, bytes, threads, thread, sinks[static_cast<std::size_t>(thread)]); });
  return static_cast<double>(bytes) / best;
}

/// A bare loop of vector tanh over numbers in L1: the limit of additive attention.
struct TanhLoop {
  float const* in;
  float* out;
  long rounds;

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = Set::vector_bytes / 4;
    using Pack = attend::pack<float, lanes>;
    for (long round = 0; round < rounds; ++round)
      for (int i = 0; i < 1024; i += lanes) attend::tanh(Pack::load(in + i)).store(out + i);
  }
};

/// Numbers a second of as many cores at once.
inline double tanh_rate(attend::Isa isa, int threads = 1) {
  std::vector<float> in(1024);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = -4.f + 8.f * static_cast<float>(i) / 1024.f;
  std::vector<std::vector<float>> outs(static_cast<std::size_t>(threads), std::vector<float>(1024));
  constexpr long rounds = 2000;
  double const best = best_seconds(threads, [&](int thread) {
    attend::dispatch(isa, TanhLoop{in.data(), outs[static_cast<std::size_t>(thread)].data(), rounds});
  });
  return 1024.0 * rounds * threads / best;
}

}  // namespace bench
