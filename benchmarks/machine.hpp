#pragma once

#include <attend/simd/dispatch.hpp>
#include <attend/simd/math.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <numeric>
#include <vector>

/// The limits of the machine that runs the benchmark, measured in the same run: figures without them mean little on a
/// machine that is shared.

namespace bench {

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Multiply-adds on registers only. Twelve chains hide the latency of two FMA ports (2 × 4 cycles); they start from
/// different numbers, or the compiler would merge them.
struct MultiplyAdds {
  static constexpr int chains = 12;
  static constexpr long rounds = 1'000'000;
  float* sink;

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

/// The best of a few rounds, in flops a second of one core.
inline double fma_peak(attend::Isa isa) {
  static float sink[64] = {};
  int const lanes = isa == attend::Isa::v4 ? 16 : isa == attend::Isa::v3 ? 8 : 4;
  double best = 1e30;
  for (int round = 0; round < 5; ++round) {
    double const start = seconds();
    attend::dispatch(isa, MultiplyAdds{sink});
    best = std::min(best, seconds() - start);
  }
  return 2.0 * lanes * MultiplyAdds::chains * MultiplyAdds::rounds / best;
}

/// Sums an array with four vectors in flight: what one core reads from memory (or from a cache that holds it).
struct ReadAll {
  std::vector<float> const& data;
  float* sink;

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = Set::vector_bytes / 4;
    using Raw = attend::raw_vector<float, lanes>;
    Raw sum[4] = {};
    for (std::size_t i = 0; i + 4 * lanes <= data.size(); i += 4 * lanes) {
      ATTEND_UNROLL
      for (int c = 0; c < 4; ++c) {
        Raw x;
        std::memcpy(&x, data.data() + i + static_cast<std::size_t>(c * lanes), sizeof x);
        sum[c] += x;
      }
    }
    sum[0] += sum[1] + sum[2] + sum[3];
    for (int lane = 0; lane < lanes; ++lane) sink[lane] += sum[0][lane];
  }
};

/// Bytes a second that one core reads of a working set of this size.
inline double read_rate(attend::Isa isa, std::size_t bytes) {
  static float sink[64] = {};
  std::vector<float> const data(bytes / sizeof(float), 1.f);
  double best = 1e30;
  for (int round = 0; round < 5; ++round) {
    double const start = seconds();
    attend::dispatch(isa, ReadAll{data, sink});
    best = std::min(best, seconds() - start);
  }
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

/// Numbers a second of one core.
inline double tanh_rate(attend::Isa isa) {
  std::vector<float> in(1024), out(1024);
  for (std::size_t i = 0; i < in.size(); ++i) in[i] = -4.f + 8.f * static_cast<float>(i) / 1024.f;
  constexpr long rounds = 2000;
  double best = 1e30;
  for (int round = 0; round < 5; ++round) {
    double const start = seconds();
    attend::dispatch(isa, TanhLoop{in.data(), out.data(), rounds});
    best = std::min(best, seconds() - start);
  }
  return 1024.0 * rounds / best;
}

/// Middle of a list, and how far the middle half spreads, as a fraction of it.
struct Spread {
  double median = 0, spread = 0;

  explicit Spread(std::vector<double> times) {
    std::sort(times.begin(), times.end());
    median = times[times.size() / 2];
    spread = (times[times.size() * 3 / 4] - times[times.size() / 4]) / median;
  }
};

}  // namespace bench
