#include <attend/hard/context_gate.hpp>

#include "hard/gradients.hpp"

namespace context_gate_tests {

using attend::ContextGate;
using gradients::Matrix;
using gradients::Vector;

ContextGate<double> some_gate() {
  ContextGate<double> gate(3);
  gate.weight = Vector{{0.5, -1, 2}};
  gate.bias = -0.25;
  return gate;
}

TEST(ContextGate, ScalesEachContextByOneNumber) {
  auto const kept = some_gate().forward(Matrix{{1, 2, 0.5}, {0, 0, 0}}, Matrix{{4, -8}, {1, 2}});
  double const beta = 1 / (1 + std::exp(0.75)), other = 1 / (1 + std::exp(0.25));
  gradients::expect_close(kept.gate, Vector{{beta, other}}, 1e-15, "β");
  gradients::expect_close(kept.output, Matrix{{4 * beta, -8 * beta}, {other, 2 * other}}, 1e-15, "output");
}

TEST(ContextGate, ItsGradientsAreThoseOfDifferences) {
  ContextGate<double> const gate = some_gate();
  Matrix const state = gradients::normal(4, 3, 1), context = gradients::normal(4, 5, 2);
  Matrix const d_output = gradients::normal(4, 5, 3);
  ContextGate<double> gradient = zeros_like(gate);
  auto const found = gate.backward(state, context, gate.forward(state, context), d_output, gradient);
  auto const loss = [&](ContextGate<double> const& g, Matrix const& h, Matrix const& c) {
    return g.forward(h, c).output.cwiseProduct(d_output).sum();
  };
  gradients::expect_gradient(found.state, state, [&](Matrix const& h) { return loss(gate, h, context); }, "state");
  gradients::expect_gradient(found.context, context, [&](Matrix const& c) { return loss(gate, state, c); }, "context");
  Vector all(4), of_all(4);
  all << gate.weight, gate.bias;
  of_all << gradient.weight, gradient.bias;
  gradients::expect_gradient(
      of_all, all,
      [&](Vector const& numbers) {
        ContextGate<double> moved = gate;
        moved.weight = numbers.head(3);
        moved.bias = numbers(3);
        return loss(moved, state, context);
      },
      "weight and bias");
}

TEST(ContextGate, RefusesWhatDoesNotFit) {
  ContextGate<double> const gate = some_gate();
  ContextGate<double> gradient = zeros_like(gate);
  Matrix const state = Matrix::Zero(2, 3), context = Matrix::Zero(2, 5);
  auto const kept = gate.forward(state, context);
  EXPECT_THROW((void)gate.forward(Matrix(2, 4), context), attend::Error);
  EXPECT_THROW((void)gate.forward(Matrix(3, 3), context), attend::Error);
  EXPECT_THROW((void)gate.backward(state, context, kept, Matrix(2, 4), gradient), attend::Error);
  EXPECT_THROW((void)gate.backward(Matrix(3, 3), context, kept, context, gradient), attend::Error);
}

}  // namespace context_gate_tests
