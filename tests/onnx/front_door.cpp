// The ONNX project's own cases of Attention and FlexAttention, through attention_into.

#include "onnx/check_case.hpp"

#include <attend/attention.hpp>

namespace front_door_tests {

using attend::Heads;
using attend::HeadsShape;
using attend::Index;

/// Shows the scores themselves: weights that are no weights, so that a key that is not seen shows as −∞.
struct RawScores {
  using kind = attend::NormalizerKind;
  static constexpr attend::Family family = attend::Family::pointwise;
  static constexpr bool normalized = false;
  static constexpr bool logarithmic = true;

  template <class Scalar>
  static Scalar shift(Index) {
    return 0;
  }
  template <class Number>
  static ATTEND_INLINE Number weight(Number const& score) {
    return score;
  }
};

struct FrontDoor {
  template <class Storage>
  static onnx::Numbers attention(Heads<Storage const> const& q, Heads<Storage const> const& k,
                                 Heads<Storage const> const& v, auto const&... policies) {
    HeadsShape const shape{q.batch(), q.heads(), q.length(), v.dim()};
    std::vector<Storage> out(static_cast<std::size_t>(shape.batch * shape.heads * shape.length * shape.dim));
    attend::attention_into(attend::heads(out.data(), shape), q, k, v, policies...);
    return {out.begin(), out.end()};
  }
  template <class Storage>
  static onnx::Numbers weights(Heads<Storage const> const& q, Heads<Storage const> const& k, auto const&... policies) {
    HeadsShape const shape{q.batch(), q.heads(), q.length(), k.length()};
    std::vector<attend::compute_t<Storage>> w(
        static_cast<std::size_t>(shape.batch * shape.heads * shape.length * shape.dim));
    attend::Attention{policies...}.weights_into(attend::heads(w.data(), shape), q, k);
    return {w.begin(), w.end()};
  }
  static onnx::Numbers scores(auto const& q, auto const& k, auto const&... policies) {
    return weights(q, k, RawScores{}, policies...);
  }
};

class OnnxFrontDoor : public testing::TestWithParam<std::string> {};

TEST_P(OnnxFrontDoor, AgreesWithTheCase) { onnx::check_case<FrontDoor>(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Onnx, OnnxFrontDoor, testing::ValuesIn(onnx::names_of_cases(false)),
                         [](auto const& given) { return given.param; });

}  // namespace front_door_tests
