#pragma once

#include <attend/core/position.hpp>
#include <attend/core/types.hpp>

#include <limits>
#include <type_traits>
#include <vector>

namespace attend::reference {

template <class T>
inline T const infinity = T(std::numeric_limits<double>::infinity());
template <class T>
inline T const not_a_number = T(std::numeric_limits<double>::quiet_NaN());

/// NaN is seen: it is a number that went wrong, not a key that was masked.
template <class T>
[[nodiscard]] bool is_seen(T const& score) {
  return !(score == -infinity<T>);
}

/// One row of scores, with what some normalisers ask besides.
template <class T>
struct ScoreRow {
  Vector<T> scores;  // (m), −∞ where not seen
  Position<> first;  // the position of the row's query and of its first key

  [[nodiscard]] Index size() const { return scores.size(); }
  [[nodiscard]] Position<> position(Index j) const {
    Position<> p = first;
    p.key = p.key + j;
    p.column = p.column + j;
    return p;
  }

  /// The columns that the query sees.
  [[nodiscard]] std::vector<Index> seen() const {
    std::vector<Index> columns;
    for (Index j = 0; j < size(); ++j)
      if (is_seen(scores(j))) columns.push_back(j);
    return columns;
  }

  /// What a whole-row normaliser is offered (normalize/family.hpp), on plain numbers.
  [[nodiscard]] T largest() const {
    T largest = -infinity<T>;
    for (Index j = 0; j < size(); ++j)
      if (largest < scores(j)) largest = scores(j);
    return largest;
  }
  template <class Function>
  [[nodiscard]] T sum(Function const& f) const {
    T sum = T(0);
    for (Index const j : seen()) sum += call(f, j);
    return sum;
  }
  template <class Function>
  [[nodiscard]] Index count(Function const& f) const {
    Index count = 0;
    for (Index const j : seen()) count += call(f, j) ? 1 : 0;
    return count;
  }

 private:
  template <class Function>
  [[nodiscard]] auto call(Function const& f, Index j) const {
    if constexpr (std::is_invocable_v<Function const&, T, Ordinal>)
      return f(scores(j), position(j).column);
    else
      return f(scores(j));
  }
};

template <class T>
struct WeightRow {
  Vector<T> weights;  // (m)
  T log_sum_exp;

  /// The row of a query that sees nothing.
  [[nodiscard]] static WeightRow empty(Index keys) { return {Vector<T>::Constant(keys, T(0)), -infinity<T>}; }

  /// The row of a query that sees a number which no formula can weigh.
  [[nodiscard]] static WeightRow undefined(ScoreRow<T> const& row) {
    WeightRow result{Vector<T>::Constant(row.size(), T(0)), not_a_number<T>};
    for (Index const j : row.seen()) result.weights(j) = not_a_number<T>;
    return result;
  }
};

}  // namespace attend::reference
