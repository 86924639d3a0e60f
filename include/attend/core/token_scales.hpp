#pragma once

#include <attend/core/concepts.hpp>
#include <attend/core/heads.hpp>

namespace attend {

/// What stored keys and values are to be multiplied by, one number a token: key j of a head stands for
/// key(b, h, j) · k_j, its value for value(b, h, j) · v_j. With bytes (`Heads<std::int8_t const>`) a cache takes a
/// quarter of the memory of floats; Int8KvCache keeps one.
///
/// Nothing is widened in memory: scores and weights are multiplied instead, so only Dot and ScaledDot take it, and
/// there is no backward.
///
/// Shapes   key, value (b, h_kv, m, 1); they are not copied
/// Throws   when the shapes are others
/// Edge     a scale that is no number reaches the rows that see its token, and no other
/// Cost     two products for each query and key
template <class Number>
struct TokenScales {
  using kind = ScalesKind;

  Heads<Number const> key, value;
};

}  // namespace attend
