#include "front_door.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/mask/causal.hpp>
#include <attend/score/soft_cap.hpp>

/// Policies are recognised by kind, in any order, by the call and by the object that keeps them.

namespace front_door_policies_tests {

using namespace front_door;

TEST(FrontDoor, PoliciesInAnyOrderGiveTheSameBits) {
  Inputs const in;
  at::ThreadPool pool(2);
  at::Workspace workspace;
  at::SoftCap const cap{4.f};
  at::Causal const causal;
  at::Softmax const softmax;
  at::ScaledDot const dot;
  auto const out = at::attention(in.q, in.k, in.v, cap, causal);
  expect_near_reference(out, in.q, in.k, in.v, cap, causal);
  EXPECT_FALSE(same_bits(out, in.out));
  EXPECT_TRUE(same_bits(at::attention(in.q, in.k, in.v, causal, cap), out));
  EXPECT_TRUE(same_bits(at::attention(in.q, in.k, in.v, softmax, causal, dot, cap), out));
  EXPECT_TRUE(same_bits(at::attention(in.q, in.k, in.v, dot, cap, at::QueryStart{18}, softmax, causal), out));
  EXPECT_TRUE(same_bits(at::attention(in.q, in.k, in.v, pool, causal, workspace, softmax, cap), out));
  EXPECT_TRUE(same_bits((at::Attention{causal, softmax, cap}.forward(in.q, in.k, in.v).output), out));
  EXPECT_TRUE(same_bits((at::Attention{cap, causal}.forward(in.q, in.k, in.v, workspace, pool).output), out));
}

TEST(FrontDoor, ForwardKeepsWhatBackwardNeeds) {
  Inputs const in;
  auto const kept = at::Attention{at::Softmax{}}.forward(in.q, in.k, in.v);
  EXPECT_TRUE(same_bits(kept.output, in.out));
  RowMajor<long double> const s = at::reference::scores<long double>(in.q, in.k);
  for (Index i = 0; i < 19; ++i)
    EXPECT_NEAR(kept.log_sum_exp(i), static_cast<double>(std::log(s.row(i).array().exp().sum())), 1e-5) << "row " << i;
  ColumnMajor<float> const q = in.q;
  auto const again = at::Attention{at::Softmax{}}.forward(2.f * (0.5f * q), in.k, in.v);
  EXPECT_TRUE(same_bits(again.log_sum_exp, kept.log_sum_exp));
}

}  // namespace front_door_policies_tests
