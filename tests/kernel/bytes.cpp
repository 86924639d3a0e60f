#include "front_door.hpp"

#include "core/sentence.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/mask.hpp>
#include <attend/normalize.hpp>

#include <cstdint>
#include <vector>

/// Keys and values stored as bytes, with a scale for each token.

namespace bytes_tests {

using namespace front_door;

struct Tokens {
  RowMajor<std::int8_t> bytes;
  std::vector<float> scale;

  Tokens(Index tokens, Index dim, std::uint64_t seed)
      : bytes((numbers(tokens, dim, seed) * 40.f).cwiseMax(-127.f).cwiseMin(127.f).cast<std::int8_t>()),
        scale(static_cast<std::size_t>(tokens)) {
    laws::Random random(seed + 1);
    for (float& x : scale) x = static_cast<float>(std::exp(0.3 * random.normal())) / 60.f;
  }

  /// What they stand for; a double holds it exactly.
  [[nodiscard]] RowMajor<double> exact() const {
    RowMajor<double> x = bytes.cast<double>();
    for (Index i = 0; i < x.rows(); ++i) x.row(i) *= static_cast<double>(scale[static_cast<std::size_t>(i)]);
    return x;
  }
  [[nodiscard]] at::Heads<float const> scales(Index heads = 1) const {
    return at::heads(scale.data(), {1, heads, bytes.rows() / heads, 1});
  }
  [[nodiscard]] at::Heads<std::int8_t const> heads(Index count = 1) const {
    return at::heads(bytes.data(), {1, count, bytes.rows() / count, bytes.cols()});
  }
};

template <class Query, class... Policies>
[[nodiscard]] RowMajor<float> output(Query const& q, Tokens const& k, Tokens const& v, Policies const&... policies) {
  RowMajor<float> const given = q;
  RowMajor<float> out(q.rows(), v.bytes.cols());
  at::attention_into(at::heads(out.data(), {1, 1, out.rows(), out.cols()}),
                     at::heads(given.data(), {1, 1, given.rows(), given.cols()}), k.heads(), v.heads(),
                     at::TokenScales<float>{k.scales(), v.scales()}, policies...);
  return out;
}

TEST(Bytes, AreTheNumbersTheyStandFor) {
  for (Index const d : {1, 3, 16, 31, 64, 65, 100, 128, 200})
    for (Index const e : {1, 16, 33, 64})
      for (Index const m : {1, 15, 16, 33, 300}) {
        auto const q = numbers(14, d, 21);
        Tokens const k(m, d, 22), v(m, e, 24);
        RowMajor<float> const all = output(q, k, v, at::Causal{});
        expect_near_reference(all, q, k.exact(), v.exact(), at::Causal{});
        for (Index const rows : {1, 2, 3, 4, 13}) {
          RowMajor<float> const few = output(q.bottomRows(rows), k, v, at::Causal{});
          ASSERT_TRUE(same_bits(few, all.bottomRows(rows)))
              << rows << " rows of " << d << ", " << m << " keys of " << e;
        }
      }
}

TEST(Bytes, MeetEveryFamilyOfNormalisersAndAdjusters) {
  RowMajor<float> const q = numbers(13, 40, 31) * 0.25f;  // what whole rows solve is off by what scores are
  Tokens const k(290, 40, 32), v(290, 20, 34);
  auto const near = [&](auto const&... policies) {
    RowMajor<float> const out = output(q, k, v, policies...);
    expect_near_reference(out, q, k.exact(), v.exact(), policies...);
    EXPECT_TRUE(same_bits(output(q.topRows(1), k, v, at::QueryStart{277}, policies...), out.topRows(1)));
  };
  near(at::Dot{});
  near(at::Sigmoid{});
  near(at::Sparsemax{});
  near(at::Argmax{}, at::ScaledDot{0.7});
  near([](auto score, auto p) { return score * 0.5f - 0.01f * (p.query - p.key); });
}

/// The scale of a hidden token may be anything; one that is seen reaches its rows.
TEST(Bytes, HiddenScalesChangeNoBitAndVisibleOnesReachTheirRows) {
  auto const hides = [](auto p) { return p.key != 30 && p.key != 65 && p.key != 76; };
  auto const half_sees = [](auto p) { return p.key != 30 || p.query % 2 == 0; };
  for (Index const n : {1, 3, 20, 100}) {
    auto const q = numbers(n, 32, 41);
    Tokens k(77, 32, 42), v(77, 16, 44);
    RowMajor<float> const clean = output(q, k, v, hides), whole_row = output(q, k, v, hides, at::Sparsemax{});
    RowMajor<float> const half_seen = output(q, k, v, half_sees, at::QueryStart{0});
    Tokens poisoned_k = k, poisoned_v = v;
    for (std::size_t const j : {30u, 65u, 76u}) poisoned_k.scale[j] = poisoned_v.scale[j] = not_a_number;
    EXPECT_TRUE(same_bits(output(q, poisoned_k, poisoned_v, hides), clean)) << n;
    EXPECT_TRUE(same_bits(output(q, poisoned_k, poisoned_v, hides, at::Sparsemax{}), whole_row)) << n;
    v.scale[30] = not_a_number;
    RowMajor<float> const reached = output(q, k, v, half_sees, at::QueryStart{0});
    for (Index i = 0; i < n; ++i)
      for (Index f = 0; f < 16; ++f)
        if (i % 2 == 0)
          EXPECT_TRUE(std::isnan(reached(i, f))) << i;
        else
          EXPECT_EQ(reached(i, f), half_seen(i, f)) << i;
  }
}

TEST(Bytes, GroupsOfHeadsAndThreadsChangeNoBit) {
  constexpr Index heads = 6, key_heads = 2, m = 270, d = 48;
  Tokens const k(key_heads * m, d, 51), v(key_heads * m, d, 53);
  for (Index const n : {1, 2, 20, 130}) {
    auto const q = numbers(heads * n, d, 55);
    RowMajor<float> out(heads * n, d);
    at::ThreadPool pool(3);
    at::attention_into(at::heads(out.data(), {1, heads, n, d}), at::heads(q.data(), {1, heads, n, d}),
                       k.heads(key_heads), v.heads(key_heads),
                       at::TokenScales<float>{k.scales(key_heads), v.scales(key_heads)}, at::Causal{}, pool);
    for (Index head = 0; head < heads; ++head) {
      Index const of_key = head / (heads / key_heads);
      auto const part = [&](Tokens const& all) {
        Tokens one(m, d, 1);
        one.bytes = all.bytes.middleRows(of_key * m, m);
        one.scale.assign(all.scale.begin() + of_key * m, all.scale.begin() + (of_key + 1) * m);
        return one;
      };
      EXPECT_TRUE(
          same_bits(output(q.middleRows(head * n, n), part(k), part(v), at::Causal{}), out.middleRows(head * n, n)))
          << n << " queries, head " << head;
    }
  }
}

TEST(Bytes, MayHaveAnyStrides) {
  auto const q = numbers(9, 24, 61);
  Tokens const k(40, 24, 62), v(40, 12, 64);
  ColumnMajor<std::int8_t> const keys = k.bytes, values = v.bytes;
  RowMajor<float> out(9, 12);
  at::attention_into(at::heads(out.data(), {1, 1, 9, 12}), at::heads(q.data(), {1, 1, 9, 24}),
                     at::heads(keys.data(), {1, 1, 40, 24}, {0, 0, 1, 40}),
                     at::heads(values.data(), {1, 1, 40, 12}, {0, 0, 1, 40}),
                     at::TokenScales<float>{k.scales(), v.scales()});
  EXPECT_TRUE(same_bits(out, output(q, k, v)));
}

TEST(Bytes, ScalesOfOtherShapesAreRefused) {
  auto const q = numbers(2, 8, 71);
  Tokens const k(5, 8, 72), v(5, 4, 74), fewer(4, 8, 76);
  RowMajor<float> out = RowMajor<float>::Constant(2, 4, untouched);
  auto const call = [&](at::Heads<float const> of_keys, at::Heads<float const> of_values) {
    at::attention_into(at::heads(out.data(), {1, 1, 2, 4}), at::heads(q.data(), {1, 1, 2, 8}), k.heads(), v.heads(),
                       at::TokenScales<float>{of_keys, of_values});
  };
  EXPECT_EQ(sentences::sentence_of([&] { call(fewer.scales(), v.scales()); }),
            "attention: scales of k is (1, 1, 4, 1) but scales of v is (1, 1, 5, 1), as (batch, heads, length, dim); "
            "TokenScales must be one number for each key and value.");
  EXPECT_NE(sentences::sentence_of([&] { call(k.scales(), {}); }), "");
  EXPECT_TRUE((out.array() == untouched).all());
}

}  // namespace bytes_tests
