#include "front_door.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/mask.hpp>
#include <attend/normalize.hpp>
#include <attend/score.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

/// Calls whose q, k and v are all bfloat16: multiplied as they are stored where the machine can, else in float. What
/// holds of every call holds of both; only weights are rounded in the first.

namespace bfloat16_tests {

using namespace front_door;

using Short = Eigen::bfloat16;

[[nodiscard]] bool multiplies_bfloat16() {
  return at::compiles_bfloat16_products && at::active_isa() == at::Isa::v4 && at::machine_multiplies_bfloat16();
}

/// In float, so that what is compared was not rounded once more.
template <class Query, class Key, class Value, class... Policies>
[[nodiscard]] RowMajor<float> output(Query const& q, Key const& k, Value const& v, Policies const&... policies) {
  RowMajor<float> out(q.rows(), v.cols());
  at::attention_into(out, q, k, v, policies...);
  return out;
}

struct Sizes {
  Index n, m, d, e;
};
constexpr Sizes every_size[] = {{1, 1, 1, 1},      {1, 7, 3, 5},       {3, 33, 64, 64},   {14, 31, 17, 33},
                                {64, 100, 31, 48}, {97, 517, 64, 64},  {4, 513, 130, 16}, {100, 300, 128, 130},
                                {5, 257, 2, 80},   {13, 255, 257, 16}, {2, 40, 0, 16}};

struct Inputs {
  RowMajor<Short> q, k, v;
  explicit Inputs(Sizes const& s)
      : q(numbers<Short>(s.n, s.d, 1)), k(numbers<Short>(s.m, s.d, 2)), v(numbers<Short>(s.m, s.e, 3)) {}
};

/// The largest |out − exact| over Σ w|v|.
template <class... Policies>
[[nodiscard]] double error(RowMajor<float> const& out, Inputs const& in, Policies const&... policies) {
  using Exact = long double;
  RowMajor<Exact> const v = in.v.cast<float>().cast<Exact>();
  RowMajor<Exact> const w = at::reference::weights<Exact>(in.q, in.k, policies...);
  RowMajor<Exact> const wanted = w * v, size = w * v.cwiseAbs();
  Exact largest = 0;
  for (Index i = 0; i < out.rows(); ++i)
    for (Index f = 0; f < out.cols(); ++f) {
      Exact const off = std::abs(static_cast<Exact>(out(i, f)) - wanted(i, f));
      if (!(off == 0)) largest = std::max(largest, off / size(i, f));
    }
  return static_cast<double>(largest);
}

/// Rounding a weight costs half a unit of 8 bits; float products cost what they cost everywhere.
constexpr double of_short_weights = 0x1p-8 + 0x1p-18, of_floats = 0x1p-18;

template <class... Policies>
void expect_near_formula(char const* what, Policies const&... policies) {
  double largest = 0;
  for (Sizes const& sizes : every_size) {
    Inputs const in(sizes);
    double const here = error(output(in.q, in.k, in.v, policies...), in, policies...);
    EXPECT_LE(here, multiplies_bfloat16() ? of_short_weights : of_floats)
        << what << ", " << sizes.n << " queries of " << sizes.d << ", " << sizes.m << " keys of " << sizes.e;
    largest = std::max(largest, here);
    double const in_float = error(output(in.q, in.k, in.v, policies..., at::FloatProducts{}), in, policies...);
    EXPECT_LE(in_float, of_floats) << what << " in float, " << sizes.m << " keys";
  }
  // Had it been float after all, nothing here would have been tested.
  if (multiplies_bfloat16()) {
    EXPECT_GT(largest, 0x1p-13) << what;
  }
}

TEST(Bfloat16, IsWithinTheRoundingOfItsWeights) {
  expect_near_formula("softmax");
  expect_near_formula("softmax, scale 0.3", at::ScaledDot{0.3});
  expect_near_formula("causal", at::Causal{});
  expect_near_formula("softcap and ALiBi", at::SoftCap{5.f}, at::Alibi{0.05f});
  at::Softmax warm;
  warm.temperature = 2.5;
  expect_near_formula("temperature", warm);
  expect_near_formula("sigmoid", at::Sigmoid{});
}

/// Which pairs may meet, as a matrix: one type of mask is one kernel to compile.
template <class Sees>
[[nodiscard]] at::Keep pairs(Index n, Index m, Sees const& sees) {
  Eigen::Matrix<bool, Dynamic, Dynamic> keep(n, m);
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < m; ++j) keep(i, j) = sees(i, j);
  return at::Keep{keep};
}

TEST(Bfloat16, LogSumExpIsThatOfWeightsThatWereNotRounded) {
  for (Sizes const& sizes : every_size) {
    Inputs const in(sizes);
    at::Keep const some = pairs(sizes.n, sizes.m, [](Index i, Index j) { return (i + j) % 3 != 1; });
    auto const kept = at::Attention{some}.forward(in.q, in.k, in.v);
    auto const in_float = at::Attention{some, at::FloatProducts{}}.forward(in.q, in.k, in.v);
    for (Index i = 0; i < sizes.n; ++i)
      if (std::isfinite(in_float.log_sum_exp(i))) {
        EXPECT_NEAR(kept.log_sum_exp(i), in_float.log_sum_exp(i), 2e-5f) << sizes.m;
      } else {
        EXPECT_EQ(kept.log_sum_exp(i), in_float.log_sum_exp(i)) << sizes.m;
      }
  }
}

TEST(Bfloat16, ARowsBitsAreItsOwn) {
  for (Sizes const& sizes : every_size) {
    Inputs const in(sizes);
    auto const own = [](Index i, Index j) { return j % 5 != 2 || i % 2 == 0; };
    RowMajor<float> const all = output(in.q, in.k, in.v, pairs(sizes.n, sizes.m, own));
    for (Index const rows : {1, 2, 3, 4, 5, 12, 13})
      for (Index const first : {Index{0}, sizes.n - rows}) {
        if (rows > sizes.n) continue;
        RowMajor<Short> const few = in.q.middleRows(first, rows);
        at::Keep const theirs = pairs(rows, sizes.m, [&](Index i, Index j) { return own(first + i, j); });
        ASSERT_TRUE(same_bits(output(few, in.k, in.v, theirs), all.middleRows(first, rows)))
            << rows << " rows from " << first << " of " << sizes.n << ", " << sizes.m << " keys";
      }
  }
}

TEST(Bfloat16, PrefillInCutsIsPrefillInOne) {
  Inputs const in({150, 150, 64, 32});
  RowMajor<float> const all = output(in.q, in.k, in.v, at::Causal{});
  for (Index const cut : {1, 4, 37, 96, 149}) {
    auto const head = [&](Index from, Index to) {
      return output(RowMajor<Short>(in.q.middleRows(from, to - from)), RowMajor<Short>(in.k.topRows(to)),
                    RowMajor<Short>(in.v.topRows(to)), at::Causal{});
    };
    ASSERT_TRUE(same_bits(head(0, cut), all.topRows(cut))) << cut;
    ASSERT_TRUE(same_bits(head(cut, 150), all.bottomRows(150 - cut))) << cut;
  }
}

TEST(Bfloat16, GroupsOfHeadsAndThreadsChangeNoBit) {
  constexpr Index batch = 2, heads = 6, key_heads = 2, d = 48;
  for (Index const n : {1, 2, 20, 130}) {
    Index const m = 270;
    auto const q = numbers<Short>(batch * heads * n, d, 4), k = numbers<Short>(batch * key_heads * m, d, 5),
               v = numbers<Short>(batch * key_heads * m, d, 6);
    RowMajor<float> out(batch * heads * n, d), shared(batch * heads * n, d);
    auto const Q = at::heads(q.data(), {batch, heads, n, d});
    auto const K = at::heads(k.data(), {batch, key_heads, m, d}), V = at::heads(v.data(), {batch, key_heads, m, d});
    at::attention_into(at::heads(out.data(), {batch, heads, n, d}), Q, K, V, at::Causal{});
    at::ThreadPool pool(3);
    at::attention_into(at::heads(shared.data(), {batch, heads, n, d}), Q, K, V, at::Causal{}, pool);
    EXPECT_TRUE(same_bits(out, shared)) << n;
    for (Index head = 0; head < batch * heads; ++head) {
      Index const of_key = head / (heads / key_heads);
      RowMajor<float> const alone =
          output(RowMajor<Short>(q.middleRows(head * n, n)), RowMajor<Short>(k.middleRows(of_key * m, m)),
                 RowMajor<Short>(v.middleRows(of_key * m, m)), at::Causal{});
      EXPECT_TRUE(same_bits(alone, out.middleRows(head * n, n))) << n << " queries, head " << head;
    }
  }
}

/// A document may begin at any key, odd ones too, and ends within a word as often as not.
TEST(Bfloat16, ADocumentIsWhatItIsAlone) {
  std::vector<Index> const queries{5, 0, 97, 1, 13}, keys{31, 7, 290, 0, 1};
  constexpr Index n = 116, m = 329, d = 33, e = 48;
  Inputs const in({n, m, d, e});
  RowMajor<float> const all = output(in.q, in.k, in.v, at::Documents(queries, keys), at::Causal{});
  Index query = 0, key = 0;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    RowMajor<float> const alone =
        output(RowMajor<Short>(in.q.middleRows(query, queries[i])), RowMajor<Short>(in.k.middleRows(key, keys[i])),
               RowMajor<Short>(in.v.middleRows(key, keys[i])), at::Causal{});
    EXPECT_TRUE(same_bits(alone, all.middleRows(query, queries[i]))) << "document " << i;
    query += queries[i];
    key += keys[i];
  }
  EXPECT_EQ(query, n);
  EXPECT_EQ(key, m);
}

/// Two neighbours stand in one word; what one of them holds must not reach the other.
TEST(Bfloat16, HiddenKeysChangeNoBitAndVisibleOnesReachTheirRows) {
  for (Index const n : {1, 3, 20, 100})
    for (Index const e : {16, 80, 33}) {
      Inputs in({n, 77, 40, e});
      at::Keep const hides = pairs(n, 77, [](Index, Index j) { return j != 30 && j != 65 && j != 76; });
      at::Keep const sees = pairs(n, 77, [](Index i, Index j) { return j != 30 || i % 2 == 0; });
      RowMajor<float> const clean = output(in.q, in.k, in.v, hides);
      RowMajor<float> const half_seen = output(in.q, in.k, in.v, sees);
      for (float const poison : {not_a_number, std::numeric_limits<float>::infinity()}) {
        Inputs poisoned = in;
        for (Index const j : {30, 65, 76}) {
          poisoned.k.row(j).setConstant(static_cast<Short>(poison));
          poisoned.v.row(j).setConstant(static_cast<Short>(poison));
        }
        EXPECT_TRUE(same_bits(output(poisoned.q, poisoned.k, poisoned.v, hides), clean)) << n << ", " << e;
      }
      in.v(30, 5) = static_cast<Short>(not_a_number);
      RowMajor<float> const reached = output(in.q, in.k, in.v, sees);
      for (Index i = 0; i < n; ++i)
        for (Index f = 0; f < e; ++f)
          if (i % 2 == 0 && f == 5)
            EXPECT_TRUE(std::isnan(reached(i, f))) << i;
          else
            EXPECT_EQ(reached(i, f), half_seen(i, f)) << i << ", " << f;
    }
}

TEST(Bfloat16, RowsThatSeeNothingAreZeros) {
  Inputs const in({20, 50, 32, 32});
  auto const kept = at::Attention{pairs(20, 50, [](Index i, Index) { return i % 4 != 1; })}.forward(in.q, in.k, in.v);
  for (Index i = 0; i < 20; ++i) {
    bool const blind = i % 4 == 1;
    EXPECT_EQ(kept.output.row(i).cast<float>().cwiseAbs().maxCoeff() == 0, blind) << i;
    EXPECT_EQ(kept.log_sum_exp(i) == -std::numeric_limits<float>::infinity(), blind) << i;
  }
  EXPECT_EQ(output(in.q, RowMajor<Short>(0, 32), RowMajor<Short>(0, 32)).cwiseAbs().maxCoeff(), 0);
}

/// Words are read from memory as it is: any alignment, any stride, and nothing behind the last number.
TEST(Bfloat16, StridesChangeNoBit) {
  for (Sizes const& sizes : every_size) {
    Inputs const in(sizes);
    for (Index const rows : {sizes.n, Index{1}}) {
      RowMajor<Short> const q = in.q.topRows(rows);
      RowMajor<float> const compact = output(q, in.k, in.v);
      ColumnMajor<Short> const q_columns = q, k_columns = in.k, v_columns = in.v;
      EXPECT_TRUE(same_bits(output(q_columns, k_columns, v_columns), compact)) << sizes.m;
      RowMajor<Short> q_wide = numbers<Short>(rows, sizes.d + 3, 7), k_wide = numbers<Short>(sizes.m, sizes.d + 5, 8),
                      v_wide = numbers<Short>(sizes.m, sizes.e + 3, 9);
      q_wide.middleCols(1, sizes.d) = q;
      k_wide.middleCols(3, sizes.d) = in.k;
      v_wide.middleCols(1, sizes.e) = in.v;
      EXPECT_TRUE(same_bits(
          output(q_wide.middleCols(1, sizes.d), k_wide.middleCols(3, sizes.d), v_wide.middleCols(1, sizes.e)), compact))
          << sizes.m;
    }
  }
}

TEST(Bfloat16, WorkspaceIsWhatWasAnnounced) {
  for (Index const n : {1, 3, 40, 130}) {
    Index const m = 301, d = 33;
    auto const q = numbers<Short>(4 * n, d, 4), k = numbers<Short>(2 * m, d, 5), v = numbers<Short>(2 * m, d, 6);
    RowMajor<float> out(4 * n, d);
    auto const O = at::heads(out.data(), {1, 4, n, d});
    auto const Q = at::heads(q.data(), {1, 4, n, d});
    auto const K = at::heads(k.data(), {1, 2, m, d}), V = at::heads(v.data(), {1, 2, m, d});
    std::size_t const announced = at::workspace_size(O, Q, K, V, at::Causal{});
    at::Workspace workspace;
    at::attention_into(O, Q, K, V, at::Causal{}, workspace);
    EXPECT_EQ(workspace.size(), announced);
  }
}

}  // namespace bfloat16_tests
