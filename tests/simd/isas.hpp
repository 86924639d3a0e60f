#pragma once

#include <attend/simd/dispatch.hpp>
#include <attend/simd/pack.hpp>

#include <cstdlib>
#include <tuple>
#include <vector>

/// What the tests of simd/ share: the instruction sets, and functions applied to arrays by packs.

/// The one that ATTEND_ISA names, or all that this machine has.
inline std::vector<attend::Isa> isas() {
  if (char const* const wish = std::getenv("ATTEND_ISA"); wish != nullptr && *wish != '\0')
    return {attend::active_isa()};
  std::vector<attend::Isa> all;
  for (attend::Isa const isa : {attend::Isa::baseline, attend::Isa::v3, attend::Isa::v4})
    if (isa <= attend::machine_isa()) all.push_back(isa);
  return all;
}

/// Whether a vector of the instruction set holds `lanes` numbers: tests that fix the number of lanes use it.
template <class Set, class Number>
inline constexpr int lanes_of = Set::vector_bytes / static_cast<int>(sizeof(Number));

/// out = f(in…), whole packs at a time; the arrays are multiples of 16 long.
template <class Function, class Out, class... In>
struct Apply {
  Function function;
  std::size_t count;
  Out* out;
  std::tuple<In const*...> in;

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = lanes_of<Set, Out>;
    for (std::size_t i = 0; i < count; i += lanes) {
      attend::pack<Out, lanes> const result = std::apply(
          [&](In const*... from)
              __attribute__((always_inline)) { return function(attend::pack<In, lanes>::load(from + i)...); },
          in);
      result.store(out + i);
    }
  }
};

template <class Out, class Function, class... In>
std::vector<Out> apply(attend::Isa isa, Function const& function, std::vector<In> const&... in) {
  std::size_t const count = std::get<0>(std::tie(in...)).size();
  std::vector<Out> out(count);
  attend::dispatch(isa, Apply<Function, Out, In...>{function, count, out.data(), {in.data()...}});
  return out;
}
