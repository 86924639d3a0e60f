#pragma once

#include <vector>

/// Sizes of one problem: queries, keys, features of q and k, features of v.
struct Problem {
  int n, m, d, e;
  bool causal;
};

/// Only plain numbers cross the units: Eigen's own types have another layout and another way to allocate under
/// -march=native, which Eigen does not allow to mix.
using Numbers = std::vector<float>;
using Unit = Numbers(Problem const&, Numbers const& q, Numbers const& k, Numbers const& v);

Unit unit_o0, unit_o2, unit_native;
