#include "problem.hpp"

/// Linear attention beside softmax attention over the same arrays. GFLOP/s count two multiply-adds for each number of S
/// and token, one to write and one to read; decays and the delta rule do more with it. Outputs are compared with the
/// formula first; a gradient is known to fit by Σ d_v·v = Σ d_out·out, for outputs are linear in values.

namespace {

using namespace bench;

/// A problem with gates and gradients.
struct Inputs {
  Problem<float> problem;
  std::vector<float> decay, rate, d_q, d_k, d_v, d_decay, d_rate;

  explicit Inputs(Shape const& shape) : problem(shape), d_q(problem.q.size()), d_k(problem.k.size()) {
    d_v.resize(problem.v.size());
    decay.resize(problem.k.size());
    d_decay.resize(problem.k.size());
    rate.assign(problem.k.size() / static_cast<std::size_t>(shape.dim), 0.5f);
    d_rate.resize(rate.size());
    for (std::size_t i = 0; i < decay.size(); ++i) decay[i] = -0.1f * std::abs(problem.k[i]);
    // Keys of length about 1, as the delta rule wants them.
    for (float& number : problem.k) number /= std::sqrt(static_cast<float>(shape.dim));
  }
  [[nodiscard]] at::HeadsShape row() const {
    return {problem.shape.batch, problem.shape.key_heads, problem.shape.keys, 1};
  }
  [[nodiscard]] at::Gates<float> gates(bool decays, bool corrects) {
    at::Gates<float> all;
    if (decays) all.decay = at::heads(decay.data(), problem.keys().shape());
    if (corrects) all.rate = at::heads(rate.data(), row());
    return all;
  }
  [[nodiscard]] at::Heads<float const> d_output() { return problem.queries(); }  // any numbers

  /// The last head of some array, in double.
  [[nodiscard]] static at::Matrix<double> last(at::Heads<float const> const& all) {
    at::Matrix<double> m(all.length(), all.dim());
    for (at::Index i = 0; i < m.rows(); ++i)
      for (at::Index f = 0; f < m.cols(); ++f) m(i, f) = double(all(all.batch() - 1, all.heads() - 1, i, f));
    return m;
  }
  void check_output(at::Matrix<double> const& wanted, std::string const& name) {
    double const error = (last(problem.output()) - wanted).cwiseAbs().maxCoeff() / wanted.cwiseAbs().maxCoeff();
    at::check(error < 1e-5, name, " is off by ", error, " of its largest number");
  }
  void check_gradient(std::string const& name) {
    at::Matrix<double> const of_values = last(at::heads(d_v.data(), problem.values().shape()));
    double const left = of_values.cwiseProduct(last(problem.values())).sum();
    double const right = last(d_output()).cwiseProduct(last(problem.output())).sum();
    double const size = last(d_output()).cwiseProduct(last(problem.output())).cwiseAbs().sum();
    at::check(std::abs(left - right) < 1e-5 * size, name, " does not fit its output: ", left, " and ", right);
  }
};

/// `times` the work of forward; check(inputs) throws where call(inputs) gave what is wrong.
template <class Call, class Check>
void variant(std::string const& name, Shape const& shape, double times, Call const& call, Check const& check) {
  add_in_turn({"linear/" + name, shape.name(), isas().front()}, [=] {
    auto const inputs = std::make_shared<Inputs>(shape);
    call(*inputs);
    check(*inputs);
    double const flops = 4.0 * double(shape.batch * shape.heads * shape.queries) * double(shape.dim * shape.dim);
    return Timed{.call = [=] { call(*inputs); },
                 .work = {.flops = times * flops, .bytes = times * shape.bytes(sizeof(float))},
                 .beside = Beside{"softmax_over_it", [=] { inputs->problem.run(at::Causal{}); },
                                  [](double own, double softmax) { return softmax / own; }}};
  });
}

/// Forward and backward of one kind; forward(inputs), backward(inputs) and reference(inputs) → the last head's output.
template <class Forward, class Backward, class Reference>
void both(std::string const& name, Shape const& shape, Forward const& forward, Backward const& backward,
          Reference const& reference) {
  variant(name, shape, 1, forward, [=](Inputs& in) { in.check_output(reference(in), name); });
  variant(name + "/backward", shape, 3, backward, [=](Inputs& in) {
    forward(in);
    in.check_gradient(name);
  });
}

void recurrent(std::string const& name, Shape const& shape, bool decays, bool corrects) {
  both(
      name, shape,
      [=](Inputs& in) {
        Problem<float>& p = in.problem;
        at::RecurrentAttention{}.forward_into(p.output(), p.queries(), p.keys(), p.values(), in.gates(decays, corrects),
                                              p.workspace);
      },
      [=](Inputs& in) {
        Problem<float>& p = in.problem;
        at::RecurrentGradientHeads<float> gradients{at::heads(in.d_q.data(), p.queries().shape()),
                                                    at::heads(in.d_k.data(), p.keys().shape()),
                                                    at::heads(in.d_v.data(), p.values().shape())};
        if (decays) gradients.decay = at::heads(in.d_decay.data(), p.keys().shape());
        if (corrects) gradients.rate = at::heads(in.d_rate.data(), in.row());
        at::RecurrentAttention{}.backward_into(gradients, p.queries(), p.keys(), p.values(), in.d_output(),
                                               in.gates(decays, corrects), p.workspace);
      },
      [=](Inputs& in) {
        at::Gates<float> const gates = in.gates(decays, corrects);
        at::Matrix<double> const none;
        at::Matrix<double> state = at::Matrix<double>::Zero(shape.dim, shape.dim);
        return at::reference::recurrent_attention<double>(
            Inputs::last(in.problem.queries()), Inputs::last(in.problem.keys()), Inputs::last(in.problem.values()),
            1 / std::sqrt(double(shape.dim)), decays ? Inputs::last(gates.decay) : none,
            corrects ? Inputs::last(gates.rate) : none, state);
      });
}

void shape(Shape const& sizes) {
  both(
      "elu_plus_one", sizes,
      [](Inputs& in) {
        Problem<float>& p = in.problem;
        at::LinearAttention{at::Causal{}}.forward_into(p.output(), p.queries(), p.keys(), p.values(), p.workspace);
      },
      [](Inputs& in) {
        Problem<float>& p = in.problem;
        at::LinearAttention{at::Causal{}}.backward_into(at::heads(in.d_q.data(), p.queries().shape()),
                                                        at::heads(in.d_k.data(), p.keys().shape()),
                                                        at::heads(in.d_v.data(), p.values().shape()), p.queries(),
                                                        p.keys(), p.values(), in.d_output(), p.workspace);
      },
      [](Inputs& in) {
        return at::reference::linear_attention<double>(
            Inputs::last(in.problem.queries()), Inputs::last(in.problem.keys()), Inputs::last(in.problem.values()),
            [](at::Index i, at::Index j) { return j <= i; }, [](double x) { return at::EluPlusOne{}(x); });
      });
  recurrent("no_gates", sizes, false, false);
  recurrent("decay", sizes, true, false);
  recurrent("delta", sizes, false, true);
  recurrent("gated_delta", sizes, true, true);
}

}  // namespace

int main(int count, char** words) {
  shape({1, 8, 8, 2048, 2048, 64});
  shape({1, 8, 8, 2048, 2048, 128});
  return bench::main(count, words);
}
