#pragma once

#include "series.hpp"

#include <Eigen/QR>

#include <cmath>

namespace find_the_lag {

/// √(mean of squares) of the errors over [from, to), in the series' own units.
[[nodiscard]] inline double root_mean_square(Series const& series, Vector<double> const& prediction, Index from,
                                             Index to) {
  Vector<double> const error = (prediction - series.x).segment(from, to - from);
  return series.scale * std::sqrt(error.squaredNorm() / static_cast<double>(to - from));
}

/// The linear prediction x_t = b + Σ a_i x_{t−i} of the last `lags` numbers, by least squares over the part that is
/// trained on. Two lags are what Yule fitted to sunspots.
///
/// Source   Yule 1927, Philosophical Transactions A 226
[[nodiscard]] inline Vector<double> linear_prediction(Series const& series, Index lags, Index first) {
  Index const n = series.x.size();
  Matrix<double> rows = Matrix<double>::Ones(n, lags + 1);
  for (Index t = 0; t < n; ++t)
    for (Index lag = 1; lag <= lags; ++lag) rows(t, lag) = t >= lag ? series.x(t - lag) : 0;
  Index const count = series.trained - first;
  Vector<double> const fitted =
      rows.middleRows(first, count).colPivHouseholderQr().solve(series.x.segment(first, count));
  return rows * fitted;
}

}  // namespace find_the_lag
