#include "../../examples/train/adam.hpp"

#include <attend/layer/initialize.hpp>
#include <attend/layer/location_aware.hpp>

#include <gtest/gtest.h>

#include <vector>

/// A toy of speech: sounds are read one after another, and the same few sounds come again and again. What a sound is
/// does not say which of its kind is meant; where the last one was does (Chorowski 2015, section 2.2). The loss is of
/// the sounds alone, nobody says where to look.

namespace monotone_alignment_tests {

using attend::Index;
using attend::Matrix;
using attend::Vector;
using Layer = attend::LocationAware<double>;

constexpr Index sounds = 3;

/// One row a sound, 1 for its kind.
[[nodiscard]] Matrix<double> recording(Index length, std::uint64_t seed) {
  Matrix<double> memory = Matrix<double>::Zero(length, sounds);
  for (Index j = 0; j < length; ++j)
    memory(j, static_cast<Index>(attend::uniform(seed, 0, 0, 0, j) * static_cast<double>(sounds))) = 1;
  return memory;
}

/// Reads on from the first sound.
struct Reader {
  Layer layer{attend::Additive<double>(Matrix<double>::Zero(8, 1), Matrix<double>::Zero(8, sounds + 4),
                                       Vector<double>::Zero(8), Vector<double>::Zero(8)),
              {Matrix<double>::Zero(4, 3)},
              {}};
  Vector<double> state = Vector<double>::Ones(1);  // says nothing

  /// α of each step, (length − 1, length).
  [[nodiscard]] Matrix<double> alignment(Matrix<double> const& memory) const {
    Matrix<double> all(memory.rows() - 1, memory.rows());
    Vector<double> last = Vector<double>::Unit(memory.rows(), 0);
    for (Index t = 0; t < all.rows(); ++t) {
      last = layer.forward(state, memory, last).weights;
      all.row(t) = last.transpose();
    }
    return all;
  }

  /// −Σ log c_t[sound t], and its gradient through time.
  double loss(Matrix<double> const& memory, Layer& gradient) const {
    std::vector<Layer::Forward> steps;
    std::vector<Vector<double>> last{Vector<double>::Unit(memory.rows(), 0)};
    double sum = 0;
    for (Index t = 1; t < memory.rows(); ++t) {
      steps.push_back(layer.forward(state, memory, last.back()));
      last.push_back(steps.back().weights);
      sum -= std::log(steps.back().context.dot(memory.row(t)));
    }
    Vector<double> d_weights = Vector<double>::Zero(memory.rows());
    for (Index t = memory.rows() - 1; t > 0; --t) {
      auto const step = static_cast<std::size_t>(t - 1);
      Vector<double> const sound = memory.row(t).transpose();
      Vector<double> const d_context = -sound / steps[step].context.dot(sound);
      d_weights = layer.backward(state, memory, last[step], steps[step], d_context, d_weights, gradient).last_weights;
    }
    return sum;
  }
};

TEST(MonotoneAlignment, IsLearnedFromTheSoundsAlone) {
  Reader reader;
  attend::initialize_uniform(reader.layer, 0.5, 1);
  train::Adam adam;
  adam.learning_rate = 0.03;
  double first = 0, last = 0;
  for (std::uint64_t step = 0; step < 400; ++step) {
    Layer gradient = attend::zeros_like(reader.layer);
    last = reader.loss(recording(10, step), gradient);
    if (step == 0) first = last;
    adam.step(reader.layer, gradient);
  }
  EXPECT_LT(last, 0.1 * first);

  // Recordings that it has not heard, longer than any it has.
  for (std::uint64_t seed = 1000; seed < 1005; ++seed) {
    Matrix<double> const alignment = reader.alignment(recording(16, seed));
    for (Index t = 0; t < alignment.rows(); ++t) {
      Index place = 0;
      EXPECT_GT(alignment.row(t).maxCoeff(&place), 0.5);
      EXPECT_EQ(place, t + 1) << "step " << t << " of recording " << seed;
    }
  }
}

/// Without filters of the last weights every step looks where the first did.
TEST(MonotoneAlignment, NeedsThePlaceOfTheLastStep) {
  Reader reader;
  attend::initialize_uniform(reader.layer, 0.5, 1);
  reader.layer.filters.filters.setZero();
  Matrix<double> const alignment = reader.alignment(recording(16, 1000));
  for (Index t = 1; t < alignment.rows(); ++t) EXPECT_EQ(alignment.row(t), alignment.row(0));
}

}  // namespace monotone_alignment_tests
