#include "core/sentence.hpp"
#include "mask/mask_laws.hpp"

/// a & b, a | b, !a, and functions of one's own among them.

namespace combinations_tests {

using namespace attend;
using laws::expect_mask;
using laws::Geometry;
using laws::Sharpness;

constexpr auto even_key = [](auto const& p) { return p.key % 2 == 0; };
constexpr auto late_query = [](auto const& p) { return p.query > 10; };

TEST(Combinations, MeanWhatTheyMeanForOnePair) {
  for (Geometry const& g : laws::geometries()) {
    SlidingWindow const near{6, 3};
    expect_mask(
        Causal{} & near, [](Index query, Index key, Index, Index) { return key <= query && key >= query - 6; }, g,
        Sharpness::may_say_some);
    expect_mask(
        near | GlobalTokens{2},
        [](Index query, Index key, Index, Index) {
          return (key >= query - 6 && key <= query + 3) || key < 2 || query < 2;
        },
        g, Sharpness::may_say_some);
    expect_mask(!Causal{}, [](Index query, Index key, Index, Index) { return key > query; }, g);
    expect_mask((!(Causal{} & !near)) | Chunked{5},
                [](Index query, Index key, Index, Index) {
                  bool const close = key >= query - 6 && key <= query + 3;
                  return !(key <= query && !close) || (query + 50) / 5 == (key + 50) / 5;
                },
                g, Sharpness::may_say_some);
  }
}

TEST(Combinations, JoinFunctionsOfOnesOwn) {
  for (Geometry const& g : laws::geometries()) {
    auto const even = [](Index, Index key, Index, Index) { return key % 2 == 0; };
    expect_mask(where(even_key), even, g, Sharpness::may_say_some);
    expect_mask(
        !where(even_key), [](Index, Index key, Index, Index) { return key % 2 != 0; }, g, Sharpness::may_say_some);
    expect_mask(
        Causal{} & even_key, [](Index query, Index key, Index, Index) { return key <= query && key % 2 == 0; }, g,
        Sharpness::may_say_some);
    expect_mask(
        even_key | Causal{}, [](Index query, Index key, Index, Index) { return key <= query || key % 2 == 0; }, g,
        Sharpness::may_say_some);
    expect_mask(
        where(even_key) & late_query, [](Index query, Index key, Index, Index) { return query > 10 && key % 2 == 0; },
        g, Sharpness::may_say_some);
  }
}

/// `late_query` has one answer for a whole vector of keys, `Causal` one a lane.
TEST(Combinations, JoinAnswersForAllLanesWithAnswersForEach) {
  for (Geometry const& g : laws::geometries()) {
    expect_mask(
        late_query & Causal{}, [](Index query, Index key, Index, Index) { return query > 10 && key <= query; }, g,
        Sharpness::may_say_some);
    expect_mask(
        Causal{} | late_query, [](Index query, Index key, Index, Index) { return query > 10 || key <= query; }, g,
        Sharpness::may_say_some);
    expect_mask((!(where(late_query) | where(late_query))) & Causal{},
                [](Index query, Index key, Index, Index) { return query <= 10 && key <= query; }, g,
                Sharpness::may_say_some);
  }
}

TEST(Combinations, SayOfATileWhatTheirPartsSay) {
  Tile const tile{.query = 20, .queries = 4, .key = 8, .keys = 4};
  ASSERT_EQ(Causal{}.coverage(tile), Coverage::all);
  ASSERT_EQ((SlidingWindow{2, 0}.coverage(tile)), Coverage::none);
  ASSERT_EQ(Lengths{10}.coverage(tile), Coverage::some);
  EXPECT_EQ((Causal{} & SlidingWindow{2, 0}).coverage(tile), Coverage::none);
  EXPECT_EQ((Causal{} & Lengths{10}).coverage(tile), Coverage::some);
  EXPECT_EQ((Causal{} | Lengths{10}).coverage(tile), Coverage::all);
  EXPECT_EQ((SlidingWindow{2, 0} | Lengths{10}).coverage(tile), Coverage::some);
  EXPECT_EQ((!Causal{}).coverage(tile), Coverage::none);
  EXPECT_EQ((!Lengths{10}).coverage(tile), Coverage::some);
  EXPECT_EQ(((!SlidingWindow{2, 0}) & Causal{}).coverage(tile), Coverage::all);
  EXPECT_EQ((even_key & SlidingWindow{2, 0}).coverage(tile), Coverage::none);
}

TEST(Combinations, ShowTheirPartsAndCheckThem) {
  auto const mask = Causal{} & Lengths{7};
  static_assert(std::is_same_v<decltype(mask.first), Causal>);
  static_assert(std::is_same_v<decltype(mask.second), Lengths>);
  std::string const wrong = "Lengths: a length is 7 but there are 5 keys; it must be between 0 and that.";
  CallShape const shape{1, 1, 5, 5};
  EXPECT_EQ(sentences::sentence_of([&] { mask.check_sizes(shape); }), wrong);
  EXPECT_EQ(sentences::sentence_of([&] { (Causal{} | !Lengths{7}).check_sizes(shape); }), wrong);
  EXPECT_EQ(sentences::sentence_of([&] { (Lengths{7} & even_key).check_sizes(shape); }), wrong);
}

/// The operators are for masks: they must not turn up for other callables, or for two functions of a user's own.
template <class First, class Second>
concept Joined = requires(First const& a, Second const& b) { a & b; };

TEST(Combinations, LeaveOtherTypesAlone) {
  auto const no_mask = [](int) { return 1; };
  auto const adjuster = [](auto score, auto) { return score; };
  static_assert(Joined<Causal, decltype(even_key)> && Joined<decltype(even_key), Causal>);
  static_assert(!Joined<decltype(even_key), decltype(late_query)>);
  static_assert(!Joined<Causal, decltype(no_mask)> && !Joined<Causal, decltype(adjuster)> && !Joined<Causal, int>);
  static_assert(!Joined<Coverage, Coverage> && Joined<Ordinal, Ordinal>);
  static_assert(Mask<And<Causal, Lengths>> && CoveringMask<And<Causal, Lengths>> && !Adjuster<And<Causal, Lengths>>);
}

}  // namespace combinations_tests
