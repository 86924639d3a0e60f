#include "unit.hpp"

#include <attend/attend.hpp>

namespace at = attend;

Numbers ATTEND_UNIT(Problem const& p, Numbers const& q, Numbers const& k, Numbers const& v) {
  Numbers out(static_cast<std::size_t>(p.n * p.e));
  auto const Q = at::heads(q.data(), {1, 1, p.n, p.d});
  auto const K = at::heads(k.data(), {1, 1, p.m, p.d});
  auto const V = at::heads(v.data(), {1, 1, p.m, p.e});
  auto const out4 = at::heads(out.data(), {1, 1, p.n, p.e});
  // A lambda too: it is compiled in the unit, at -O0 without inlining.
  auto const nearer = [](auto score, auto pair) { return score - 0.125f * (pair.query - pair.key); };
  if (p.causal)
    at::attention_into(out4, Q, K, V, at::Causal{}, nearer);
  else
    at::attention_into(out4, Q, K, V, nearer);
  return out;
}
