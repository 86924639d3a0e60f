#include "agree.hpp"
#include "catalogue.hpp"
#include "policies.hpp"

#include <attend/mask/lengths.hpp>

#include <algorithm>
#include <initializer_list>
#include <limits>

/// Rules 2 and 3 of the design: what a query does not see changes no bit of its row, whatever it holds; what it sees and
/// is no number reaches its row and no other; a query that sees nothing gets zeros.

namespace hidden_keys_tests {


using namespace laws;

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// Which keys each query sees, of one head of a call without documents.
class Sight {
 public:
  Sight(Shape const& shape, Policies const& policies) : shape_(shape), visible_(shape.n, shape.m) {
    for (Index i = 0; i < shape.n; ++i)
      for (Index j = 0; j < shape.m; ++j) {
        Index const start = policies.start.of(0, shape.n, shape.m);
        attend::Position<> const p{start + i, j, start, i, j, 0, 0};
        visible_(i, j) = policies.mask(p) && policies.adjusters(0.0, p) != -infinity;
      }
  }

  [[nodiscard]] bool sees(Index i, Index j) const { return visible_(i, j); }
  [[nodiscard]] bool sees_any(Index i, std::vector<Index> const& keys) const {
    for (Index const j : keys)
      if (visible_(i, j)) return true;
    return false;
  }
  [[nodiscard]] bool sees_nothing(Index i) const { return shape_.m == 0 || !visible_.row(i).any(); }

 private:
  Shape shape_;
  attend::Matrix<bool> visible_;
};

/// A few keys here and there: the first and the last, both sides of the middle of each vector, tile and document.
std::vector<Index> some_keys(Index m, std::uint64_t seed) {
  Random random(seed);
  std::vector<Index> keys;
  for (Index j = 0; j < m; ++j)
    if (j == 0 || j == m - 1 || j % 256 == 255 || random.uniform() < 0.08) keys.push_back(j);
  return keys;
}

template <class Storage>
void fill_rows(std::vector<Storage>& matrix, Index columns, std::vector<Index> const& rows,
               std::initializer_list<double> numbers) {
  std::size_t turn = 0;
  for (Index const row : rows)
    for (Index f = 0; f < columns; ++f)
      matrix[static_cast<std::size_t>(row * columns + f)] = static_cast<Storage>(numbers.begin()[turn++ % numbers.size()]);
}

template <class Storage>
bool row_is(std::vector<Storage> const& output, std::vector<Storage> const& other, Index row, Index columns) {
  auto const at = static_cast<std::size_t>(row * columns);
  return same_bits(output.data() + at, other.data() + at, static_cast<std::size_t>(columns));
}
template <class Storage>
bool row_is_nan(std::vector<Storage> const& output, Index row, Index columns) {
  for (Index f = 0; f < columns; ++f)
    if (output[static_cast<std::size_t>(row * columns + f)] == output[static_cast<std::size_t>(row * columns + f)])
      return false;
  return true;
}

template <class Storage>
void expect_hidden_keys_to_change_nothing(Variant<Storage> const& variant, Shape const& shape, Policies const& policies) {
  std::string const name = variant.name + ", " + policies.mask.name() + ", n " + std::to_string(shape.n) + ", m " +
                           std::to_string(shape.m);
  Problem<Storage> const clean(shape, 2);
  Sight const sight(shape, policies);
  Result<Storage> const before = variant.forward(clean.inputs(), policies);
  for (Index i = 0; i < shape.n; ++i)
    if (sight.sees_nothing(i)) {
      for (Index f = 0; f < shape.e; ++f) {
        Storage const zero{};
        ASSERT_TRUE(same_bits(&before.output[static_cast<std::size_t>(i * shape.e + f)], &zero, 1))
            << name << ", row " << i << " sees nothing";
      }
      ASSERT_EQ(before.log_sum_exp[static_cast<std::size_t>(i)], -infinity) << name << ", row " << i << " sees nothing";
    }

  for (std::uint64_t const seed : {3u, 4u}) {
    std::vector<Index> const keys = some_keys(shape.m, seed);
    Problem<Storage> poisoned = clean;
    fill_rows(poisoned.k, shape.d, keys, {not_a_number, infinity, not_a_number, -infinity, 3e38});
    fill_rows(poisoned.v, shape.e, keys, {infinity, not_a_number, -infinity, 3e38, not_a_number});
    Result<Storage> const after = variant.forward(poisoned.inputs(), policies);
    for (Index i = 0; i < shape.n; ++i)
      if (!sight.sees_any(i, keys)) {
        ASSERT_TRUE(row_is(before.output, after.output, i, shape.e)) << name << ", row " << i;
        ASSERT_TRUE(row_is(before.log_sum_exp, after.log_sum_exp, i, 1)) << name << ", log-sum-exp of row " << i;
      }
    if (!variant.weights) continue;
    auto const w_before = weights_of(variant, clean.inputs(), policies);
    auto const w_after = weights_of(variant, poisoned.inputs(), policies);
    for (Index i = 0; i < shape.n; ++i) {
      if (!sight.sees_any(i, keys)) {
        ASSERT_TRUE(row_is(w_before, w_after, i, shape.m)) << name << ", weights of row " << i;
      }
      for (Index j = 0; j < shape.m; ++j)
        if (!sight.sees(i, j)) {
          ASSERT_EQ(w_after[static_cast<std::size_t>(i * shape.m + j)], 0)
              << name << ", weight (" << i << ", " << j << ") of a hidden key";
        }
    }
  }
}

template <class Storage>
void expect_nan_to_reach_who_sees_it(Variant<Storage> const& variant, Shape const& shape, Policies const& policies) {
  std::string const name = variant.name + ", " + policies.mask.name();
  Problem<Storage> const clean(shape, 5);
  Sight const sight(shape, policies);
  Result<Storage> const before = variant.forward(clean.inputs(), policies);
  std::vector<Index> const keys = some_keys(shape.m, 6);

  Problem<Storage> in_keys = clean;
  fill_rows(in_keys.k, shape.d, keys, {not_a_number});
  Result<Storage> const after_keys = variant.forward(in_keys.inputs(), policies);
  for (Index i = 0; i < shape.n; ++i) {
    if (variant.reads_keys && sight.sees_any(i, keys)) {
      ASSERT_TRUE(row_is_nan(after_keys.output, i, shape.e)) << name << ", row " << i << " sees a NaN in a key";
    } else {
      ASSERT_TRUE(row_is(before.output, after_keys.output, i, shape.e)) << name << ", row " << i << " sees no NaN";
    }
  }

  // NaN in the first feature of some values: it stays in that feature.
  Problem<Storage> in_values = clean;
  for (Index const j : keys) in_values.v[static_cast<std::size_t>(j * shape.e)] = static_cast<Storage>(not_a_number);
  Result<Storage> const after_values = variant.forward(in_values.inputs(), policies);
  for (Index i = 0; i < shape.n; ++i) {
    Storage const first = after_values.output[static_cast<std::size_t>(i * shape.e)];
    if (variant.family == attend::Family::pick) {
      // Only the value that was picked is read.
      if (first == first) {
        ASSERT_TRUE(row_is(before.output, after_values.output, i, shape.e)) << name << ", row " << i;
      } else {
        ASSERT_TRUE(sight.sees_any(i, keys)) << name << ", row " << i;
      }
    } else {
      ASSERT_EQ(first != first, sight.sees_any(i, keys)) << name << ", row " << i;
    }
    for (Index f = 1; f < shape.e; ++f) {
      auto const at = static_cast<std::size_t>(i * shape.e + f);
      ASSERT_TRUE(same_bits(&before.output[at], &after_values.output[at], 1)) << name << ", row " << i << ", feature " << f;
    }
    ASSERT_TRUE(row_is(before.log_sum_exp, after_values.log_sum_exp, i, 1)) << name << ", row " << i;
  }

  // NaN in some queries.
  std::vector<Index> const rows = some_keys(shape.n, 7);
  Problem<Storage> in_queries = clean;
  fill_rows(in_queries.q, shape.d, rows, {not_a_number});
  Result<Storage> const after_queries = variant.forward(in_queries.inputs(), policies);
  for (Index i = 0; i < shape.n; ++i) {
    bool const is_poisoned = std::find(rows.begin(), rows.end(), i) != rows.end() && !sight.sees_nothing(i);
    if (is_poisoned) {
      ASSERT_TRUE(row_is_nan(after_queries.output, i, shape.e)) << name << ", row " << i << " has a NaN query";
    } else {
      ASSERT_TRUE(row_is(before.output, after_queries.output, i, shape.e)) << name << ", row " << i;
    }
  }
}

/// Values that are copied (5 features), and values that are read in place (32); one tile, and two.
constexpr Shape shapes[] = {{.n = 29, .m = 70, .d = 4, .e = 5}, {.n = 100, .m = 40, .d = 4, .e = 32},
                            {.n = 7, .m = 530, .d = 4, .e = 32}};

TEST(HiddenKeys, ChangeNoBitWhateverTheyHold) {
  for (Shape const& shape : shapes)
    for (AnyMask const& mask : every_mask(shape))
      for (Variant<float> const& variant : every_kernel(shape)) {
        expect_hidden_keys_to_change_nothing(variant, shape, {.mask = mask});
        if (HasFatalFailure()) return;
      }
}

TEST(HiddenKeys, ChangeNoBitInOtherScalars) {
  for (Shape const& shape : shapes)
    for (AnyMask const& mask : every_mask(shape)) {
      for (Variant<double> const& variant : every_kernel_in_double(shape))
        expect_hidden_keys_to_change_nothing(variant, shape, {.mask = mask});
      expect_hidden_keys_to_change_nothing(in_half(), shape, {.mask = mask});
      expect_hidden_keys_to_change_nothing(in_bfloat16(), shape, {.mask = mask});
      if (HasFatalFailure()) return;
    }
}

TEST(HiddenKeys, MayBeHiddenByABiasOfMinusInfinity) {
  for (Shape const& shape : shapes)
    for (AnyMask const& mask : {AnyMask(), causal()})
      for (Variant<float> const& variant : every_normalizer()) {
        if (!variant.adjusts) continue;
        Policies const policies{.mask = mask, .adjusters = bias_that_forbids(shape.n, shape.m)};
        // A NaN score stays NaN where −∞ is added to it: only values of such keys are out of sight.
        Problem<float> const clean(shape, 2);
        Sight const sight(shape, policies);
        Result<float> const before = variant.forward(clean.inputs(), policies);
        std::vector<Index> const keys = some_keys(shape.m, 8);
        Problem<float> poisoned = clean;
        fill_rows(poisoned.v, shape.e, keys, {not_a_number, infinity});
        Result<float> const after = variant.forward(poisoned.inputs(), policies);
        for (Index i = 0; i < shape.n; ++i)
          if (!sight.sees_any(i, keys)) {
            ASSERT_TRUE(row_is(before.output, after.output, i, shape.e)) << variant.name << ", row " << i;
          }
      }
}

TEST(HiddenKeys, ChangeNoBitWhereQueriesShareThem) {
  // Decoding: the queries of several heads stand in one strip.
  Shape const shape{.n = 2, .m = 300, .d = 4, .e = 5, .batch = 2, .heads = 6, .kv_heads = 2};
  Problem<float> const clean(shape, 9);
  Problem<float> poisoned = clean;
  for (Index b = 0; b < 2; ++b)
    for (Index h = 0; h < 2; ++h)
      for (Index j = b == 0 ? 100 : 298; j < 300; ++j)
        for (Index f = 0; f < 5; ++f) {
          poisoned.v[static_cast<std::size_t>(((b * 2 + h) * 300 + j) * 5 + f)] = static_cast<float>(not_a_number);
          if (f < 4) poisoned.k[static_cast<std::size_t>(((b * 2 + h) * 300 + j) * 4 + f)] = static_cast<float>(not_a_number);
        }
  for (Variant<float> const& variant : every_kernel(shape)) {
    Policies const policies{.mask = AnyMask("lengths", attend::Lengths{std::vector<Index>{100, 298}})};
    EXPECT_TRUE(same_bits(variant.forward(clean.inputs(), policies), variant.forward(poisoned.inputs(), policies)))
        << variant.name;
  }
}

TEST(HiddenKeys, OfOtherDocumentsChangeNoBit) {
  attend::Documents const documents({30, 5, 9}, {17, 40, 300});
  Shape const shape{.n = 44, .m = 357, .d = 4, .e = 5};
  Problem<float> const clean(shape, 10);
  for (Variant<float> const& variant : every_kernel(shape)) {
    Policies const policies{.documents = documents};
    Result<float> const before = variant.forward(clean.inputs(), policies);
    Problem<float> poisoned = clean;
    std::vector<Index> middle(40);
    for (Index j = 0; j < 40; ++j) middle[static_cast<std::size_t>(j)] = 17 + j;
    fill_rows(poisoned.k, shape.d, middle, {not_a_number, infinity});
    fill_rows(poisoned.v, shape.e, middle, {not_a_number, -infinity});
    Result<float> const after = variant.forward(poisoned.inputs(), policies);
    for (Index i = 0; i < shape.n; ++i)
      if (i < 30 || i >= 35) {
        ASSERT_TRUE(row_is(before.output, after.output, i, shape.e)) << variant.name << ", row " << i;
      }
  }
}

TEST(WhatIsNoNumber, ReachesExactlyTheRowsThatSeeIt) {
  for (Shape const& shape : shapes)
    for (AnyMask const& mask : every_mask(shape))
      for (Variant<float> const& variant : every_kernel(shape)) {
        expect_nan_to_reach_who_sees_it(variant, shape, {.mask = mask});
        if (HasFatalFailure()) return;
      }
}

TEST(WhatIsNoNumber, ReachesExactlyTheRowsThatSeeItInOtherScalars) {
  for (Shape const& shape : shapes)
    for (AnyMask const& mask : every_mask(shape)) {
      for (Variant<double> const& variant : every_kernel_in_double(shape))
        expect_nan_to_reach_who_sees_it(variant, shape, {.mask = mask});
      expect_nan_to_reach_who_sees_it(in_half(), shape, {.mask = mask});
      if (HasFatalFailure()) return;
    }
}

TEST(AQueryThatSeesNothing, GetsZerosWhateverTheKeysHold) {
  for (Index const m : {0, 1, 20, 300}) {
    Shape const shape{.n = 14, .m = m, .d = 4, .e = 5, .batch = 2, .heads = 4, .kv_heads = 2};
    Problem<float> problem(shape, 11);
    std::fill(problem.k.begin(), problem.k.end(), static_cast<float>(not_a_number));
    std::fill(problem.v.begin(), problem.v.end(), static_cast<float>(not_a_number));
    for (AnyMask const& mask : {AnyMask("length 0", attend::Lengths{Index(0)}), keep(random_bools(14, m, 1, 0)),
                                AnyMask("a lambda", [](auto const& p) { return p.key < 0; })})
      for (Variant<float> const& variant : every_kernel(shape)) {
        Result<float> const result = variant.forward(problem.inputs(), {.mask = mask});
        Result<float> wanted = result;
        std::fill(wanted.output.begin(), wanted.output.end(), 0.f);
        std::fill(wanted.log_sum_exp.begin(), wanted.log_sum_exp.end(), static_cast<float>(-infinity));
        EXPECT_TRUE(same_bits(result, wanted)) << variant.name << ", " << mask.name() << ", m " << m;
        if (!variant.weights) continue;
        for (float const w : weights_of(variant, problem.inputs(), {.mask = mask})) ASSERT_EQ(w, 0) << variant.name;
      }
  }
}

TEST(AQueryThatSeesNothing, GetsZerosInADocumentWithoutKeys) {
  attend::Documents const documents({3, 5, 40}, {0, 20, 0});
  Shape const shape{.n = 48, .m = 20, .d = 4, .e = 5};
  Problem<float> const problem(shape, 12);
  for (Variant<float> const& variant : every_kernel(shape)) {
    Result<float> const result = variant.forward(problem.inputs(), {.documents = documents});
    for (Index i = 0; i < 48; ++i) {
      bool const sees = i >= 3 && i < 8;
      EXPECT_EQ(result.log_sum_exp[static_cast<std::size_t>(i)] == -infinity, !sees) << variant.name << ", row " << i;
      if (sees) continue;
      for (Index f = 0; f < 5; ++f) EXPECT_EQ(result.output[static_cast<std::size_t>(i * 5 + f)], 0) << variant.name;
    }
  }
}

}  // namespace hidden_keys_tests
