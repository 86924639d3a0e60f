#pragma once

#include "sunspots.hpp"

#include <attend/core/check.hpp>
#include <attend/core/random.hpp>
#include <attend/core/types.hpp>

#include <cmath>
#include <string>
#include <vector>

namespace find_the_lag {

using attend::Index;
using attend::Matrix;
using attend::Vector;

/// Numbers over time, scaled to mean 0 and variance 1 of the part that is trained on.
struct Series {
  std::string name;
  Vector<double> x;   // (n)
  Index trained = 0;  // the first so many are trained on, the others tested
  double scale = 1;   // one unit of x in the series' own units
  double noise = -1;  // what nobody can predict, in the same units, where it is known
  std::vector<Index> planted;
};

inline void standardize(Series& series) {
  double const mean = series.x.head(series.trained).mean();
  series.x.array() -= mean;
  series.scale = std::sqrt(series.x.head(series.trained).squaredNorm() / static_cast<double>(series.trained));
  series.x /= series.scale;
}

/// The sunspot numbers: 250 years to train on, the 59 from 1950 on to test.
[[nodiscard]] inline Series sunspot_series() {
  Index const years = std::ssize(sunspots);
  Series series{
      "yearly sunspot numbers, 1700 to 2008", Eigen::Map<Vector<double> const>(sunspots, years), 250, 1, -1, {}};
  standardize(series);
  return series;
}

/// x_t = Σ_i ±c x_{t − lag_i} + noise of variance 1, signs in turn, c small enough for the sum to stay bounded.
///
/// Throws   when a lag is less than 1
[[nodiscard]] inline Series planted_series(std::vector<Index> const& lags, Index length, std::uint64_t seed) {
  Series series{"planted lags", Vector<double>::Zero(length), length * 4 / 5, 1, 1, lags};
  double const share = 0.9 / static_cast<double>(lags.size());
  for (Index t = 0; t < length; ++t) {
    // Nearly normal: the sum of twelve uniform numbers.
    for (Index i = 0; i < 12; ++i) series.x(t) += attend::uniform(seed, 0, 0, t, i) - 0.5;
    for (std::size_t i = 0; i < lags.size(); ++i) {
      attend::check(lags[i] >= 1, "a lag is ", lags[i], "; it must be 1 or more.");
      if (t >= lags[i]) series.x(t) += (i % 2 == 0 ? share : -share) * series.x(t - lags[i]);
    }
  }
  standardize(series);
  return series;
}

}  // namespace find_the_lag
