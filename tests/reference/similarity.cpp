#include <attend/reference/attention.hpp>

#include <attend/score.hpp>

#include <gtest/gtest.h>

#include <cmath>

namespace similarity_tests {

namespace at = attend;
namespace reference = attend::reference;
using at::Index;
using Eigen::MatrixXd;
using Eigen::RowVector2d;
using Eigen::Vector2d;

double score(auto const& similarity, MatrixXd const& q, MatrixXd const& k) {
  return reference::scores(q, k, similarity)(0, 0);
}

RowVector2d const q(1, 2), k(3, -1);

TEST(ReferenceSimilarity, Products) {
  EXPECT_EQ(score(at::Dot{}, q, k), 1);
  EXPECT_NEAR(score(at::ScaledDot{}, q, k), 1 / std::sqrt(2.0), 1e-16);
  EXPECT_EQ(score(at::ScaledDot{0.25}, q, k), 0.25);
  MatrixXd w(2, 3);
  w << 1, 0, 2, 0, -1, 1;
  EXPECT_EQ(score(at::Bilinear<double>{w}, q, Eigen::RowVector3d(1, 2, 3)), 7 - 4 + 6);  // wᵀq = (1, −2, 4)
}

TEST(ReferenceSimilarity, TanhOfSums) {
  MatrixXd w(3, 2), u(3, 1);
  w << 1, 0, 0, 1, 1, 1;
  u << 2, 0, -1;
  Eigen::Vector3d const a(1, 2, 3), bias(0.5, 0, -1);
  Eigen::RowVectorXd const key = Eigen::RowVectorXd::Constant(1, 0.25);
  double const wanted = std::tanh(1.5) + 2 * std::tanh(2.0) + 3 * std::tanh(2.75);
  EXPECT_NEAR(score(at::Additive<double>(w, u, a), q, key), wanted, 1e-15);
  double const with_bias = std::tanh(2.0) + 2 * std::tanh(2.0) + 3 * std::tanh(1.75);
  EXPECT_NEAR(score(at::Additive<double>(w, u, a, bias), q, key), with_bias, 1e-15);
  MatrixXd both(3, 3);
  both << w, u;
  EXPECT_NEAR(score(at::Concat<double>(both, a), q, key), wanted, 1e-15);
  EXPECT_NEAR(score(at::Concat<double>(both, a, bias), q, key), with_bias, 1e-15);
}

TEST(ReferenceSimilarity, LocationReadsTheQueryAlone) {
  MatrixXd w(4, 2);
  w << 1, 0, 0, 1, 1, 1, 5, 5;
  MatrixXd const s = reference::scores(q, MatrixXd::Constant(3, 7, 9.0), at::Location<double>{w});
  EXPECT_EQ(s, Eigen::RowVector3d(1, 2, 3));
}

TEST(ReferenceSimilarity, Distances) {
  EXPECT_EQ(score(at::Euclidean{0.5}, q, k), -0.5 * (4 + 9));
  EXPECT_EQ(score(at::L1{0.5}, q, k), -0.5 * (2 + 3));
  EXPECT_NEAR(score(at::Cosine{3}, q, k), 3 / std::sqrt(50.0), 1e-15);
  EXPECT_EQ(score(at::Cosine{3}, q, RowVector2d(0, 0)), 0);
}

/// A user's own similarity, by the functions that the kernel calls: Σ_f weight_f · (scale · unit(w q + b))_f · |k_f|
struct Own {
  using kind = at::SimilarityKind;

  at::Matrix<double> w;
  Eigen::VectorXd bias, weights;

  static void check_sizes(Index, Index, Index) {}
  template <class Scalar>
  at::FeatureMap<Scalar> query_map(Index) const {
    return {.matrix = at::view_of(w), .bias = bias.data(), .to_unit_length = true, .scale = 2};
  }
  template <class Scalar>
  at::FeatureMap<Scalar> key_map(Index) const {
    return {};
  }
  template <class Scalar>
  Scalar const* feature_weights() const {
    return weights.data();
  }
  template <class Number>
  static Number combine(Number const& query, Number const& key, Number const& weight, Number const& sum) {
    return sum + weight * query * abs(key);
  }
  template <class Number>
  static Number finish(Number const& sum) {
    return sum + 1;
  }
};

TEST(ReferenceSimilarity, AnyOtherRunsByItsOwnFunctions) {
  at::Matrix<double> w(2, 2);
  w << 1, 0, 0, 1;
  Own const own{w, Vector2d(2, 2), Vector2d(10, 100)};  // q + b = (3, 4), twice the unit vector (1.2, 1.6)
  EXPECT_NEAR(score(own, q, k), 10 * 1.2 * 3 + 100 * 1.6 * 1 + 1, 1e-13);
}

TEST(ReferenceSimilarity, FeatureWiseIsTheUsersOwn) {
  auto const farthest = at::FeatureWise{[](auto a, auto b, auto sum) { return attend::max(sum, abs(a - b)); },
                                        [](auto sum) { return -sum; }};
  EXPECT_EQ(score(farthest, q, k), -3);
}

}  // namespace similarity_tests
