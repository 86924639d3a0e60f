#include <attend/hard/scored_row.hpp>

#include <attend/hard/categorical.hpp>

#include "hard/gradients.hpp"

#include <numeric>

namespace scored_row_tests {

using attend::Categorical;
using attend::Index;
using attend::Isa;
using attend::hard_detail::ScoredRow;

template <class Number>
attend::Vector<Number> differences_of(attend::Vector<Number> const& scores) {
  Number const infinity = std::numeric_limits<Number>::infinity();
  attend::Vector<Number> d = attend::Vector<Number>::Zero(scores.size());
  for (Index j = 0; j < d.size(); ++j)
    if (scores(j) != -infinity) d(j) = scores(j) - scores.maxCoeff() - std::numeric_limits<Number>::min();
  return d;
}

/// Scores with ties, and some that are not seen.
template <class Number>
attend::Vector<Number> scores_of(Index keys, double scale) {
  attend::Vector<Number> scores = (scale * gradients::normal(keys, 7).array()).template cast<Number>();
  for (Index j = 0; j < keys; ++j) {
    if (j % 5 == 2) scores(j) = Number(0.5);
    if (j % 7 == 3) scores(j) = -std::numeric_limits<Number>::infinity();
  }
  return scores;
}

template <class Number>
class ScoredRowOf : public testing::Test {};
using Numbers = testing::Types<float, double>;
TYPED_TEST_SUITE(ScoredRowOf, Numbers);

TYPED_TEST(ScoredRowOf, IsTheCategoricalOfItsScoresOnEveryInstructionSet) {
  Isa const active = attend::active_isa();
  double const epsilon = static_cast<double>(std::numeric_limits<TypeParam>::epsilon());
  for (Isa const isa : {Isa::baseline, Isa::v3, Isa::v4}) {
    if (isa > attend::machine_isa()) continue;
    attend::use_isa(isa);
    for (Index const keys : {1, 2, 15, 63, 64, 65, 200})
      for (double const scale : {0.1, 2.0, 60.0})
        for (TypeParam const temperature : {TypeParam(1), TypeParam(0.5)}) {
          attend::Vector<TypeParam> const scores = scores_of<TypeParam>(keys, scale);
          attend::Vector<TypeParam> const d = differences_of(scores);
          attend::Vector<TypeParam> exponentials(keys);
          ScoredRow<TypeParam> const row(d.data(), keys, temperature, exponentials.data());
          Categorical const wanted(gradients::Vector(scores.template cast<double>() / double(temperature)));
          ASSERT_TRUE(row.sees_something() && !row.is_poisoned());
          ASSERT_NEAR(static_cast<double>(row.entropy()), wanted.entropy(), 50 * epsilon * (1 + wanted.entropy()));
          for (Index j = 0; j < keys; ++j)
            if (d(j) != 0) {
              ASSERT_NEAR(static_cast<double>(row.log_probability(j)), wanted.log_probability(j),
                          20 * epsilon * (1 - wanted.log_probability(j)));
            }
          double before = 0;
          for (Index j = 0; j < keys; ++j) {  // the middle of each key's share of the numbers
            if (wanted.probability(j) > 1e-4) {
              ASSERT_EQ(row.key_at(before + wanted.probability(j) / 2), j);
            }
            before += wanted.probability(j);
          }
          for (double const u : {0x1p-53, 1 - 0x1p-53}) {
            Index const key = row.key_at(u);
            ASSERT_TRUE(key >= 0 && key < keys && exponentials(key) > 0) << u;
          }
        }
  }
  attend::use_isa(active);
}

TYPED_TEST(ScoredRowOf, LargestKeysAreThoseOfASort) {
  for (Index const keys : {1, 64, 65, 300}) {
    attend::Vector<TypeParam> const scores = scores_of<TypeParam>(keys, 1), d = differences_of(scores);
    attend::Vector<TypeParam> exponentials(keys);
    ScoredRow<TypeParam> const row(d.data(), keys, TypeParam(1), exponentials.data());
    std::vector<Index> sorted(static_cast<std::size_t>(keys));
    std::iota(sorted.begin(), sorted.end(), Index{0});
    std::erase_if(sorted, [&](Index j) { return d(j) == 0; });
    std::stable_sort(sorted.begin(), sorted.end(), [&](Index a, Index b) { return scores(a) > scores(b); });
    for (Index const count : {1, 2, 3, 50, 400}) {
      std::vector<Index> const wanted(sorted.begin(),
                                      sorted.begin() + std::min<Index>(count, static_cast<Index>(sorted.size())));
      EXPECT_EQ(row.largest_keys(count), wanted) << count << " of " << keys;
    }
  }
}

TEST(ScoredRow, ThePicksOfAMaskedEndAreSeen) {
  attend::Vector<float> d = attend::Vector<float>::Zero(300), exponentials(300);
  d.segment(64, 3) << -1, -std::numeric_limits<float>::min(), -300;
  ScoredRow<float> const row(d.data(), 300, 1.0f, exponentials.data());
  EXPECT_EQ(row.key_at(0x1p-53), 64);
  EXPECT_EQ(row.key_at(1 - 0x1p-53), 65);
}

TEST(ScoredRow, NothingAndPoison) {
  attend::Vector<float> d = attend::Vector<float>::Zero(70), exponentials(70);
  ScoredRow<float> const blind(d.data(), 70, 1.0f, exponentials.data());
  EXPECT_FALSE(blind.sees_something());
  EXPECT_EQ(blind.entropy(), 0);
  EXPECT_TRUE(blind.largest_keys(3).empty());
  d(66) = std::numeric_limits<float>::quiet_NaN();
  ScoredRow<float> const poisoned(d.data(), 70, 1.0f, exponentials.data());
  EXPECT_TRUE(poisoned.is_poisoned());
  EXPECT_TRUE(std::isnan(poisoned.entropy()));
  ScoredRow<float> const empty(d.data(), 0, 1.0f, exponentials.data());
  EXPECT_FALSE(empty.sees_something());
}

}  // namespace scored_row_tests
