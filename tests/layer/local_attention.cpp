#include <attend/layer/local_attention.hpp>
#include <attend/layer/location_aware.hpp>
#include <attend/score/additive.hpp>
#include "central_differences.hpp"

namespace local_attention_tests {

namespace at = attend;
using at::Index;
using at::Matrix;
using at::Vector;
using central::expect_sentence;

using Layer = at::LocalAttention<double, at::Additive<double>>;

/// One similarity, that learns, in all tests: its kernels take long to compile. LocalDecoderAttention's have another.
[[nodiscard]] Layer layer_of(at::AfterGaussian after) {
  return {at::Additive<double>(central::numbers(5, 3, 7), central::numbers(5, 3, 8), central::numbers(5, 1, 9)),
          {central::numbers(4, 3, 5), central::numbers(4, 1, 6).col(0)},
          3.3,
          after};
}

void expect_gradients(Layer layer) {
  Matrix<double> h = central::numbers(4, 3, 1), k = central::numbers(12, 3, 2), v = central::numbers(12, 2, 3);
  Matrix<double> const weights = central::numbers(4, 2, 4);
  auto const loss = [&] { return central::weighted(layer.forward(h, k, v).output, weights); };
  auto const kept = layer.forward(h, k, v);
  Layer gradient = at::zeros_like(layer);
  auto const g = layer.backward(h, k, v, kept, weights, gradient);
  central::expect_gradient("h", at::parameter_span(h), at::parameter_span(g.query), loss);
  central::expect_gradient("k", at::parameter_span(k), at::parameter_span(g.key), loss);
  central::expect_gradient("v", at::parameter_span(v), at::parameter_span(g.value), loss);
  std::vector<std::pair<std::string, std::vector<double>>> derivatives;
  at::each_parameter(std::as_const(gradient), [&](std::string_view name, auto numbers) {
    derivatives.push_back({std::string(name), {numbers.begin(), numbers.end()}});
  });
  std::size_t next = 0;
  at::each_parameter(layer, [&](std::string_view, std::span<double> numbers) {
    auto const& [name, derivative] = derivatives[next++];
    central::expect_gradient(name, numbers, std::span<double const>(derivative), loss);
  });
}

TEST(LocalAttention, GradientsThroughThePredictedPlace) {
  expect_gradients(layer_of(at::AfterGaussian::as_it_is));
  expect_gradients(layer_of(at::AfterGaussian::normalized));
}

TEST(LocalAttention, IsLuongsEquation) {
  Matrix<double> const h = central::numbers(4, 3, 1), k = central::numbers(12, 3, 2), v = central::numbers(12, 2, 3);
  auto const layer = layer_of(at::AfterGaussian::as_it_is);
  auto const kept = layer.forward(h, k, v);
  Matrix<double> expected = Matrix<double>::Zero(4, 12);
  at::Additive<double> const& score = layer.similarity;
  for (Index i = 0; i < 4; ++i) {
    double const a = (layer.predictor.w * h.row(i).transpose()).array().tanh().matrix().dot(layer.predictor.v);
    double const place = 12 / (1 + std::exp(-a));
    double sum = 0;
    for (Index j = 0; j < 12; ++j) {
      double const distance = double(j) - place, sigma = layer.radius / 2;
      if (std::abs(distance) > layer.radius) continue;
      double const s =
          score.a.dot(Vector<double>((score.w * h.row(i).transpose() + score.u * k.row(j).transpose()).array().tanh()));
      sum += std::exp(s);
      expected(i, j) = std::exp(s - distance * distance / (2 * sigma * sigma));
    }
    expected.row(i) /= sum;
  }
  EXPECT_LE((layer.weights(h, k, kept) - expected).cwiseAbs().maxCoeff(), 1e-14);
  EXPECT_LE((kept.output - expected * v).cwiseAbs().maxCoeff(), 1e-14);
  EXPECT_LT(expected.row(0).sum(), 1);

  auto const normalized = layer_of(at::AfterGaussian::normalized);
  Matrix<double> const divided = expected.array().colwise() / expected.rowwise().sum().array();
  EXPECT_LE((normalized.weights(h, k, normalized.forward(h, k, v)) - divided).cwiseAbs().maxCoeff(), 1e-14);
}

TEST(LocalAttention, WrongCallsAreSentences) {
  Matrix<double> const h = central::numbers(4, 3, 1), k = central::numbers(12, 3, 2), v = central::numbers(12, 2, 3);
  auto layer = layer_of(at::AfterGaussian::as_it_is);
  auto const kept = layer.forward(h, k, v);
  auto gradient = at::zeros_like(layer);
  Matrix<double> const few = kept.output.topRows(3);
  expect_sentence([&] { (void)layer.backward(h, k, v, kept, few, gradient); },
                  {"LocalAttention", "d_output is (3, 2)", "(4, 2)"});
  expect_sentence([&] { (void)layer.backward(h.topRows(3), k, v, kept, few, gradient); },
                  {"LocalAttention", "3 queries", "(4, 2)"});
  expect_sentence([&] { (void)layer.weights(h.topRows(3), k, kept); }, {"LocalAttention", "4 places", "3 queries"});
  expect_sentence([&] { (void)layer.forward(h.leftCols(2), k, v); }, {"PredictedCentre", "2 columns"});
  expect_sentence([&] { (void)layer.predictor.forward(h, Vector<double>::Ones(5)); },
                  {"PredictedCentre", "5 source lengths", "4 states"});
  expect_sentence(
      [&] { (void)layer.predictor.backward(h.topRows(3), kept.place, kept.place.centre, gradient.predictor); },
      {"PredictedCentre", "(3, 3)", "(4, 3)"});
  expect_sentence([&] { (void)layer.predictor.backward(h, kept.place, Vector<double>::Ones(3), gradient.predictor); },
                  {"PredictedCentre", "3 numbers", "4 centres"});
  central::expect_zeros(gradient);
  layer.radius = 0;
  expect_sentence([&] { (void)layer.forward(h, k, v); }, {"LocalAttention", "radius is 0"});
}

TEST(LocationAware, WrongSizesAreSentences) {
  at::LocationAware<double> layer{
      at::Additive<double>(central::numbers(5, 3, 1), central::numbers(5, 2 + 2, 2), central::numbers(5, 1, 3)),
      {central::numbers(2, 3, 5)}};
  Vector<double> const state = Vector<double>::Ones(3), last = Vector<double>::Ones(7), few = Vector<double>::Ones(6);
  Matrix<double> const memory = central::numbers(7, 2, 6);
  auto const kept = layer.forward(state, memory, last);
  auto gradient = at::zeros_like(layer);
  auto const backward = [&](Vector<double> const& weights, Vector<double> const& d_context,
                            Vector<double> const& d_weights) {
    return [&] { (void)layer.backward(state, memory, weights, kept, d_context, d_weights, gradient); };
  };
  expect_sentence([&] { (void)layer.forward(state, memory, few); }, {"LocationAware", "6 weights", "7 keys"});
  expect_sentence(backward(few, kept.context, last), {"LocationAware", "6 last weights", "(7, 2)"});
  expect_sentence(backward(last, state, last), {"LocationAware", "3 of the context", "(7, 2)"});
  expect_sentence(backward(last, kept.context, few), {"LocationAware", "6 derivatives", "(7, 2)"});
  central::expect_zeros(gradient);
  layer.filters.filters = central::numbers(2, 4, 5);
  expect_sentence([&] { (void)layer.forward(state, memory, last); }, {"WeightFilters", "4 wide"});
}

/// Two steps: the second looks at the weights of the first, so those have a gradient too.
TEST(LocationAware, GradientsThroughTheWeightsOfTheLastStep) {
  using Located = at::LocationAware<double>;
  Located layer{at::Additive<double>(central::numbers(5, 3, 1), central::numbers(5, 2 + 2, 2),
                                     central::numbers(5, 1, 3), central::numbers(5, 1, 4)),
                {central::numbers(2, 3, 5)},
                {}};
  Matrix<double> memory = central::numbers(7, 2, 6), state = central::numbers(3, 1, 7),
                 next = central::numbers(3, 1, 8);
  Matrix<double> first_weights = central::numbers(7, 1, 9).cwiseAbs();
  Matrix<double> const d_first = central::numbers(2, 1, 10), d_second = central::numbers(2, 1, 11);
  auto const loss = [&] {
    auto const one = layer.forward(state, memory, first_weights);
    auto const two = layer.forward(next, memory, one.weights);
    return d_first.col(0).dot(one.context) + d_second.col(0).dot(two.context);
  };
  auto const one = layer.forward(state, memory, first_weights);
  auto const two = layer.forward(next, memory, one.weights);
  EXPECT_NEAR(one.weights.sum(), 1, 1e-12);
  EXPECT_LE((one.context - memory.transpose() * one.weights).cwiseAbs().maxCoeff(), 1e-14);

  Located gradient = at::zeros_like(layer);
  auto const back_two =
      layer.backward(next, memory, one.weights, two, d_second.col(0), Vector<double>::Zero(7), gradient);
  auto const back_one =
      layer.backward(state, memory, first_weights, one, d_first.col(0), back_two.last_weights, gradient);
  Matrix<double> const d_memory = back_one.memory + back_two.memory;
  central::expect_gradient("memory", at::parameter_span(memory), at::parameter_span(d_memory), loss);
  central::expect_gradient("state", at::parameter_span(state), at::parameter_span(back_one.state), loss);
  central::expect_gradient("next", at::parameter_span(next), at::parameter_span(back_two.state), loss);
  central::expect_gradient("weights", at::parameter_span(first_weights), at::parameter_span(back_one.last_weights),
                           loss);
  central::expect_gradient("w", at::parameter_span(layer.score.w), at::parameter_span(std::as_const(gradient).score.w),
                           loss);
  central::expect_gradient("u", at::parameter_span(layer.score.u), at::parameter_span(std::as_const(gradient).score.u),
                           loss);
  central::expect_gradient("filters", at::parameter_span(layer.filters.filters),
                           at::parameter_span(std::as_const(gradient).filters.filters), loss);
}

}  // namespace local_attention_tests
