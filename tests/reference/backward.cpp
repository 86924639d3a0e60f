#include "reference/backward_problem.hpp"

#include <attend/mask.hpp>
#include <attend/normalize.hpp>
#include <attend/score.hpp>

#include <limits>
#include <optional>
#include <vector>

namespace backward_tests {

using namespace attend_test;
using Matrix = Eigen::MatrixXd;

TEST(ReferenceBackward, Similarities) {
  expect_gradient("default");
  expect_gradient("Dot", at::Dot{});
  expect_gradient("ScaledDot", at::ScaledDot{0.7});
  expect_gradient("Bilinear", at::Bilinear<double>{random(3, 3, 21)});
  expect_gradient("Additive", at::Additive<double>{random(4, 3, 22), random(4, 3, 23), random(4, 1, 24)});
  expect_gradient("Additive with bias",
                  at::Additive<double>{random(4, 3, 22), random(4, 3, 23), random(4, 1, 24), random(4, 1, 25)});
  expect_gradient("Concat", at::Concat<double>{random(4, 6, 26), random(4, 1, 27)});
  expect_gradient("Concat with bias", at::Concat<double>{random(4, 6, 26), random(4, 1, 27), random(4, 1, 28)});
  expect_gradient("Location", at::Location<double>{random(9, 3, 29)});
  expect_gradient("Cosine", at::Cosine{2.5});
  expect_gradient("Euclidean", at::Euclidean{0.4});
  expect_gradient("L1", at::L1{0.8});
  expect_gradient("FeatureWise",
                  at::FeatureWise{[](auto q, auto k, auto sum) { return sum + at::tanh(q * k) * at::exp(-0.1 * sum); },
                                  [](auto sum) { return sum * sum * 0.5; }});
}

/// Everything that a similarity of one's own may ask for: q → 1.5 · unit(w q + b), k → unit(k), feature weights.
struct MappedSimilarity : at::detail::PlainFeatures {
  at::Matrix<double> w = random(3, 3, 41);
  at::Matrix<long double> long_w = w.cast<long double>();
  double numbers[3] = {0.3, -0.4, 0.9};
  long double long_numbers[3] = {static_cast<long double>(0.3), static_cast<long double>(-0.4),
                                 static_cast<long double>(0.9)};

  template <class Scalar>
  [[nodiscard]] at::FeatureMap<Scalar> query_map(at::Index) const {
    at::FeatureMap<Scalar> map{.bias = feature_weights<Scalar>(), .to_unit_length = true, .scale = Scalar(1.5)};
    if constexpr (std::is_same_v<Scalar, double>)
      map.matrix = at::view_of(w);
    else
      map.matrix = at::view_of(long_w);
    return map;
  }
  template <class Scalar>
  [[nodiscard]] at::FeatureScale<Scalar> key_map(at::Index) const {
    return {.to_unit_length = true};
  }
  template <class Scalar>
  [[nodiscard]] Scalar const* feature_weights() const {
    if constexpr (std::is_same_v<Scalar, double>)
      return numbers;
    else
      return long_numbers;
  }
  template <class Number>
  [[nodiscard]] static Number combine(Number const& q, Number const& k, Number const& weight, Number const& sum) {
    return sum * 0.7 + weight * at::tanh(2.0 * q * k);
  }
  template <class Number>
  [[nodiscard]] static Number finish(Number const& sum) {
    return at::exp(sum);
  }
};

TEST(ReferenceBackward, ASimilarityOfOnesOwn) {
  expect_gradient("MappedSimilarity", MappedSimilarity{}, at::Sigmoid{});
}

TEST(ReferenceBackward, Adjusters) {
  expect_gradient("SoftCap", at::SoftCap{0.8});
  expect_gradient("Alibi", at::Alibi{0.3});
  expect_gradient("Bias", at::Bias{random(5, 7, 31)});
  expect_gradient("Bias a query", at::Bias{random(5, 1, 31)}, at::Sigmoid{});
  expect_gradient("Bias a key", at::Bias{random(1, 7, 31)});
  expect_gradient("RelativeBias", at::RelativeBias{random(1, 5, 32)});
  expect_gradient("T5Bias", at::T5Bias<double>{random(6, 1, 33), true, 4});
  expect_gradient("T5Bias, one direction", at::T5Bias<double>{random(4, 1, 33), false, 5}, at::Causal{});
  expect_gradient("Gaussian", at::Gaussian{2.4, 1.7});
  expect_gradient("Gaussian a query", at::Gaussian{Eigen::VectorXd(2.0 * random(5, 1, 34)), 1.7});
  expect_gradient("own", [](auto score, auto p) {
    return at::select(p.key < p.query, score * score, -score) - 0.1 * (p.query - p.key) + at::sigmoid(score);
  });
  // The order counts: each is differentiated at the score that it was handed.
  expect_gradient("cap, then bias", at::SoftCap{0.8}, at::Bias{random(5, 7, 31)}, at::Alibi{0.3});
  expect_gradient("bias, then cap", at::Alibi{0.3}, at::Bias{random(5, 7, 31)}, at::Causal{}, at::SoftCap{0.8},
                  [](auto score, auto) { return score * score; });
}

TEST(ReferenceBackward, Normalizers) {
  double const infinity = std::numeric_limits<double>::infinity();
  expect_gradient("Softmax", at::Softmax{.temperature = 0.6}, at::Causal{});
  expect_gradient("Softmax with a sink", at::Softmax{.temperature = 1.4, .sinks = {0.3}}, at::Causal{});
  expect_gradient("Softmax with no sink", at::Softmax{.sinks = {-infinity}});
  expect_gradient("Sigmoid", at::Sigmoid{}, at::Causal{});
  expect_gradient("Sigmoid with bias", at::Sigmoid{.bias = -0.5});
  expect_gradient("NormalizedSigmoid", at::NormalizedSigmoid{.bias = 0.4}, at::Causal{});
  expect_gradient("Softplus", at::Softplus{});
  expect_gradient("NormalizedSoftplus", at::NormalizedSoftplus{}, at::Causal{});
  expect_gradient("Relu", at::Relu{});
  expect_gradient("NormalizedRelu", at::NormalizedRelu{}, at::Causal{});
  expect_gradient("Sparsemax", at::Sparsemax{});
  expect_gradient("Sparsemax", at::Sparsemax{}, at::Causal{}, at::Dot{});
  expect_gradient("Entmax15", at::Entmax15{});
  expect_gradient("Entmax15", at::Entmax15{}, at::Causal{}, at::Dot{});
  for (double const alpha : {1.2, 1.7, 2.5}) expect_gradient("Entmax", at::Entmax{alpha}, at::Causal{});
  expect_gradient("TopK", at::TopK{3});
  expect_gradient("Argmax", at::Argmax{});
  expect_gradient("GumbelMax", at::GumbelMax{5});
}

TEST(ReferenceBackward, MasksAndDocuments) {
  expect_gradient("SlidingWindow", at::SlidingWindow{1, 1});
  expect_gradient("Lengths", at::Lengths{4}, at::Sigmoid{});
  expect_gradient("own mask", [](auto p) { return (p.key + p.query) % 2 == 0; }, at::Entmax15{});
  expect_gradient("QueryStart", at::QueryStart{1}, at::Causal{}, at::Alibi{0.2});
  at::Documents const documents({2, 3}, {3, 4});
  expect_gradient("Documents", documents, at::Causal{}, at::Alibi{0.4});
  expect_gradient("Documents, learned", documents, at::Location<double>{random(9, 3, 29)}, at::Bias{random(5, 7, 31)},
                  at::Sigmoid{});
}

}  // namespace backward_tests
