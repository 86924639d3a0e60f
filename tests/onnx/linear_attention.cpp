// The ONNX project's own cases of LinearAttention, through RecurrentAttention and through the reference.

#include "onnx/check_case.hpp"

#include <attend/linear.hpp>
#include <attend/reference/linear_attention.hpp>

#include <cmath>

namespace linear_attention_tests {

using attend::Heads;
using attend::HeadsShape;
using attend::Index;

/// (batch, length, heads · dim) as (batch, heads, length, dim), in the type that is computed in; one number a token
/// where there are fewer columns serves all heads.
template <class Number>
onnx::HeadsArray<Number> gate(onnx::Array const& array, Index heads) {
  std::vector<double> const numbers = array.numbers();
  Index const batch = array.shape[0], length = array.shape[1], columns = array.shape[2];
  onnx::HeadsArray<Number> gates{{numbers.begin(), numbers.end()},
                                 {batch, heads, length, columns % heads == 0 ? columns / heads : 1},
                                 {length * columns, columns % heads == 0 ? columns / heads : 0, columns, 1}};
  return gates;
}

/// A case of one scalar, its scale and what its rule uses.
template <class Storage>
struct LinearCase {
  using Number = attend::compute_t<Storage>;
  onnx::HeadsArray<Storage> q, k, v;
  onnx::HeadsArray<Number> decay, rate;
  attend::LinearState<Number> state;
  double scale;

  explicit LinearCase(onnx::Case const& given) {
    Index const heads = given.attribute<Index>("q_num_heads", 0), key_heads = given.attribute<Index>("kv_num_heads", 0);
    q = onnx::laid_out<Storage>(given.in.at("query"), heads);
    k = onnx::laid_out<Storage>(given.in.at("key"), key_heads);
    v = onnx::laid_out<Storage>(given.in.at("value"), key_heads);
    std::string const rule = given.attribute<std::string>("update_rule", "gated_delta");
    if (rule.starts_with("gated")) decay = gate<Number>(given.in.at("decay"), key_heads);
    if (rule.ends_with("delta")) rate = gate<Number>(given.in.at("beta"), key_heads);
    state = attend::LinearState<Number>(k.shape.batch, k.shape.heads, k.shape.dim, v.shape.dim);
    if (given.has("past_state")) {
      std::vector<double> const past = given.in.at("past_state").numbers();
      for (std::size_t i = 0; i < past.size(); ++i) state.matrices().data()[i] = static_cast<Number>(past[i]);
    }
    double const asked = given.attribute("scale", 0.0);
    scale = asked == 0 ? 1 / std::sqrt(static_cast<double>(q.shape.dim)) : asked;
  }

  [[nodiscard]] HeadsShape result() const { return {q.shape.batch, q.shape.heads, q.shape.length, v.shape.dim}; }
};

/// Calls run(problem) → output, compares it and the state.
template <class Storage, class Run>
void check_case(onnx::Case const& given, Run const& run) {
  LinearCase<Storage> problem(given);
  onnx::Numbers const output = run(problem);
  bool const half = std::is_same_v<Storage, Eigen::half>;
  onnx::expect_close(output, onnx::as_doubles(given.out.at("output"), problem.q.shape.heads), half, "output");
  auto const matrices = problem.state.matrices();
  HeadsShape const& s = matrices.shape();
  onnx::Numbers const state(matrices.data(), matrices.data() + s.batch * s.heads * s.length * s.dim);
  onnx::expect_close(state, onnx::as_doubles(given.out.at("present_state"), 0), half, "present_state");
}

template <class Run>
void check_case(std::string const& name, Run const& run) {
  onnx::Case const given = onnx::read_case(name);
  if (given.in.at("query").type == "f2") return check_case<Eigen::half>(given, run);
  ASSERT_EQ(given.in.at("query").type, "f4");
  check_case<float>(given, run);
}

class OnnxLinear : public testing::TestWithParam<std::string> {};

TEST_P(OnnxLinear, AgreesWithTheCase) {
  check_case(GetParam(), []<class Storage>(LinearCase<Storage>& problem) {
    using Number = attend::compute_t<Storage>;
    HeadsShape const shape = problem.result();
    std::vector<Storage> out(static_cast<std::size_t>(shape.batch * shape.heads * shape.length * shape.dim));
    attend::RecurrentAttention(problem.scale)
        .forward_into(attend::heads(out.data(), shape), problem.q.view(), problem.k.view(), problem.v.view(),
                      attend::Gates<Number>{problem.decay.view(), problem.rate.view()}, problem.state);
    return onnx::Numbers(out.begin(), out.end());
  });
}

TEST_P(OnnxLinear, AgreesWithTheReference) {
  check_case(GetParam(), []<class Storage>(LinearCase<Storage>& problem) {
    using Wide = attend::Matrix<double>;
    auto const matrix = [](auto const& array, Index b, Index h) {
      Wide m(array.shape.length, array.shape.dim);
      for (Index i = 0; i < m.rows(); ++i)
        for (Index f = 0; f < m.cols(); ++f) m(i, f) = static_cast<double>(array.view()(b, h, i, f));
      return m;
    };
    onnx::Numbers output;
    auto const matrices = problem.state.matrices();
    for (Index b = 0; b < problem.q.shape.batch; ++b)
      for (Index h = 0; h < problem.q.shape.heads; ++h) {
        Index const group = problem.q.shape.heads / problem.k.shape.heads, of = h / group;
        Wide state(matrices.length(), matrices.dim());
        for (Index f = 0; f < state.rows(); ++f)
          for (Index c = 0; c < state.cols(); ++c) state(f, c) = static_cast<double>(matrices(b, of, f, c));
        Wide const none;
        Wide const out = attend::reference::recurrent_attention<double>(
            matrix(problem.q, b, h), matrix(problem.k, b, of), matrix(problem.v, b, of), problem.scale,
            problem.decay.numbers.empty() ? none : matrix(problem.decay, b, of),
            problem.rate.numbers.empty() ? none : matrix(problem.rate, b, of), state);
        output.insert(output.end(), out.data(), out.data() + out.size());
        if (h % group != group - 1) continue;  // the last of a group: nobody begins with this state any more
        for (Index f = 0; f < state.rows(); ++f)
          for (Index c = 0; c < state.cols(); ++c)
            matrices(b, of, f, c) = static_cast<attend::compute_t<Storage>>(state(f, c));
      }
    return output;
  });
}

INSTANTIATE_TEST_SUITE_P(Onnx, OnnxLinear, testing::ValuesIn(onnx::names_of_cases(true)),
                         [](auto const& given) { return given.param; });

TEST(OnnxCases, OfLinearAttentionAreAllThere) { EXPECT_EQ(onnx::names_of_cases(true).size(), 14u); }

}  // namespace linear_attention_tests
