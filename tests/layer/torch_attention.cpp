#include "torch.hpp"

#include <attend/attention.hpp>
#include <attend/mask/causal.hpp>
#include <attend/mask/keep.hpp>
#include <attend/score/bias.hpp>
#include <attend/score/scaled_dot.hpp>

#include <set>

namespace torch_attention_tests {

using namespace torch_golden;
namespace at = attend;

/// Calls use(policies…) with those of a case of scaled_dot_product_attention.
template <class Scalar, class Use>
void with_policies(nlohmann::json const& one, Use const& use) {
  std::string const name = one.at("name");
  if (name == "plain" || name == "grouped")
    use(at::ScaledDot{});
  else if (name == "scale")
    use(at::ScaledDot{0.3});
  else if (name.find("causal") != std::string::npos)
    use(at::Causal::top_left());
  else if (name == "keep")
    use(at::Keep((matrix<int>(one.at("keep")).array() > 0).matrix().eval()));
  else if (name == "bias")
    use(at::Bias(matrix<Scalar>(one.at("bias"))));
  else
    FAIL() << "no policies for " << name;
}

template <class Scalar>
void expect_attention(nlohmann::json const& one) {
  std::string const name = one.at("name");
  nlohmann::json const& sizes = one.at("sizes");
  auto const size = [&](char const* key) { return sizes.at(key).get<Index>(); };
  Index const batch = size("batch"), h = size("heads"), shared = size("kv_heads"), n = size("n"), m = size("m");
  auto const in = [&](char const* key) { return matrix<Scalar>(one.at("in").at(key)); };
  Matrix<Scalar> const q = in("q"), k = in("k"), v = in("v"), d_y = matrix<Scalar>(one.at("d_y"));
  Matrix<Scalar> y(q.rows(), v.cols()), sums(q.rows(), 1), d_q = q, d_k = k, d_v = v;
  auto const heads = [&](auto& rows, Index count, Index length) {
    return at::heads(rows.data(), {batch, count, length, rows.cols()});
  };
  with_policies<Scalar>(one, [&](auto const&... policies) {
    at::Attention const op{policies...};
    op.forward_into(heads(y, h, n), heads(sums, h, n), heads(q, h, n), heads(k, shared, m), heads(v, shared, m));
    Matrix<Scalar> const &kept = y, &kept_sums = sums;
    (void)op.backward_into(heads(d_q, h, n), heads(d_k, shared, m), heads(d_v, shared, m), heads(q, h, n),
                           heads(k, shared, m), heads(v, shared, m), heads(kept, h, n), heads(kept_sums, h, n),
                           heads(d_y, h, n));
  });
  expect_golden(name, y, one.at("y"));
  expect_golden(name + ", gradient of q", d_q, one.at("gradient").at("q"));
  expect_golden(name + ", gradient of k", d_k, one.at("gradient").at("k"));
  expect_golden(name + ", gradient of v", d_v, one.at("gradient").at("v"));
}

template <class Scalar>
struct TorchAttention : testing::Test {};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(TorchAttention, Scalars);

TYPED_TEST(TorchAttention, IsScaledDotProductAttention) {
  std::set<std::string> names;
  for (nlohmann::json const& one : cases<TypeParam>("attention.json")) {
    expect_attention<TypeParam>(one);
    names.insert(one.at("name").get<std::string>());
  }
  EXPECT_EQ(names.size(), 8u);
}

}  // namespace torch_attention_tests
