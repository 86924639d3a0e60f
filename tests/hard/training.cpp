#include <attend/hard.hpp>

#include "hard/gradients.hpp"

#include <cstdio>

/// A task that can only be learned through the picks: among m items one carries a mark, and the reward is 1 for looking
/// at it. The query is learned, and nothing but picks and their rewards is told.

namespace training_tests {

using attend::Index;
using gradients::Matrix;
using gradients::Vector;

struct Learner {
  attend::HardAttention<> op;
  Matrix query = Matrix::Zero(1, 6);

  /// Items of one step: noise, and a mark of 2 in the first feature of one of them.
  [[nodiscard]] static std::pair<Matrix, Index> items(Index step) {
    Matrix k = gradients::normal(8, 6, static_cast<unsigned>(1000 + step));
    Index const marked = step * 5 % 8;
    k.col(0).array() *= 0.3;
    k(marked, 0) += 2;
    return {k, marked};
  }
  [[nodiscard]] double success() const {
    int right = 0;
    for (Index step = 100000; step < 100400; ++step) {
      auto const [k, marked] = items(step);
      right += op.argmax(query, k, k).keys(0, 0) == marked ? 1 : 0;
    }
    return right / 400.0;
  }
};

/// What is subtracted from the rewards (M) of a step.
template <class Baseline>
double train(Baseline&& baseline, double entropy_bonus) {
  Learner learner;
  for (Index step = 0; step < 300; ++step) {
    auto const [k, marked] = Learner::items(step);
    auto const picked = learner.op.sample(learner.query, k, k, {.seed = 1, .step = step, .samples = 4});
    Vector const rewards = (picked.keys.row(0).array() == marked).cast<double>().matrix().transpose();
    Vector const c = attend::Reinforce<double>::coefficients(rewards, baseline(rewards));
    // Minus: gradients are of a loss, rewards are to grow.
    auto const g = learner.op.backward(learner.query, k, k, picked, Matrix::Zero(1, 6), -c.transpose(),
                                       Vector::Constant(1, -entropy_bonus));
    learner.query -= 1.0 * g.query;
  }
  return learner.success();
}

TEST(Training, EveryBaselineLearnsToLookAtTheMark) {
  Learner const untrained;
  EXPECT_LT(untrained.success(), 0.3);
  double const none = train([](Vector const& r) { return Vector::Zero(r.size()).eval(); }, 0);
  double const left_out = train([](Vector const& r) { return attend::LeaveOneOut::values(r); }, 0);
  attend::MovingAverage<double> average;
  double const moving = train(
      [&](Vector const& r) {
        Vector const b = Vector::Constant(r.size(), average.value);
        average.add(r.mean());
        return b;
      },
      0.01);
  std::printf("marked item found: no baseline %.3f, leave-one-out %.3f, moving average and entropy bonus %.3f\n", none,
              left_out, moving);
  EXPECT_GT(none, 0.9);
  EXPECT_GT(left_out, 0.9);
  EXPECT_GT(moving, 0.9);
}

}  // namespace training_tests
