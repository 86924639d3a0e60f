#include "masks.hpp"

#include <cstring>

/// Unequal work on two threads: masks that leave queries different numbers of keys, with so few heads that these do not
/// hide it. `efficiency` is the time on one thread over twice the time on two, taken in turn; the bits must be the
/// same.

namespace {

using namespace bench;

/// Forward and backward of one problem, into the same arrays at every call.
template <class Mask>
struct Calls {
  Mask mask;
  at::Attention<Mask> op;
  Problem<float> problem;
  at::ThreadPool one{1}, two{2};
  at::KeptHeads<float> kept = {};
  std::vector<float> d_q = {}, d_k = {}, d_v = {};

  Calls(Shape const& shape, Mask const& given) : mask(given), op{given}, problem(shape) {}

  void forward(at::ThreadPool& pool) { problem.run(mask, pool); }

  void prepare_backward() {
    kept = op.forward(problem.queries(), problem.keys(), problem.values(), problem.workspace, one);
    d_q.resize(problem.q.size());
    d_k.resize(problem.k.size());
    d_v.resize(problem.v.size());
  }
  void backward(at::ThreadPool& pool) {
    auto const q = problem.queries(), k = problem.keys(), v = problem.values();
    at::HeadsShape const rows{q.batch(), q.heads(), q.length(), 1};
    op.backward_into(at::heads(d_q.data(), q.shape()), at::heads(d_k.data(), k.shape()),
                     at::heads(d_v.data(), v.shape()), q, k, v, at::heads(kept.output.data(), kept.shape),
                     at::heads(std::as_const(kept.log_sum_exp).data(), rows),
                     at::heads(problem.q.data(), kept.shape),  // any numbers
                     problem.workspace, pool);
  }
};

[[nodiscard]] bool same_bits(std::vector<float> const& a, std::vector<float> const& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

template <class Mask>
void balance(std::string const& name, Shape const& shape, Mask const& mask, bool is_backward = false) {
  std::string const direction = is_backward ? "backward/" : "forward/";
  add_in_turn({"balance/" + direction + name, shape.name(), isas().front(), 2}, [=] {
    auto const calls = std::make_shared<Calls<Mask>>(shape, mask);
    if (is_backward) calls->prepare_backward();
    auto const call = [=](at::ThreadPool& pool) { is_backward ? calls->backward(pool) : calls->forward(pool); };
    call(calls->one);
    auto const out = calls->problem.out, d_q = calls->d_q, d_k = calls->d_k, d_v = calls->d_v;
    for (int repeat = 0; repeat < 5; ++repeat) {
      call(calls->two);
      at::check(same_bits(calls->problem.out, out) && same_bits(calls->d_q, d_q) && same_bits(calls->d_k, d_k) &&
                    same_bits(calls->d_v, d_v),
                "two threads do not give the bits of one");
    }
    double const useful = visible_fraction(shape, mask);
    return Timed{.call = [=] { call(calls->two); },
                 .work = {.flops = (is_backward ? 2.5 : 1.0) * shape.flops() * useful,
                          .bytes = (is_backward ? 2.0 : 1.0) * shape.bytes(sizeof(float))},
                 .beside = Beside{"efficiency", [=] { call(calls->one); },
                                  [](double two, double one) { return one / (2 * two); }}};
  });
}

}  // namespace

int main(int count, char** words) {
  constexpr at::Index n = 4096;
  for (bool const is_backward : {false, true}) {
    balance("causal", {1, 1, 1, n, n, 64}, at::Causal{}, is_backward);
    balance("causal", {1, 3, 3, n, n, 64}, at::Causal{}, is_backward);
    balance("window_256", {1, 3, 3, n, n, 64}, at::SlidingWindow{256, 0}, is_backward);
    balance("documents", {1, 3, 3, n, n, 64}, at::Documents{ragged_lengths(n)}, is_backward);
    balance("documents_causal", {1, 3, 3, n, n, 64}, at::Documents{ragged_lengths(n)} & at::Causal{}, is_backward);
    balance("block_sparse", {1, 3, 3, n, n, 64}, quarter_of_blocks(n), is_backward);
    balance("lengths", {3, 3, 3, 1024, 1024, 64}, at::Lengths{std::vector<at::Index>{1024, 100, 700}}, is_backward);
  }
  return bench::main(count, words);
}
