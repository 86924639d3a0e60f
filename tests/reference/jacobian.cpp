#include <attend/reference/jacobian.hpp>

#include "reference/backward_problem.hpp"

#include <attend/core/check.hpp>
#include <attend/mask.hpp>
#include <attend/normalize.hpp>
#include <attend/reference/hessian.hpp>
#include <attend/score.hpp>

namespace jacobian_tests {

using namespace attend_test;
using Matrix = at::Matrix<double>;
using Vector = Eigen::VectorXd;

struct Directions {
  Matrix q = random(5, 3, 61), k = random(7, 3, 62), v = random(7, 2, 63);
};

Vector flat(Matrix const& x) { return Eigen::Map<Vector const>(x.data(), x.size()); }
double largest(Vector const& x) { return x.cwiseAbs().maxCoeff(); }

/// d/dt f(t) at 0 of a function with many results.
template <class Function>
Vector difference(Function const& f) {
  double const h = 1e-4;
  return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
}

template <class... Policies>
void expect_derivatives(std::string const& name, Policies const&... policies) {
  SCOPED_TRACE(name);
  BackwardProblem const x;
  Directions const d;

  Vector const expected = difference([&](double t) {
    return flat(at::reference::attention(x.q + t * d.q, x.k + t * d.k, x.v + t * d.v, policies...));
  });
  Vector const along = flat(at::reference::jvp(x.q, x.k, x.v, d.q, d.k, d.v, policies...));
  EXPECT_LT(largest(along - expected), 1e-8 * (1 + largest(expected)));

  at::reference::Jacobian<double> const jacobian = at::reference::jacobian(x.q, x.k, x.v, policies...);
  EXPECT_LT(largest(jacobian.query * flat(d.q) + jacobian.key * flat(d.k) + jacobian.value * flat(d.v) - along), 1e-13);
  auto const gradient = at::reference::backward(x.q, x.k, x.v, x.d_output, policies...);
  Vector const seed = flat(x.d_output);
  EXPECT_LT(largest(jacobian.query.transpose() * seed - flat(gradient.query)), 1e-13);
  EXPECT_LT(largest(jacobian.key.transpose() * seed - flat(gradient.key)), 1e-13);
  EXPECT_LT(largest(jacobian.value.transpose() * seed - flat(gradient.value)), 1e-13);

  auto const joined = [](auto const& part) {
    Vector all(part.query.size() + part.key.size() + part.value.size());
    all << flat(part.query), flat(part.key), flat(part.value);
    return all;
  };
  auto const product = [&](Matrix const& q, Matrix const& k, Matrix const& v) {
    return joined(at::reference::hessian_vector_product(x.q, x.k, x.v, q, k, v, x.d_output, policies...));
  };
  Vector const second = product(d.q, d.k, d.v);
  Vector const slopes = difference([&](double t) {
    return joined(at::reference::backward(x.q + t * d.q, x.k + t * d.k, x.v + t * d.v, x.d_output, policies...));
  });
  EXPECT_LT(largest(second - slopes), 1e-7 * (1 + largest(slopes)));

  // The Hessian, column by column, is symmetric.
  at::Index const count = second.size();
  Matrix hessian(count, count);
  for (at::Index column = 0; column < count; ++column) {
    Vector one = Vector::Zero(count);
    one(column) = 1;
    hessian.col(column) = product(Eigen::Map<Matrix>(one.data(), 5, 3), Eigen::Map<Matrix>(one.data() + 15, 7, 3),
                                  Eigen::Map<Matrix>(one.data() + 36, 7, 2));
  }
  EXPECT_LT((hessian - hessian.transpose()).cwiseAbs().maxCoeff(), 1e-13 * (1 + hessian.cwiseAbs().maxCoeff()));
  Vector direction(count);
  direction << flat(d.q), flat(d.k), flat(d.v);
  EXPECT_LT(largest(hessian * direction - second), 1e-12 * (1 + largest(second)));
}

TEST(ReferenceJacobian, AgreesWithDifferencesBackwardAndItself) {
  expect_derivatives("default");
  expect_derivatives("causal, soft cap", at::Causal{}, at::SoftCap{1.5}, at::Alibi{0.2});
  expect_derivatives("Additive, sink", at::Additive<double>{random(4, 3, 22), random(4, 3, 23), random(4, 1, 24)},
                     at::Softmax{.temperature = 0.8, .sinks = {0.2}});
  expect_derivatives("Cosine, Sigmoid", at::Cosine{2.0}, at::Sigmoid{});
  expect_derivatives("Euclidean, Sparsemax", at::Euclidean{0.5}, at::Sparsemax{});
  expect_derivatives("Entmax15", at::Entmax15{}, at::SlidingWindow{2, 2});
  expect_derivatives("Entmax", at::Entmax{1.3}, at::SlidingWindow{2, 2});
  expect_derivatives("TopK, own", at::TopK{3}, [](auto score, auto p) {
    return at::tanh(score) * score - 0.1 * at::select(p.key > p.query, p.key - p.query, 0);
  });
  expect_derivatives("NormalizedSoftplus", at::NormalizedSoftplus{}, at::L1{0.5});
  expect_derivatives("FeatureWise", at::FeatureWise{[](auto q, auto k, auto sum) { return sum + at::tanh(q * k); }},
                     at::NormalizedSigmoid{});
}

TEST(ReferenceJacobian, AnArgmaxIsFlat) {
  BackwardProblem const x;
  auto const jacobian = at::reference::jacobian(x.q, x.k, x.v, at::Argmax{});
  EXPECT_EQ(jacobian.query.norm(), 0);
  EXPECT_EQ(jacobian.key.norm(), 0);
  EXPECT_EQ(jacobian.value.sum(), 10);  // each output feature is one number of the value that was picked
}

TEST(ReferenceJacobian, WrongSizesAreRefused) {
  BackwardProblem const x;
  Directions const d;
  EXPECT_THROW((void)at::reference::jvp(x.q, x.k, x.v, d.k, d.k, d.v), at::Error);
}

}  // namespace jacobian_tests
