#include "problem.hpp"

/// What a score of the user's own costs: a lambda, and beside it, in turn, the built-in adjuster of the same formula,
/// forward and backward. The lambda's derivative is found by the compiler, with dual numbers.

namespace {

using namespace bench;

template <class BuiltIn, class Lambda>
void lambda(std::string const& name, BuiltIn const& built_in, Lambda const& own) {
  static constexpr Shape shape{1, 8, 8, 2048, 2048, 64};
  auto const prepare = [=](bool is_backward) {
    auto const problem = std::make_shared<Problem<float>>(shape);
    auto const forward = [=](auto const& op) {
      return op.forward(problem->queries(), problem->keys(), problem->values(), problem->workspace);
    };
    at::Attention const op{built_in};
    at::Attention const own_op{own};
    auto const kept = std::make_shared<decltype(forward(op))>(forward(op));
    auto const own_kept = std::make_shared<decltype(forward(own_op))>(forward(own_op));
    auto const backward = [=](auto const& call, auto const& of) {
      auto const d_output = at::heads(problem->q.data(), of.shape);  // any numbers
      return call.backward(problem->queries(), problem->keys(), problem->values(), of, d_output, problem->workspace);
    };
    auto const query = backward(op, *kept).query, own_query = backward(own_op, *own_kept).query;
    double error = 0;
    for (std::size_t i = 0; i < query.size(); ++i)
      error = std::max(
          {error, double(std::abs(query[i] - own_query[i])), double(std::abs(kept->output[i] - own_kept->output[i]))});
    at::check(error <= 1e-4, "the lambda is off by ", error);
    if (is_backward)
      return Timed{.call = [=] { benchmark::DoNotOptimize(backward(own_op, *own_kept)); },
                   .work = {.flops = 2.5 * shape.flops(), .bytes = 2 * shape.bytes(sizeof(float))},
                   .beside = Beside{"over_built_in", [=] { benchmark::DoNotOptimize(backward(op, *kept)); }}};
    return Timed{.call = [=] { benchmark::DoNotOptimize(forward(own_op)); },
                 .work = {.flops = shape.flops(), .bytes = shape.bytes(sizeof(float))},
                 .beside = Beside{"over_built_in", [=] { benchmark::DoNotOptimize(forward(op)); }}};
  };
  add_in_turn({"lambda/" + name + "/forward", shape.name(), isas().front()}, [=] { return prepare(false); });
  add_in_turn({"lambda/" + name + "/backward", shape.name(), isas().front()}, [=] { return prepare(true); });
}

}  // namespace

int main(int count, char** words) {
  using at::abs, at::tanh;
  lambda("soft_cap", at::SoftCap{20.f}, [](auto score, auto) { return 20.f * tanh(score * 0.05f); });
  lambda("alibi", at::Alibi{0.5}, [](auto score, auto p) { return score - 0.5f * abs(p.query - p.key); });
  lambda("dot", at::ScaledDot{}, [](auto score, auto) { return score; });
  return bench::main(count, words);
}
