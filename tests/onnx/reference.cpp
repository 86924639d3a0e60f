// The ONNX project's own cases of Attention and FlexAttention, through the dense reference.

#include "onnx/check_case.hpp"

#include <attend/reference.hpp>

namespace reference_tests {

struct Reference {
  static onnx::Numbers numbers(auto const& from) { return onnx::Numbers(from.begin(), from.end()); }

  static onnx::Numbers attention(auto const& q, auto const& k, auto const& v, auto const&... policies) {
    return numbers(attend::reference::attention(q, k, v, policies...));
  }
  static onnx::Numbers weights(auto const& q, auto const& k, auto const&... policies) {
    return numbers(attend::reference::weights(q, k, policies...));
  }
  static onnx::Numbers scores(auto const& q, auto const& k, auto const&... policies) {
    return numbers(attend::reference::scores(q, k, policies...));
  }
};

class OnnxReference : public testing::TestWithParam<std::string> {};

TEST_P(OnnxReference, AgreesWithTheCase) { onnx::check_case<Reference>(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Onnx, OnnxReference, testing::ValuesIn(onnx::names_of_cases(false)),
                         [](auto const& given) { return given.param; });

TEST(Onnx, HasAllCasesOfAttentionAndFlexAttention) { EXPECT_EQ(onnx::names_of_cases(false).size(), 98u); }

}  // namespace reference_tests
