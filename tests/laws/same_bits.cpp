#include "agree.hpp"
#include "catalogue.hpp"
#include "policies.hpp"

#include <attend/mask/lengths.hpp>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

/// Rules 4 and 5 of the design: for one instruction set the bits of a row depend on its query, on what that may see and
/// on the policies, and on nothing else.

namespace same_bits_tests {


using namespace laws;
using attend::Heads;
using attend::QueryStart;

template <class Storage>
std::string name_of(Variant<Storage> const& variant, Policies const& policies) {
  return variant.name + ", " + policies.mask.name();
}

/// Queries [first, first + count) of all heads against keys [0, keys).
template <class Storage>
Result<Storage> piece(Variant<Storage> const& variant, Inputs<Storage> const& all, Index first, Index count, Index keys,
                      Policies const& policies) {
  return variant.forward({tokens(all.q, first, count), tokens(all.k, 0, keys), tokens(all.v, 0, keys)}, policies);
}

/// Rows [first, first + count) of every head of `whole`, whose heads have n rows, are those of `piece`.
template <class Storage>
testing::AssertionResult rows_are(Result<Storage> const& whole, Result<Storage> const& part, Index heads, Index n,
                                  Index e, Index first, Index count) {
  for (Index h = 0; h < heads; ++h)
    for (Index i = 0; i < count; ++i) {
      auto const in_whole = static_cast<std::size_t>(h * n + first + i), in_part = static_cast<std::size_t>(h * count + i);
      auto const width = static_cast<std::size_t>(e);
      if (!same_bits(&whole.output[in_whole * width], &part.output[in_part * width], width) ||
          !same_bits(&whole.log_sum_exp[in_whole], &part.log_sum_exp[in_part], 1))
        return testing::AssertionFailure() << "row " << first + i << " of head " << h << " has other bits in a call of "
                                           << count << " queries";
    }
  return testing::AssertionSuccess();
}

/// Tries a law on all kernels that keep it: in float, and those in double and half.
template <class Law>
void for_every_scalar(Shape const& shape, Law const& law) {
  {
    Problem<float> const problem(shape, 41);
    for (Variant<float> const& variant : every_kernel(shape)) law(variant, problem);
  }
  {
    Problem<double> const problem(shape, 42);
    for (Variant<double> const& variant : every_kernel_in_double(shape)) law(variant, problem);
  }
  law(in_half(), Problem<Eigen::half>(shape, 43));
  law(in_bfloat16(), Problem<Eigen::bfloat16>(shape, 44));
}

TEST(TheBitsOfARow, AreTheSameWhenItsWeightsAndItsLogSumExpAreAskedFor) {
  Shape const shape{.n = 29, .m = 270, .d = 4, .e = 5, .batch = 2, .heads = 2};
  for_every_scalar(shape, [&](auto const& variant, auto const& problem) {
    for (AnyMask const& mask : every_mask(shape)) {
      Policies const policies{.mask = mask};
      auto const plain = output_of(variant, problem.inputs(), policies);
      EXPECT_TRUE(same_bits(plain, variant.forward(problem.inputs(), policies).output)) << name_of(variant, policies);
      if (!variant.weights) continue;
      (void)weights_of(variant, problem.inputs(), policies);
      EXPECT_TRUE(same_bits(plain, output_of(variant, problem.inputs(), policies))) << name_of(variant, policies);
    }
  });
}

TEST(TheBitsOfARow, DoNotDependOnTheRowsBesideIt) {
  Shape const shape{.n = 110, .m = 290, .d = 5, .e = 20, .heads = 2, .kv_heads = 1};
  for_every_scalar(shape, [&](auto const& variant, auto const& problem) {
    Index const start = shape.m - shape.n;
    for (AnyMask const& mask : masks_by_position()) {
      Policies policies{.mask = mask};
      auto const whole = variant.forward(problem.inputs(), policies);
      for (auto const& [first, count] : std::vector<std::pair<Index, Index>>{
               {0, 1}, {1, 1}, {5, 1}, {6, 2}, {11, 3}, {12, 5}, {95, 1}, {96, 1}, {109, 1}, {30, 70}, {94, 13}}) {
        policies.start = QueryStart(start + first);
        EXPECT_TRUE(rows_are(whole, piece(variant, problem.inputs(), first, count, shape.m, policies), shape.heads,
                             shape.n, shape.e, first, count))
            << name_of(variant, policies);
      }
    }
  });
}

TEST(TheBitsOfARow, DoNotDependOnHowACausalSequenceIsCutIntoCalls) {
  Index const n = 270;
  Shape const shape{.n = n, .m = n, .d = 4, .e = 6, .heads = 4, .kv_heads = 2};
  std::vector<Index> const cuts = {0, 1, 2, 15, 16, 95, 97, 200, 255, 256, 258, n};
  for_every_scalar(shape, [&](auto const& variant, auto const& problem) {
    if (variant.depends_on_m) return;
    for (AnyMask const& mask : masks_of_the_past()) {
      Policies const policies{.mask = mask};
      auto const whole = variant.forward(problem.inputs(), policies);
      for (std::size_t c = 0; c + 1 < cuts.size(); ++c)
        EXPECT_TRUE(rows_are(whole, piece(variant, problem.inputs(), cuts[c], cuts[c + 1] - cuts[c], cuts[c + 1], policies),
                             shape.heads, n, shape.e, cuts[c], cuts[c + 1] - cuts[c]))
            << name_of(variant, policies);
    }
  });
}

TEST(TheBitsOfARow, AreTheSameByPrefillAndByDecoding) {
  Index const n = 262;
  Shape const shape{.n = n, .m = n, .d = 4, .e = 3, .heads = 3, .kv_heads = 1};
  for_every_scalar(shape, [&](auto const& variant, auto const& problem) {
    if (variant.depends_on_m) return;
    Policies const policies{.mask = causal()};
    auto const whole = variant.forward(problem.inputs(), policies);
    for (Index i = 0; i < n; ++i)
      ASSERT_TRUE(rows_are(whole, piece(variant, problem.inputs(), i, 1, i + 1, policies), shape.heads, n, shape.e, i, 1))
          << name_of(variant, policies);
  });
}

TEST(TheBitsOfARow, AreTheSameByPrefillAndByDecodingUnderAdjusters) {
  Index const n = 262;
  Shape const shape{.n = n, .m = n, .d = 4, .e = 3, .heads = 2, .kv_heads = 1};
  Problem<float> const problem(shape, 45);
  for (auto const& [name, adjusters] : adjusters_by_position())
    for (Variant<float> const& variant : every_normalizer()) {
      if (!variant.adjusts || variant.depends_on_m) continue;
      Policies const policies{.mask = causal(), .adjusters = adjusters};
      auto const whole = variant.forward(problem.inputs(), policies);
      for (Index i = 0; i < n; i += i % 16 == 15 ? 1 : 5)
        ASSERT_TRUE(rows_are(whole, piece(variant, problem.inputs(), i, 1, i + 1, policies), shape.heads, n, shape.e, i, 1))
            << name_of(variant, policies) << ", " << name;
    }
}

TEST(TheBitsOfARow, DoNotDependOnKeysThatItDoesNotSee) {
  // Keys behind the length are more tiles to skip, or more lanes of a vector.
  for (Index const seen : {3, 64, 100, 256}) {
    Shape const shape{.n = 15, .m = 600, .d = 4, .e = 5};
    for_every_scalar(shape, [&](auto const& variant, auto const& problem) {
      if (variant.depends_on_m) return;
      Policies policies{.mask = AnyMask("length", attend::Lengths{seen}), .start = QueryStart(seen - shape.n)};
      auto const alone = piece(variant, problem.inputs(), 0, shape.n, seen, policies);
      for (Index const m : {seen, seen + 1, Index(300), Index(600)})
        EXPECT_TRUE(m < seen || same_bits(alone, piece(variant, problem.inputs(), 0, shape.n, m, policies)))
            << name_of(variant, policies) << ", " << seen << " of " << m << " keys";
    });
  }
}

TEST(TheBitsOfARow, AreTheSameWhetherATileIsSkippedOrMasked) {
  for (Shape const& shape : {Shape{.n = 40, .m = 310, .d = 4, .e = 5}, Shape{.n = 120, .m = 65, .d = 4, .e = 32},
                             Shape{.n = 2, .m = 530, .d = 4, .e = 5, .heads = 4}})
    for_every_scalar(shape, [&](auto const& variant, auto const& problem) {
      for (AnyMask const& mask : every_mask(shape)) {
        Policies const with{.mask = mask}, without{.mask = without_coverage(mask)};
        EXPECT_TRUE(same_bits(variant.forward(problem.inputs(), with), variant.forward(problem.inputs(), without)))
            << name_of(variant, with);
      }
    });
}

TEST(TheBitsOfARow, DoNotDependOnTheBatchNorOnItsPlaceInIt) {
  for (auto const& sizes : std::vector<std::pair<Index, Index>>{{1, 60}, {5, 280}, {30, 30}, {100, 20}}) {
    Index const n = sizes.first, m = sizes.second;
    Shape const shape{.n = n, .m = m, .d = 4, .e = 7, .batch = 3, .heads = 4, .kv_heads = 2};
    for_every_scalar(shape, [&](auto const& variant, auto const& problem) {
      if (variant.depends_on_place) return;
      auto const in = problem.inputs();
      auto const size = static_cast<std::size_t>(n * shape.e);
      Policies const policies{.mask = causal()};
      auto const whole = variant.forward(in, policies);
      for (Index b = 0; b < shape.batch; ++b)
        for (Index h = 0; h < shape.heads; ++h) {
          auto const alone = variant.forward({part(in.q, b, 1, h, 1, 0, n), part(in.k, b, 1, h / 2, 1, 0, m),
                                              part(in.v, b, 1, h / 2, 1, 0, m)},
                                             policies);
          EXPECT_TRUE(same_bits(alone.output.data(),
                                whole.output.data() + static_cast<std::size_t>(b * shape.heads + h) * size, size))
              << name_of(variant, policies) << ", sequence " << b << ", head " << h;
        }
      // The sequences the other way round.
      auto const backwards = [](auto heads) {
        auto strides = heads.strides();
        strides.batch = -strides.batch;
        return decltype(heads)(heads.data() + 2 * heads.strides().batch, heads.shape(), strides);
      };
      auto const reversed = variant.forward({backwards(in.q), backwards(in.k), backwards(in.v)}, policies);
      std::size_t const sequence = size * static_cast<std::size_t>(shape.heads);
      for (std::size_t b = 0; b < 3; ++b)
        EXPECT_TRUE(same_bits(reversed.output.data() + b * sequence, whole.output.data() + (2 - b) * sequence, sequence))
            << name_of(variant, policies) << ", sequence " << b << " from behind";
    });
  }
}

TEST(TheBitsOfARow, AreTheSameInAPackedDocumentAndInACallOfItsOwn) {
  std::vector<Index> const queries = {30, 1, 0, 100, 7}, keys = {20, 270, 5, 33, 0};
  attend::Documents const documents(queries, keys);
  Shape const shape{.n = documents.queries(), .m = documents.keys(), .d = 4, .e = 5, .heads = 2};
  for_every_scalar(shape, [&](auto const& variant, auto const& problem) {
    auto const in = problem.inputs();
    for (AnyMask const& mask : masks_by_position()) {
      Policies policies{.mask = mask, .documents = documents};
      auto const whole = variant.forward(in, policies);
      policies.documents.reset();
      for (Index i = 0; i < documents.count(); ++i) {
        Index const from = documents.query_begin(i), n = queries[static_cast<std::size_t>(i)];
        Index const key = documents.key_begin(i), m = keys[static_cast<std::size_t>(i)];
        auto const alone = variant.forward({tokens(in.q, from, n), tokens(in.k, key, m), tokens(in.v, key, m)}, policies);
        EXPECT_TRUE(rows_are(whole, alone, shape.heads, shape.n, shape.e, from, n)) << name_of(variant, policies);
      }
    }
  });
}

/// The same numbers elsewhere in memory.
template <class Storage>
class Moved {
 public:
  enum class Layout { columns, interleaved_heads, gaps, backwards };

  Moved(Heads<Storage const> const& from, Layout layout) {
    attend::HeadsShape const& s = from.shape();
    attend::HeadsStrides strides;
    Index origin = 0;
    switch (layout) {
      case Layout::columns: strides = {s.heads * s.length * s.dim, s.length * s.dim, 1, s.length}; break;
      case Layout::interleaved_heads: strides = {s.length * s.heads * s.dim, s.dim, s.heads * s.dim, 1}; break;
      case Layout::gaps:
        strides = {s.heads * (s.length + 2) * (3 * s.dim + 1), (s.length + 2) * (3 * s.dim + 1), 3 * s.dim + 1, 3};
        break;
      case Layout::backwards:
        strides = {-s.heads * s.length * s.dim, -s.length * s.dim, -s.dim, -1};
        origin = std::max<Index>(size_of(s) - 1, 0);
        break;
    }
    memory_.assign(static_cast<std::size_t>(s.batch * s.heads * (s.length + 2) * (3 * s.dim + 1) + 1),
                   static_cast<Storage>(std::numeric_limits<float>::quiet_NaN()));
    heads_ = Heads<Storage>(memory_.data() + origin, s, strides);
    for (Index b = 0; b < s.batch; ++b)
      for (Index h = 0; h < s.heads; ++h)
        for (Index i = 0; i < s.length; ++i)
          for (Index f = 0; f < s.dim; ++f) heads_(b, h, i, f) = from(b, h, i, f);
  }

  [[nodiscard]] Heads<Storage> const& heads() const { return heads_; }
  /// The numbers in order.
  [[nodiscard]] std::vector<Storage> numbers() const {
    std::vector<Storage> all;
    for (Index b = 0; b < heads_.batch(); ++b)
      for (Index h = 0; h < heads_.heads(); ++h)
        for (Index i = 0; i < heads_.length(); ++i)
          for (Index f = 0; f < heads_.dim(); ++f) all.push_back(heads_(b, h, i, f));
    return all;
  }

 private:
  std::vector<Storage> memory_;
  Heads<Storage> heads_;
};

TEST(TheBitsOfARow, DoNotDependOnWhereInputsAndOutputsLie) {
  for (Shape const& shape : {Shape{.n = 19, .m = 37, .d = 5, .e = 3, .batch = 2, .heads = 4, .kv_heads = 2},
                             Shape{.n = 3, .m = 262, .d = 16, .e = 64, .batch = 1, .heads = 2, .kv_heads = 1}})
    for_every_scalar(shape, [&](auto const& variant, auto const& problem) {
      using Storage = typename std::remove_cvref_t<decltype(problem.q)>::value_type;
      using Layout = typename Moved<Storage>::Layout;
      auto const in = problem.inputs();
      Policies const policies{.mask = causal()};
      auto const wanted = output_of(variant, in, policies);
      for (Layout const layout : {Layout::columns, Layout::interleaved_heads, Layout::gaps, Layout::backwards}) {
        Moved<Storage> const q(in.q, layout), k(in.k, layout), v(in.v, layout);
        Inputs<Storage> const moved{q.heads(), k.heads(), v.heads()};
        EXPECT_TRUE(same_bits(wanted, output_of(variant, moved, policies)))
            << name_of(variant, policies) << ", layout " << static_cast<int>(layout);
        std::vector<Storage> const zeros(wanted.size());
        Moved<Storage> const out(attend::heads(zeros.data(), shape.output()), layout);
        variant.into(out.heads(), in, policies);
        EXPECT_TRUE(same_bits(wanted, out.numbers()))
            << name_of(variant, policies) << ", output in layout " << static_cast<int>(layout);
      }
    });
}

TEST(TheBitsOfARow, DoNotDependOnWhatTheWorkspaceHeldBefore) {
  for (Shape const& shape : {Shape{.n = 19, .m = 37, .d = 5, .e = 3}, Shape{.n = 3, .m = 300, .d = 4, .e = 5, .heads = 3},
                             Shape{.n = 100, .m = 290, .d = 3, .e = 18}})
    for_every_scalar(shape, [&](auto const& variant, auto const& problem) {
      for (AnyMask const& mask : every_mask(shape)) {
        Policies policies{.mask = mask};
        auto const wanted = variant.forward(problem.inputs(), policies);
        attend::Workspace dirty(std::size_t{1} << 18);
        policies.workspace = &dirty;
        for (int const byte : {0xff, 0x7f}) {  // NaN, and 3.4e38
          std::memset(static_cast<void*>(dirty.reserve(1)), byte, dirty.size());
          EXPECT_TRUE(same_bits(wanted, variant.forward(problem.inputs(), policies))) << name_of(variant, policies);
        }
      }
    });
}

/// That equal bits are no accident of these tests: what may change bits does.
TEST(TheBitsOfARow, ChangeWithTheOrderOfItsKeys) {
  Shape const shape{.n = 19, .m = 300, .d = 16, .e = 8};
  for_every_scalar(shape, [&](auto const& variant, auto const& problem) {
    using Storage = typename std::remove_cvref_t<decltype(problem.q)>::value_type;
    if (variant.family == attend::Family::pick || sizeof(Storage) == 2 || !variant.reads_keys) return;
    auto const in = problem.inputs();
    auto const backwards = [](Heads<Storage const> const& heads) {
      attend::HeadsStrides strides = heads.strides();
      strides.length = -strides.length;
      return Heads<Storage const>(heads.data() + (heads.length() - 1) * heads.strides().length, heads.shape(), strides);
    };
    auto const forwards = output_of(variant, in), reversed = output_of(variant, {in.q, backwards(in.k), backwards(in.v)});
    EXPECT_FALSE(same_bits(forwards, reversed)) << variant.name;
    for (std::size_t i = 0; i < forwards.size(); ++i)
      EXPECT_NEAR(double(forwards[i]), double(reversed[i]), 1e-4 * (1 + std::abs(double(forwards[i])))) << variant.name;
  });
}

}  // namespace same_bits_tests
