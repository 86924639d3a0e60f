#include "gradient_catalogue.hpp"

#include "agree.hpp"
#include "draw_policies.hpp"
#include "policies.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/mask/sliding_window.hpp>
#include <attend/testing/central_difference.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <sstream>

/// Gradients of the fused kernel: those of its own output by differences, those of the dense formulas, and the rules of
/// the design that hold for results and for gradients too.

namespace gradients_tests {

using namespace laws;

double largest(std::vector<double> const& numbers) {
  double most = 0;
  for (double const x : numbers) most = std::max(most, std::abs(x));
  return most;
}

/// The largest error relative to the largest entry, or to `least`; infinite where one of them is no number.
template <class Number>
double error_of(std::vector<Number> const& found, std::vector<double> const& wanted, double least = 0) {
  if (found.size() != wanted.size()) return std::numeric_limits<double>::infinity();
  double const scale = std::max(largest(wanted), least);
  double most = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    double const off = std::abs(static_cast<double>(found[i]) - wanted[i]);
    if (!(off <= 1e300)) return std::numeric_limits<double>::infinity();
    most = std::max(most, scale > 0 ? off / scale : off);
  }
  return most;
}

/// A parameter may be one number, in which a sum over all pairs cancels by chance: it is compared with 1 at least.
template <class Number>
double error_of(Gradient<Number> const& found, Gradient<double> const& wanted) {
  return std::max({error_of(found.query, wanted.query), error_of(found.key, wanted.key),
                   error_of(found.value, wanted.value), error_of(found.parameters, wanted.parameters, 1)});
}

template <class Number>
bool same_bits_of_tokens(Gradient<Number> const& a, Gradient<Number> const& b) {
  return same_bits(a.query, b.query) && same_bits(a.key, b.key) && same_bits(a.value, b.value);
}
template <class Number>
bool same_bits_of_all(Gradient<Number> const& a, Gradient<Number> const& b) {
  return same_bits_of_tokens(a, b) && same_bits(a.parameters, b.parameters);
}

std::string scientific(double x) {
  std::ostringstream text;
  text << x;
  return text.str();
}

std::string text_of(Shape const& shape) {
  std::ostringstream text;
  text << shape;
  return text.str();
}

/// 60 draws of each kernel, 540 in all; sizes, mask, adjusters, the query's place and documents at random. Kinks (ReLU,
/// the edge of a support) that lie close by are stepped around by central_difference.
TEST(Gradients, AreThoseOfTheOutputByDifferences) {
  Random random(101);
  Index draws = 0, entries = 0;
  double worst = 0;
  auto const variants = every_gradient();
  for (GradientVariant<double> const& variant : variants)
    for (Index draw = 0; draw < 60; ++draw) {
      Shape const shape{.n = random.between(1, 6), .m = random.between(1, 9), .d = 3, .e = random.between(1, 4)};
      DrawnPolicies const drawn = draw_policies(random, shape, draw);
      // Names: Clang 14 lets no lambda capture a structured binding.
      Policies const& policies = drawn.policies;
      std::string const& adjuster_name = drawn.adjuster_name;
      Problem<double> problem(shape, random.bits());
      Loss<double> loss = loss_of<double>(shape, random.bits());
      bool const is_softmax = variant.family == attend::Family::exponential;
      if (is_softmax && draw % 2 == 1)
        for (Index i = 0; i < shape.n; ++i) loss.d_log_sum_exp.push_back(random.normal());
      std::string const name =
          variant.name + ", " + policies.mask.name() + ", " + adjuster_name + ", " + text_of(shape);

      auto const value = [&] {
        Result<double> const result = variant.forward(problem.inputs(), policies);
        double sum = 0;
        for (std::size_t i = 0; i < result.output.size(); ++i) sum += result.output[i] * loss.d_output[i];
        for (std::size_t i = 0; i < loss.d_log_sum_exp.size(); ++i)
          if (result.log_sum_exp[i] > -std::numeric_limits<double>::infinity())
            sum += result.log_sum_exp[i] * loss.d_log_sum_exp[i];
        return sum;
      };
      Gradient<double> const gradient = variant.backward(problem.inputs(), loss, policies);
      ++draws;
      for (auto const& [numbers, slopes, what] :
           {std::tuple{&problem.q, &gradient.query, "query"}, std::tuple{&problem.k, &gradient.key, "key"},
            std::tuple{&problem.v, &gradient.value, "value"}}) {
        double const scale = std::max(largest(*slopes), 1e-3);  // of a loss of about 1: less is rounding
        for (std::size_t i = 0; i < numbers->size(); ++i) {
          double& x = (*numbers)[i];
          double const kept = x;
          auto const along = [&](double step) {
            x = kept + step;
            double const result = value();
            x = kept;
            return result;
          };
          double const error = std::abs(attend::testing::central_difference(along, kept) - (*slopes)[i]) / scale;
          ++entries;
          ASSERT_LE(error, 1e-6) << name << ": " << what << " " << i;
          worst = std::max(worst, error);
        }
      }
    }
  EXPECT_EQ(draws, 60 * std::ssize(variants));
  EXPECT_GE(draws, 120) << "kernels are missing";
  RecordProperty("draws", std::to_string(draws));
  RecordProperty("entries", std::to_string(entries));
  RecordProperty("largest relative error", scientific(worst));
}

TEST(Gradients, AgreeWithTheReferenceForEveryMaskAndAdjuster) {
  double worst = 0;
  for (Shape const& shape : {Shape{.n = 13, .m = 31, .d = 3, .e = 5}, Shape{.n = 29, .m = 270, .d = 3, .e = 2}})
    for (GradientVariant<double> const& variant : every_gradient()) {
      Problem<double> const problem(shape, 61);
      Loss<double> const loss = loss_of<double>(shape, 62);
      auto const compare = [&](Policies const& policies, std::string const& what, double bound = 1e-12) {
        double const error = error_of(variant.backward(problem.inputs(), loss, policies),
                                      variant.expected(problem.inputs(), loss, policies));
        EXPECT_LE(error, bound) << variant.name << ", " << what << ", " << text_of(shape);
        if (bound == 1e-12) worst = std::max(worst, error);
      };
      auto const masks = shape.m > 100 ? masks_by_position() : every_mask(shape);
      for (AnyMask const& mask : masks) compare({.mask = mask}, mask.name());
      for (auto const& [name, adjusters] : every_adjuster(shape))
        // 0.1f times a position is a float on plain numbers, but in double on vectors beside doubles.
        compare({.mask = causal(), .adjusters = adjusters}, name, name == "a lambda" ? 1e-6 : 1e-12);
    }
  RecordProperty("largest relative error", scientific(worst));
}

TEST(Gradients, AgreeWithTheReferenceForBatchesGroupsAndDocuments) {
  for (GradientVariant<double> const& variant : every_gradient()) {
    for (Shape const& shape : {Shape{.n = 5, .m = 17, .d = 3, .e = 5, .batch = 2, .heads = 4, .kv_heads = 2},
                               Shape{.n = 40, .m = 9, .d = 3, .e = 2, .batch = 2, .heads = 6, .kv_heads = 1}}) {
      Problem<double> const problem(shape, 63);
      Loss<double> const loss = loss_of<double>(shape, 64);
      Policies policies{.mask = causal(), .adjusters = AnyAdjuster().then(attend::Alibi::for_heads(shape.heads))};
      EXPECT_LE(error_of(variant.backward(problem.inputs(), loss, policies),
                         variant.expected(problem.inputs(), loss, policies)),
                1e-12)
          << variant.name << ", " << shape;
      policies.documents = attend::Documents({2, 0, shape.n - 2}, {shape.m - 6, 2, 4});
      EXPECT_LE(error_of(variant.backward(problem.inputs(), loss, policies),
                         variant.expected(problem.inputs(), loss, policies)),
                1e-12)
          << variant.name << " of documents, " << shape;
    }
  }
}

/// Measured: at most 3e-6 of the largest entry in float. What is stored shorter is read exactly, but the kept output,
/// which backward begins with, has 11 or 8 bits: at most 3e-4 in half, 3e-3 in bfloat16.
TEST(Gradients, InFloatAndShorterAreThoseOfTheReference) {
  double worst = 0;
  for (Shape const& shape : {Shape{.n = 13, .m = 31, .d = 3, .e = 5}, Shape{.n = 100, .m = 300, .d = 3, .e = 16}}) {
    for (GradientVariant<float> const& variant : gradients_in_float())
      for (AnyMask const& mask : {AnyMask(), causal()}) {
        Problem<float> const problem(shape, 65);
        Loss<float> const loss = loss_of<float>(shape, 66);
        Policies const policies{.mask = mask};
        double const error = error_of(variant.backward(problem.inputs(), loss, policies),
                                      variant.expected(problem.inputs(), loss, policies));
        EXPECT_LE(error, 4e-6) << variant.name << ", " << mask.name() << ", " << shape;
        worst = std::max(worst, error);
      }
    auto const shorter = [&]<class Storage>(GradientVariant<Storage> const& variant, double bound) {
      Problem<Storage> const problem(shape, 67);
      Loss<Storage> const loss = loss_of<Storage>(shape, 68);
      Policies const policies{.mask = causal()};
      double const error = error_of(variant.backward(problem.inputs(), loss, policies),
                                    variant.expected(problem.inputs(), loss, policies));
      EXPECT_LE(error, bound) << variant.name << ", " << shape;
      ::testing::Test::RecordProperty("largest relative error of " + variant.name, scientific(error));
    };
    shorter(gradient_in_half(), 2e-3);
    shorter(gradient_in_bfloat16(), 1.6e-2);
  }
  RecordProperty("largest relative error", scientific(worst));
}

TEST(Gradients, HaveTheSameBitsForAnyThreads) {
  for (Shape const& shape : {Shape{.n = 13, .m = 31, .d = 3, .e = 8, .batch = 2, .heads = 4, .kv_heads = 2},
                             Shape{.n = 193, .m = 300, .d = 3, .e = 4}, Shape{.n = 1, .m = 300, .d = 3, .e = 2}})
    for (GradientVariant<double> const& variant : every_gradient()) {
      Problem<double> const problem(shape, 69);
      Loss<double> const loss = loss_of<double>(shape, 70);
      Policies policies{.mask = causal()};
      auto const wanted = variant.backward(problem.inputs(), loss, policies);
      attend::Workspace workspace;
      policies.workspace = &workspace;
      for (Index const threads : {1, 2, 3, 8}) {
        attend::ThreadPool pool(threads);
        policies.executor = AnyExecutor(pool);
        EXPECT_TRUE(same_bits_of_all(wanted, variant.backward(problem.inputs(), loss, policies)))
            << variant.name << ", " << shape << ", " << threads << " threads";
      }
    }
}

TEST(Gradients, OfAHeadDoNotDependOnTheHeadsBesideIt) {
  Shape const all{.n = 21, .m = 70, .d = 3, .e = 5, .batch = 2, .heads = 3, .kv_heads = 3};
  Shape const one{.n = 21, .m = 70, .d = 3, .e = 5};
  for (GradientVariant<double> const& variant : every_gradient()) {
    if (variant.depends_on_place) continue;
    Problem<double> const problem(all, 71);
    Loss<double> const loss = loss_of<double>(all, 72);
    Policies const policies{.mask = causal()};
    auto const together = variant.backward(problem.inputs(), loss, policies);
    for (Index b = 0; b < 2; ++b)
      for (Index h = 0; h < 3; ++h) {
        auto const in = problem.inputs();
        Inputs<double> const alone{part(in.q, b, 1, h, 1, 0, one.n), part(in.k, b, 1, h, 1, 0, one.m),
                                   part(in.v, b, 1, h, 1, 0, one.m)};
        auto const block = [&](std::vector<double> const& numbers, Index size) {
          auto const first = numbers.begin() + (b * 3 + h) * size;
          return std::vector<double>(first, first + size);
        };
        auto const g = variant.backward(alone, {block(loss.d_output, size_of(one.output()))}, policies);
        EXPECT_TRUE(same_bits(block(together.query, size_of(one.query())), g.query) &&
                    same_bits(block(together.key, size_of(one.key())), g.key) &&
                    same_bits(block(together.value, size_of(one.value())), g.value))
            << variant.name << ", sequence " << b << ", head " << h;
      }
  }
}

TEST(Gradients, OfADocumentAreThoseOfTheDocumentAlone) {
  std::vector<Index> const queries{5, 0, 20, 1}, keys{30, 3, 260, 0};
  attend::Documents const documents(queries, keys);
  Shape const all{.n = documents.queries(), .m = documents.keys(), .d = 3, .e = 4};
  for (GradientVariant<double> const& variant : every_gradient()) {
    if (variant.depends_on_place) continue;
    Problem<double> const problem(all, 73);
    Loss<double> const loss = loss_of<double>(all, 74);
    auto const together = variant.backward(problem.inputs(), loss, {.mask = causal(), .documents = documents});
    for (Index d = 0; d < documents.count(); ++d) {
      Index const row = documents.query_begin(d), column = documents.key_begin(d);
      Index const n = queries[static_cast<std::size_t>(d)], m = keys[static_cast<std::size_t>(d)];
      auto const in = problem.inputs();
      Inputs<double> const alone{tokens(in.q, row, n), tokens(in.k, column, m), tokens(in.v, column, m)};
      auto const block = [](std::vector<double> const& numbers, Index first, Index count) {
        return std::vector<double>(numbers.begin() + first, numbers.begin() + first + count);
      };
      auto const g = variant.backward(alone, {block(loss.d_output, row * 4, n * 4)}, {.mask = causal()});
      EXPECT_TRUE(same_bits(block(together.query, row * 3, n * 3), g.query) &&
                  same_bits(block(together.key, column * 3, m * 3), g.key) &&
                  same_bits(block(together.value, column * 4, m * 4), g.value))
          << variant.name << ", document " << d;
    }
  }
}

// What is not seen
// -----------------------------------------------------------------------------------------------------

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

void fill_token(std::vector<double>& numbers, Index width, Index token) {
  double const bad[] = {not_a_number, infinity, -infinity};
  for (Index f = 0; f < width; ++f) numbers[static_cast<std::size_t>(token * width + f)] = bad[(token + f) % 3];
}
bool token_is_zero(std::vector<double> const& numbers, Index width, Index token) {
  auto const first = numbers.begin() + token * width;
  return std::all_of(first, first + width, [](double x) { return x == 0; });
}

/// The queries and keys that meet nobody.
bool is_lonely_query(Index row) { return row % 7 == 3; }
bool is_lonely_key(Index column) { return column % 6 == 4 || column / 16 == 3; }

TEST(Gradients, DoNotChangeByWhatIsNotSeen) {
  for (Shape const& shape : {Shape{.n = 15, .m = 31, .d = 3, .e = 5}, Shape{.n = 100, .m = 300, .d = 3, .e = 4}})
    for (AnyMask const& mask : masks_by_position()) {
      AnyMask const hiding("hiding some, " + mask.name(), [mask](auto const& p) {
        // Written so that one function serves numbers and whole vectors.
        return mask(p) && p.column % 6 != 4 && (p.column < 48 || p.column >= 64) && !(p.row % 7 == 3);
      });
      for (GradientVariant<double> const& variant : every_gradient()) {
        std::string const name = variant.name + ", " + hiding.name() + ", " + text_of(shape);
        Problem<double> const clean(shape, 75);
        Loss<double> const loss = loss_of<double>(shape, 76);
        Problem<double> spoilt = clean;
        Loss<double> spoilt_loss = loss;
        for (Index j = 0; j < shape.m; ++j)
          if (is_lonely_key(j)) {
            fill_token(spoilt.k, shape.d, j);
            fill_token(spoilt.v, shape.e, j);
          }
        for (Index i = 0; i < shape.n; ++i)
          if (is_lonely_query(i)) {
            fill_token(spoilt.q, shape.d, i);
            fill_token(spoilt_loss.d_output, shape.e, i);
          }
        auto const before = variant.backward(clean.inputs(), loss, {.mask = hiding});
        auto const after = variant.backward(spoilt.inputs(), spoilt_loss, {.mask = hiding});
        EXPECT_TRUE(same_bits_of_tokens(before, after)) << name;
        EXPECT_TRUE(same_bits(before.parameters, after.parameters)) << name << ", parameters";
        for (Index i = 0; i < shape.n; ++i)
          if (is_lonely_query(i)) {
            EXPECT_TRUE(token_is_zero(after.query, shape.d, i)) << name << ", query " << i;
          }
        for (Index j = 0; j < shape.m; ++j)
          if (is_lonely_key(j)) {
            EXPECT_TRUE(token_is_zero(after.key, shape.d, j) && token_is_zero(after.value, shape.e, j))
                << name << ", key " << j;
          }
        if (HasFailure()) return;
      }
    }
}

TEST(Gradients, AreZeroWhereNothingIsSeen) {
  Shape const shape{.n = 9, .m = 40, .d = 3, .e = 4};
  AnyMask const blind("nothing", [](auto const& p) { return p.key < 0; });
  for (GradientVariant<double> const& variant : every_gradient())
    for (Index const m : {Index(40), Index(0)}) {
      Shape of = shape;
      of.m = m;
      auto const g = variant.backward(Problem<double>(of, 77).inputs(), loss_of<double>(of, 78), {.mask = blind});
      EXPECT_EQ(largest(g.query) + largest(g.key) + largest(g.value) + largest(g.parameters), 0) << variant.name;
    }
}

/// A key that is no number reaches the gradients of the queries that see it, and of no other.
TEST(Gradients, OfQueriesThatSeeNoNumberAreNone) {
  Shape const shape{.n = 30, .m = 90, .d = 3, .e = 4};
  Index const bad = 75;  // query i stands at 60 + i under the causal mask
  for (GradientVariant<double> const& variant : every_gradient()) {
    if (variant.name.starts_with("location")) continue;  // does not read keys
    Problem<double> problem(shape, 79);
    Loss<double> const loss = loss_of<double>(shape, 80);
    auto const before = variant.backward(problem.inputs(), loss, {.mask = causal()});
    for (Index f = 0; f < shape.d; ++f) problem.k[static_cast<std::size_t>(bad * shape.d + f)] = not_a_number;
    auto const after = variant.backward(problem.inputs(), loss, {.mask = causal()});
    for (Index i = 0; i < shape.n; ++i) {
      auto const at = static_cast<std::size_t>(i * shape.d);
      if (60 + i < bad) {
        EXPECT_TRUE(same_bits(&before.query[at], &after.query[at], 3)) << variant.name << ", query " << i;
      } else if (variant.family != attend::Family::pick) {
        EXPECT_TRUE(after.query[at] != after.query[at]) << variant.name << ", query " << i;
      }
    }
  }
}

/// A query, or a gradient of the output, that is no number reaches the gradients of the keys that the query sees, and
/// of no other.
TEST(Gradients, OfKeysThatNoNumberSeesAreNone) {
  Shape const shape{.n = 30, .m = 90, .d = 3, .e = 4};
  Index const bad = 7, last_seen = 60 + bad;
  AnyMask const past_of_own("the last 20 keys", attend::SlidingWindow{19, 0});
  for (GradientVariant<double> const& variant : every_gradient())
    for (bool const of_output : {false, true}) {
      Problem<double> problem(shape, 81);
      Loss<double> loss = loss_of<double>(shape, 82);
      auto const before = variant.backward(problem.inputs(), loss, {.mask = past_of_own});
      if (of_output)
        fill_token(loss.d_output, shape.e, bad);
      else
        fill_token(problem.q, shape.d, bad);
      auto const after = variant.backward(problem.inputs(), loss, {.mask = past_of_own});
      for (Index j = 0; j < shape.m; ++j) {
        auto const key = static_cast<std::size_t>(j * shape.d), value = static_cast<std::size_t>(j * shape.e);
        if (j > last_seen || j <= last_seen - 20) {
          EXPECT_TRUE(same_bits(&before.key[key], &after.key[key], 3) &&
                      same_bits(&before.value[value], &after.value[value], 4))
              << variant.name << ", key " << j << (of_output ? ", d_output" : ", query");
        } else if (of_output && variant.family == attend::Family::exponential) {
          EXPECT_TRUE(!std::isfinite(after.key[key]) && !std::isfinite(after.value[value]))
              << variant.name << ", key " << j;
        }
      }
      for (Index i = 0; i < shape.n; ++i)
        if (i != bad) {
          auto const at = static_cast<std::size_t>(i * shape.d);
          EXPECT_TRUE(same_bits(&before.query[at], &after.query[at], 3)) << variant.name << ", query " << i;
        }
    }
}

}  // namespace gradients_tests
