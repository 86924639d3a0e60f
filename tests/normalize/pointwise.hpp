#pragma once

#include "normalize/rows.hpp"

namespace rows {

/// A pointwise normaliser by the functions that the kernel calls, on numbers and on packs.
template <class Normalizer, class T>
std::vector<T> pointwise(Normalizer const& normalizer, std::vector<T> const& scores) {
  T const shift = normalizer.template shift<T>(static_cast<Index>(scores.size()));
  std::vector<T> w(scores.size());
  T sum = 0;
  for (std::size_t j = 0; j < w.size(); ++j) sum += w[j] = normalizer.weight(scores[j] + shift);
  if (Normalizer::normalized && sum != 0)
    for (T& weight : w) weight /= sum;
  return w;
}

/// Numbers, packs and the reference agree; what is not seen weighs 0 and NaN stays NaN.
///
/// Tolerance: the functions are within some units in the last place, the sum adds √m of them.
template <class T, class Normalizer>
void expect_pointwise(Normalizer const& normalizer) {
  using Pack = attend::pack<T, 4>;
  T const epsilon = std::numeric_limits<T>::epsilon();
  for (std::vector<T> const& scores : hard_rows<T>(30)) {
    std::vector<T> const found = pointwise(normalizer, scores);
    auto const wanted = reference(normalizer, scores);
    T const tolerance = 8 * epsilon * (4 + std::sqrt(static_cast<T>(scores.size())));
    T const shift = normalizer.template shift<T>(static_cast<Index>(scores.size()));
    for (std::size_t j = 0; j < scores.size(); ++j) {
      T const w = wanted.weights(static_cast<Index>(j));
      if (w < infinity<T> && found[j] < infinity<T>) {
        ASSERT_NEAR(found[j], w, tolerance * std::abs(w) + std::numeric_limits<T>::min()) << scores[j];
      }
      T const one = normalizer.weight(scores[j] + shift);
      T const in_pack = normalizer.weight(Pack(scores[j]) + Pack(shift))[1];
      ASSERT_NEAR(in_pack, one, 8 * epsilon * std::abs(one) + std::numeric_limits<T>::min()) << scores[j];
    }
  }
  EXPECT_EQ(normalizer.weight(-infinity<T>), T(0));
  EXPECT_EQ(normalizer.weight(Pack(-infinity<T>))[2], T(0));
  EXPECT_TRUE(std::isnan(normalizer.weight(nan<T>)));
  EXPECT_TRUE(std::isnan(normalizer.weight(Pack(nan<T>))[3]));

  auto const nothing = reference(normalizer, std::vector<T>(3, -infinity<T>));
  EXPECT_EQ(nothing.weights.sum(), T(0));
  EXPECT_EQ(nothing.log_sum_exp, -infinity<T>);
  auto const something = reference(normalizer, std::vector<T>{1, -infinity<T>});
  EXPECT_EQ(Normalizer::normalized ? something.weights(0) : T(1), T(1));
  EXPECT_EQ(Normalizer::normalized ? T(0) : something.log_sum_exp, T(0));
  EXPECT_EQ(something.weights(1), T(0));
}

}  // namespace rows
