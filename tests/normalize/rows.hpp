#pragma once

#include <attend/reference/normalize.hpp>
#include <attend/simd/math.hpp>
#include <attend/simd/pack.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <type_traits>
#include <vector>

namespace rows {

using attend::Index;

template <class T>
inline constexpr T infinity = std::numeric_limits<T>::infinity();
template <class T>
inline constexpr T nan = std::numeric_limits<T>::quiet_NaN();

/// A row as a whole-row normaliser is offered it, one number at a time; it counts how often it is passed over.
template <class T>
struct PlainRow {
  std::vector<T> scores;
  mutable int passes = 0;

  [[nodiscard]] T largest() const {
    ++passes;
    T largest = -infinity<T>;
    for (T const s : scores)
      if (s > largest) largest = s;
    return largest;
  }
  template <class Function>
  [[nodiscard]] T sum(Function const& f) const {
    ++passes;
    T sum = 0;
    for (std::size_t j = 0; j < scores.size(); ++j)
      if (scores[j] != -infinity<T>) sum += call(f, j);
    return sum;
  }
  template <class Function>
  [[nodiscard]] Index count(Function const& f) const {
    ++passes;
    Index count = 0;
    for (std::size_t j = 0; j < scores.size(); ++j)
      if (scores[j] != -infinity<T> && call(f, j)) ++count;
    return count;
  }

 private:
  template <class Function>
  [[nodiscard]] auto call(Function const& f, std::size_t j) const {
    if constexpr (std::is_invocable_v<Function const&, T, attend::Ordinal>)
      return f(scores[j], attend::Ordinal(j));
    else
      return f(scores[j]);
  }
};

/// The same, four numbers at a time, as the kernel does.
template <class T>
struct PackRow {
  static constexpr int lanes = 4;
  using Pack = attend::pack<T, lanes>;
  using Whole = attend::pack<attend::integer_like<T>, lanes>;

  std::vector<T> scores;  // padded with −∞

  explicit PackRow(std::vector<T> given) : scores(std::move(given)) {
    scores.resize((scores.size() + lanes - 1) / lanes * lanes, -infinity<T>);
  }
  [[nodiscard]] T largest() const { return PlainRow<T>{scores}.largest(); }
  template <class Function>
  [[nodiscard]] T sum(Function const& f) const {
    T sum = 0;
    for (std::size_t j = 0; j < scores.size(); j += lanes) {
      Pack const score = Pack::load(&scores[j]);
      sum += sum_of(select(score == -infinity<T>, Pack(T(0)), Pack(call(f, score, j))));
    }
    return sum;
  }
  template <class Function>
  [[nodiscard]] Index count(Function const& f) const {
    Index count = 0;
    for (std::size_t j = 0; j < scores.size(); j += lanes) {
      Pack const score = Pack::load(&scores[j]);
      typename Pack::mask const holds = call(f, score, j) && score != Pack(-infinity<T>);
      for (int lane = 0; lane < lanes; ++lane) count += holds[lane] ? 1 : 0;
    }
    return count;
  }

  template <class Function>
  [[nodiscard]] static auto call(Function const& f, Pack const& score, std::size_t j) {
    if constexpr (std::is_invocable_v<Function const&, Pack, Whole>)
      return f(score, Whole::consecutive(static_cast<attend::integer_like<T>>(j)));
    else
      return f(score);
  }
};

/// The weights that a whole-row normaliser gives, number by number.
template <class Normalizer, class T>
std::vector<T> weights(Normalizer const& normalizer, std::vector<T> const& scores) {
  auto const state = normalizer.solve(PlainRow<T>{scores});
  std::vector<T> w(scores.size());
  for (std::size_t j = 0; j < w.size(); ++j) w[j] = normalizer.weight(state, scores[j], attend::Ordinal(j));
  return w;
}

/// And vector by vector.
template <class Normalizer, class T>
std::vector<T> pack_weights(Normalizer const& normalizer, std::vector<T> const& scores) {
  using Row = PackRow<T>;
  Row const row(scores);
  auto const state = normalizer.solve(row);
  std::vector<T> w(row.scores.size());
  for (std::size_t j = 0; j < w.size(); j += Row::lanes)
    Row::call([&](auto const& score, auto const& column) { return normalizer.weight(state, score, column); },
              Row::Pack::load(&row.scores[j]), j)
        .store(&w[j]);
  w.resize(scores.size());
  return w;
}

/// What the sorting algorithm of the paper gives.
template <class Normalizer, class T>
attend::reference::WeightRow<T> reference(Normalizer const& normalizer, std::vector<T> const& scores) {
  attend::reference::ScoreRow<T> row;
  row.scores = Eigen::Map<attend::Vector<T> const>(scores.data(), static_cast<Index>(scores.size()));
  return attend::reference::normalize(normalizer, row);
}

/// Rows that are hard in different ways, `count` of each, from a fixed seed.
template <class T>
std::vector<std::vector<T>> hard_rows(int count) {
  std::mt19937 random(20260920);
  std::normal_distribution<double> normal;
  auto const with = [&](auto const& score) {
    std::uniform_int_distribution<int> length(1, random() % 8 == 0 ? 700 : 40);
    std::vector<T> row(static_cast<std::size_t>(length(random)));
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = static_cast<T>(score(static_cast<double>(j)));
    return row;
  };
  double const tiny = static_cast<double>(std::numeric_limits<T>::denorm_min());
  double const huge = static_cast<double>(std::numeric_limits<T>::max());
  std::vector<std::vector<T>> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(with([&](double) { return normal(random); }));
    all.push_back(with([&](double) { return 0.05 * normal(random); }));
    all.push_back(with([&](double) { return 100 * normal(random); }));
    all.push_back(with([&](double) { return 1e4 * normal(random); }));
    all.push_back(with([&](double) { return std::round(normal(random)); }));  // ties
    all.push_back(with([&](double) { return 3.25; }));                        // nothing but ties
    all.push_back(with([&](double) { return 0.01 * std::round(4 * normal(random)); }));
    all.push_back(with([&](double) { return 0.25 * huge * std::tanh(normal(random)); }));
    all.push_back(with([&](double) { return (random() % 2 == 0 ? 1 : -1) * huge; }));
    all.push_back(with([&](double) { return std::round(5 * normal(random)) * tiny; }));
    all.push_back(with([&](double) { return random() % 2 == 0 ? 0.0 : -0.0; }));
    all.push_back(with([&](double) { return 1e6 + normal(random); }));  // near each other, far from 0
    all.push_back(with([&](double j) { return -std::pow(0.5, j); }));   // crowded at the top
    all.push_back(with([&](double j) { return -std::pow(0.9, j); }));
    all.push_back(with([&](double j) { return -j * j * 1e-4; }));
    all.push_back(with([&](double) { return random() % 3 == 0 ? -infinity<double> : normal(random); }));
    all.push_back(with([&](double) { return random() % 50 == 0 ? normal(random) : -huge; }));
  }
  return all;
}

template <class T>
bool sees_something(std::vector<T> const& scores) {
  return std::any_of(scores.begin(), scores.end(), [](T s) { return s != -infinity<T>; });
}

/// Runs a whole-row normaliser over hard rows: like the sorting algorithm, alike in packs, sums of 1, exact zeros
/// where the score is −∞, and no more passes than announced.
///
/// Tolerance: a sum of m numbers of at most 1 rounds by m·ε in the worst order, √m·ε mostly.
template <class T, class Normalizer>
void expect_like_sorting(Normalizer const& normalizer, int passes) {
  T const epsilon = std::numeric_limits<T>::epsilon();
  for (std::vector<T> const& scores : hard_rows<T>(60)) {
    if (!sees_something(scores)) continue;
    T const tolerance = 4 * epsilon * (4 + std::sqrt(static_cast<T>(scores.size())));
    auto const wanted = reference(normalizer, scores);
    std::vector<T> const found = weights(normalizer, scores), in_packs = pack_weights(normalizer, scores);
    T sum = 0;
    for (std::size_t j = 0; j < scores.size(); ++j) {
      sum += found[j];
      ASSERT_NEAR(found[j], wanted.weights(static_cast<Index>(j)), tolerance) << j << " of " << scores.size();
      ASSERT_NEAR(in_packs[j], found[j], tolerance);
      ASSERT_TRUE(std::isfinite(found[j]) && found[j] >= 0);
      if (scores[j] == -infinity<T>) {
        ASSERT_EQ(found[j], T(0));
        ASSERT_EQ(in_packs[j], T(0));
      }
    }
    ASSERT_NEAR(sum, T(1), tolerance * 4);
    PlainRow<T> const row{scores};
    auto const state = normalizer.solve(row);
    ASSERT_LE(row.passes, passes) << scores.size() << " scores";
    T const kept = wanted.log_sum_exp;
    ASSERT_NEAR(state.log_sum_exp, kept, tolerance * std::max(T(1), std::abs(kept)));
  }
}

/// −∞ where nothing is seen has no solve; NaN and +∞ make the whole row NaN, except what is not seen.
template <class T, class Normalizer>
void expect_poisoned(Normalizer const& normalizer) {
  for (T const poison : {nan<T>, infinity<T>})
    for (std::size_t size : {1u, 2u, 5u, 9u})
      for (std::size_t place = 0; place < size; ++place) {
        std::vector<T> scores(size, T(0.5));
        scores[size / 2] = -infinity<T>;
        scores[place] = poison;
        for (auto const& w : {weights(normalizer, scores), pack_weights(normalizer, scores)})
          for (std::size_t j = 0; j < size; ++j)
            if (scores[j] == -infinity<T>)
              EXPECT_EQ(w[j], T(0)) << poison << " at " << place << " of " << size;
            else
              EXPECT_TRUE(std::isnan(w[j])) << poison << " at " << place << " of " << size << ", weight " << j;
        auto const wanted = reference(normalizer, scores);
        EXPECT_TRUE(std::isnan(wanted.log_sum_exp));
        EXPECT_TRUE(std::isnan(normalizer.solve(PlainRow<T>{scores}).log_sum_exp));
      }
}

/// The largest of `value` over a grid of all weights of three keys that sum to 1.
template <class Value>
double largest_on_simplex(Value const& value) {
  constexpr int steps = 400;
  double largest = -std::numeric_limits<double>::infinity();
  for (int a = 0; a <= steps; ++a)
    for (int b = 0; a + b <= steps; ++b)
      largest = std::max(
          largest, value(std::array<double, 3>{double(a) / steps, double(b) / steps, double(steps - a - b) / steps}));
  return largest;
}

}  // namespace rows
