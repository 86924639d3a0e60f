#include <attend/simd/random.hpp>

#include "isas.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace random_tests {

namespace at = attend;

template <class Integer>
std::vector<Integer> keys() {
  std::vector<Integer> all;
  for (Integer key = -40; key < 4000; ++key) all.push_back(key);
  all.push_back(std::numeric_limits<std::int32_t>::max());
  all.push_back(std::numeric_limits<std::int32_t>::min());
  if constexpr (sizeof(Integer) == 8) all.push_back((Integer{1} << 40) + 12345);
  all.resize(all.size() / 16 * 16 + 16);
  return all;
}

template <class Integer>
void expect_lanes_as_single_calls() {
  using Real = at::real_like<Integer>;
  auto const key = keys<Integer>();
  for (at::Isa const isa : isas()) {
    auto const u = apply<Real>(isa, [](auto const& k) { return at::uniform(42, 1, 2, 3, k); }, key);
    auto const g = apply<Real>(isa, [](auto const& k) { return at::gumbel(42, 1, 2, 3, k); }, key);
    for (std::size_t i = 0; i < key.size(); ++i) {
      ASSERT_EQ(u[i], at::uniform<Real>(42, 1, 2, 3, key[i])) << at::isa_name(isa) << ", key " << key[i];
      // Either logarithm is off by an ulp or two; the outer one turns relative errors of the inner into absolute ones.
      Real const wanted = at::gumbel<Real>(42, 1, 2, 3, key[i]);
      ASSERT_NEAR(g[i], wanted, 2 * std::numeric_limits<Real>::epsilon() * (1 + std::abs(wanted)));
    }
  }
}

TEST(Random, InEachLaneIsThatOfTheSingleCall) {
  expect_lanes_as_single_calls<std::int32_t>();
  expect_lanes_as_single_calls<std::int64_t>();
}

TEST(Random, IsCalledByPositionsOfEitherKind) {
  auto const noise = [](auto p) { return at::uniform(7, p.batch, p.head, p.query, p.key); };
  using Keys = at::pack<std::int32_t, 4>;
  at::Position<Keys> many;
  many.query = 5;
  many.key = Keys::consecutive(8);
  at::Position<> one;
  one.query = 5;
  one.key = 10;
  EXPECT_EQ(noise(many)[2], noise(one));
}

}  // namespace random_tests
