#pragma once

#include <attend/layer/initialize.hpp>

#include "central_differences.hpp"

/// What the tests of cells share.

namespace central {

template <class Cell>
[[nodiscard]] Cell random_cell(Index in, Index hidden, std::uint64_t seed) {
  Cell cell(in, hidden);
  attend::initialize_uniform(cell, 1, seed);
  return cell;
}

/// The matrices of a state, with their names.
template <class State, class Function>
void each_part(State& state, Function const& function) {
  function("hidden", state.hidden);
  if constexpr (requires { state.cell; }) function("cell", state.cell);
}

template <class Cell>
[[nodiscard]] typename Cell::State random_state(Cell const& cell, Index batch, std::uint64_t seed) {
  auto state = cell.zero_state(batch);
  each_part(state, [&](char const*, Matrix<double>& part) { part = numbers(part.rows(), part.cols(), seed++); });
  return state;
}

/// Σ of all parts times the parts of `weights`.
template <class State>
[[nodiscard]] double weighted_state(State const& state, State const& weights) {
  double sum = weighted(state.hidden, weights.hidden);
  if constexpr (requires { state.cell; }) sum += weighted(state.cell, weights.cell);
  return sum;
}

template <class State, class Loss>
void expect_state_gradient(State& state, State const& gradient, Loss const& loss) {
  expect_gradient("hidden", state.hidden, gradient.hidden, loss);
  if constexpr (requires { state.cell; }) expect_gradient("cell", state.cell, gradient.cell, loss);
}

/// Every derivative of one step, for a batch of rows.
template <class Cell>
void expect_cell_gradients() {
  Cell cell = random_cell<Cell>(3, 4, 1);
  Matrix<double> x = numbers(5, 3, 2);
  auto before = random_state(cell, 5, 3);
  auto const d_after = random_state(cell, 5, 5);
  auto const loss = [&] { return weighted_state(cell.forward(x, before).after, d_after); };
  Cell gradient = attend::zeros_like(cell);
  auto const back = cell.backward(x, before, cell.forward(x, before), d_after, gradient);
  expect_gradient("x", x, back.input, loss);
  expect_state_gradient(before, back.before, loss);
  expect_parameter_gradients(cell, gradient, loss);
}

template <class Cell>
void expect_cell_sentences(char const* name) {
  Cell cell(3, 4), gradient(3, 4);
  Matrix<double> const x = Matrix<double>::Zero(5, 3);
  auto const state = cell.zero_state(5);
  auto const kept = cell.forward(x, state);
  expect_sentence([&] { (void)cell.forward(x.leftCols(2), state); }, {name, "(5, 2)", "3 features"});
  expect_sentence([&] { (void)cell.forward(x, cell.zero_state(4)); }, {name, "(4, 4)", "(5, 4)"});
  expect_sentence([&] { (void)cell.backward(x, state, kept, cell.zero_state(6), gradient); },
                  {name, "d_after", "(6, 4)"});
  // What was kept, and x, of another size than the cell or each other.
  Cell const wide(3, 6);
  expect_sentence([&] { (void)cell.backward(x.leftCols(2), state, kept, state, gradient); },
                  {name, "x is (5, 2)", "(5, 3)"});
  expect_sentence([&] { (void)cell.backward(x.topRows(4), state, kept, state, gradient); },
                  {name, "x is (4, 3)", "(5, 3)"});
  expect_sentence([&] { (void)cell.backward(x, state, wide.forward(x, wide.zero_state(5)), state, gradient); },
                  {name, "gates", "4"});
  Cell other(2, 4);
  expect_sentence([&] { (void)cell.backward(x, state, kept, state, other); }, {name, "2 features", "3 to 4"});
  expect_zeros(gradient);
  expect_zeros(other);
  expect_sentence([&] { (void)cell.step(x, state); }, {name, "3 columns", "4 hidden"});
}

}  // namespace central
