#include <attend/attention.hpp>
#include <attend/layer/gru.hpp>
#include <attend/layer/initialize.hpp>
#include <attend/layer/sequence.hpp>
#include <attend/score/bias.hpp>

#include <gtest/gtest.h>

#include <cmath>

/// Copying a token from far away: what reaches it of the gradient of a loss at the end, through a recurrent net alone
/// (Bengio 1994) and through attention over its states, whose path is one step long whatever the distance (Vaswani
/// 2017, table 1). And why that does not end vanishing gradients: a softmax that is saturated passes none.

namespace long_range_tests {

using attend::Index;
using attend::Matrix;

constexpr Index in = 4, hidden = 16;

[[nodiscard]] Matrix<double> numbers(Index rows, Index columns, std::uint64_t seed) {
  Matrix<double> x(rows, columns);
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j) x(i, j) = 2 * attend::uniform(seed, 0, 0, i, j) - 1;
  return x;
}

/// A cell over `distance` tokens.
struct Net {
  attend::Sequence<attend::Gru<double>> cells{attend::Gru<double>(in, hidden)};
  Matrix<double> x, d_output = numbers(1, hidden, 3);
  attend::Sequence<attend::Gru<double>>::Forward kept;

  explicit Net(Index distance) : x(numbers(distance, in, 2)) {
    attend::initialize_uniform(cells, 1 / std::sqrt(static_cast<double>(hidden)), 1);
    kept = cells.forward(x);
  }

  /// ‖∂loss/∂x_0‖ of a loss of the last state.
  [[nodiscard]] double through_states() const {
    auto gradient = attend::zeros_like(cells);
    return cells.backward(x, kept, Matrix<double>::Zero(x.rows(), hidden), {d_output}, gradient).input.row(0).norm();
  }
  /// ∂loss/∂states of a loss of what attention reads of all states, when the score of the first is higher by `lead`.
  [[nodiscard]] Matrix<double> attention_gradient(double lead) const {
    Matrix<double> bias = Matrix<double>::Zero(1, x.rows());
    bias(0, 0) = lead;
    attend::Attention const op{attend::ScaledDot{}, attend::Bias{bias}};
    Matrix<double> const query = Matrix<double>::Zero(1, hidden);
    auto const read = op.forward(query, kept.output, kept.output);
    auto const back = op.backward(query, kept.output, kept.output, read, d_output);
    return back.key + back.value;
  }
  /// ‖∂loss/∂x_0‖ of that loss.
  [[nodiscard]] double through_attention(double lead) const {
    auto gradient = attend::zeros_like(cells);
    return cells.backward(x, kept, attention_gradient(lead), gradient).input.row(0).norm();
  }
};

TEST(LongRange, ARecurrentNetLosesTheGradientAndAttentionKeepsIt) {
  double const near = Net(10).through_states();
  double const near_by_attention = Net(10).through_attention(std::log(9.0 * 9));
  double before = near;
  for (Index const distance : {20, 40, 80, 160}) {
    Net const net(distance);
    double const states = net.through_states();
    // By a constant factor a step: where the distance is doubled, the gradient is squared.
    EXPECT_LT(states, before * std::pow(0.8, static_cast<double>(distance) / 2)) << distance;
    before = states;
    // The first token has 9/10 of the weight at any distance, as attention that copies learns to give it.
    double const lead = std::log(9 * static_cast<double>(distance - 1));
    EXPECT_NEAR(net.through_attention(lead), near_by_attention, 0.02 * near_by_attention) << distance;
  }
  EXPECT_LT(before, 1e-15 * near);
}

TEST(LongRange, ASaturatedSoftmaxPassesNone) {
  Net const net(40);
  double before = net.attention_gradient(0).row(0).norm();
  // All weight on the other tokens: what the first gets falls as its weight does, exp(lead).
  for (double const lead : {-5.0, -10.0, -15.0}) {
    double const here = net.attention_gradient(lead).row(0).norm();
    EXPECT_NEAR(here / before, std::exp(-5.0), 0.1 * std::exp(-5.0)) << lead;
    before = here;
  }
  // Weights of 1 and 0 to the last bit leave its score no gradient at all.
  Matrix<double> const k = Matrix<double>::Identity(3, 3), v = numbers(3, 2, 5), d_output = numbers(1, 2, 6);
  for (double const size : {1.0, 1000.0}) {
    Matrix<double> const q{{size, 0, 0}};
    attend::Attention const op{attend::ScaledDot{}, attend::Bias{Matrix<double>(Matrix<double>::Zero(1, 3))}};
    auto const back = op.backward(q, k, v, op.forward(q, k, v), d_output);
    if (size == 1)
      EXPECT_GT(back.query.norm(), 0.01);
    else
      EXPECT_EQ(back.query.norm(), 0);
  }
}

/// Why scores are divided by √d (Vaswani 2017, section 3.2.1): with numbers of variance 1, q·k has variance d.
TEST(LongRange, TheScaleKeepsTheSoftmaxFromSaturating) {
  Index const n = 32, m = 64, d = 512;
  Matrix<double> const q = std::sqrt(3.0) * numbers(n, d, 1), k = std::sqrt(3.0) * numbers(m, d, 2);
  Matrix<double> const v = numbers(m, 4, 3), d_output = numbers(n, 4, 4);
  attend::Bias<double> const bias{Matrix<double>(Matrix<double>::Zero(n, m))};
  // Queries whose scores have hardly a gradient, which is that of a bias added to each.
  auto const stuck = [&](double scale) {
    attend::Attention const op{attend::ScaledDot{scale}, bias};
    auto const back = op.backward(q, k, v, op.forward(q, k, v), d_output);
    auto const slopes = std::get<attend::Bias<double>>(back.policies).grid().numbers();
    Matrix<double> const of_rows = Eigen::Map<Matrix<double> const>(slopes.data(), n, m);
    return (of_rows.rowwise().norm().array() < 0.01).count();
  };
  auto const largest = [&](double scale) {
    return attend::Attention{attend::ScaledDot{scale}, bias}.weights(q, k).rowwise().maxCoeff().mean();
  };
  double const scale = 1 / std::sqrt(static_cast<double>(d));
  EXPECT_LT(largest(scale), 0.3);
  EXPECT_GT(largest(1), 0.9);
  EXPECT_EQ(stuck(scale), 0);
  EXPECT_GT(stuck(1), n / 2);
}

}  // namespace long_range_tests
