#include "gradient_catalogue.hpp"

#include "agree.hpp"
#include "draw_policies.hpp"
#include "policies.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/mask/sliding_window.hpp>
#include <attend/testing/central_difference.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

/// Forward mode of the fused kernel: the slope of its own output by differences, the transpose of backward, and the
/// rules of the design that hold for results.

namespace tangents_tests {


using namespace laws;

template <class Number>
double dot(std::vector<Number> const& a, std::vector<double> const& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

double norm(std::vector<double> const& numbers) { return std::sqrt(dot(numbers, numbers)); }

/// How far ⟨d_output, jvp(steps)⟩ = ⟨backward(d_output), steps⟩ is off, relative to the lengths of the vectors.
double distance_from_transpose(GradientVariant<double> const& variant, Shape const& shape, Policies const& policies,
                               std::uint64_t seed) {
  Problem<double> const problem(shape, seed), steps(shape, seed + 1);
  Loss<double> const loss = loss_of<double>(shape, seed + 2);
  auto const tangent = variant.tangent(problem.inputs(), steps.inputs(), policies);
  auto const gradient = variant.backward(problem.inputs(), loss, policies);
  double const forward = dot(tangent, loss.d_output);
  double const backward = dot(gradient.query, steps.q) + dot(gradient.key, steps.k) + dot(gradient.value, steps.v);
  double const scale = norm(tangent) * norm(loss.d_output) + norm(gradient.query) * norm(steps.q) +
                       norm(gradient.key) * norm(steps.k) + norm(gradient.value) * norm(steps.v);
  return scale > 0 ? std::abs(forward - backward) / scale : std::abs(forward - backward);
}

/// 30 draws of each kernel, 270 in all; sizes, mask, adjusters, the query's place and documents at random.
TEST(Tangents, AreTheSlopesOfTheOutput) {
  Random random(201);
  double worst = 0;
  Index draws = 0;
  auto const variants = every_gradient();
  for (GradientVariant<double> const& variant : variants)
    for (Index draw = 0; draw < 30; ++draw, ++draws) {
      Shape const shape{.n = random.between(1, 6), .m = random.between(1, 40), .d = 3, .e = random.between(1, 4)};
      DrawnPolicies const drawn = draw_policies(random, shape, draw);
      // Names: Clang 14 lets no lambda capture a structured binding.
      Policies const& policies = drawn.policies;
      std::string const& adjuster_name = drawn.adjuster_name;
      Problem<double> const problem(shape, random.bits()), steps(shape, random.bits());
      auto const tangent = variant.tangent(problem.inputs(), steps.inputs(), policies);
      double largest = 1e-3;
      for (double const x : tangent) largest = std::max(largest, std::abs(x));
      for (std::size_t i = 0; i < tangent.size(); ++i) {
        auto const along = [&](double step) {
          Problem<double> moved = problem;
          for (auto const& [numbers, by] : {std::pair{&moved.q, &steps.q}, std::pair{&moved.k, &steps.k},
                                            std::pair{&moved.v, &steps.v}})
            for (std::size_t j = 0; j < numbers->size(); ++j) (*numbers)[j] += step * (*by)[j];
          return variant.forward(moved.inputs(), policies).output[i];
        };
        double const error = std::abs(attend::testing::central_difference(along, 1) - tangent[i]) / largest;
        ASSERT_LE(error, 1e-6) << variant.name << ", " << policies.mask.name() << ", " << adjuster_name << ", " << shape
                               << ": output " << i;
        worst = std::max(worst, error);
      }
    }
  EXPECT_EQ(draws, 30 * std::ssize(variants));
  EXPECT_GE(draws, 60) << "kernels are missing";
  std::ostringstream text;
  text << worst;
  RecordProperty("largest relative error", text.str());
}

TEST(Tangents, AreTheTransposeOfBackward) {
  for (GradientVariant<double> const& variant : every_gradient()) {
    for (Shape const& shape : {Shape{.n = 13, .m = 31, .d = 3, .e = 5}, Shape{.n = 100, .m = 300, .d = 3, .e = 2}}) {
      auto const masks = shape.m > 100 ? masks_by_position() : every_mask(shape);
      for (AnyMask const& mask : masks)
        EXPECT_LE(distance_from_transpose(variant, shape, {.mask = mask}, 91), 1e-13)
            << variant.name << ", " << mask.name() << ", " << shape;
      for (auto const& [name, adjusters] : every_adjuster(shape))
        EXPECT_LE(distance_from_transpose(variant, shape, {.mask = causal(), .adjusters = adjusters}, 92), 1e-13)
            << variant.name << ", " << name << ", " << shape;
    }
    for (Shape const& shape : {Shape{.n = 5, .m = 17, .d = 3, .e = 5, .batch = 2, .heads = 4, .kv_heads = 2},
                               Shape{.n = 40, .m = 9, .d = 3, .e = 2, .batch = 2, .heads = 6, .kv_heads = 1}}) {
      Policies policies{.mask = causal(), .adjusters = AnyAdjuster().then(attend::Alibi::for_heads(shape.heads))};
      EXPECT_LE(distance_from_transpose(variant, shape, policies, 93), 1e-13) << variant.name << ", " << shape;
      policies.documents = attend::Documents({2, 0, shape.n - 2}, {shape.m - 6, 2, 4});
      EXPECT_LE(distance_from_transpose(variant, shape, policies, 94), 1e-13)
          << variant.name << " of documents, " << shape;
    }
  }
}

TEST(Tangents, HaveTheSameBitsForAnyThreads) {
  for (Shape const& shape : {Shape{.n = 13, .m = 31, .d = 3, .e = 8, .batch = 2, .heads = 4, .kv_heads = 2},
                             Shape{.n = 193, .m = 300, .d = 3, .e = 4}})
    for (GradientVariant<double> const& variant : every_gradient()) {
      Problem<double> const problem(shape, 95), steps(shape, 96);
      Policies policies{.mask = causal()};
      auto const wanted = variant.tangent(problem.inputs(), steps.inputs(), policies);
      attend::Workspace workspace;
      policies.workspace = &workspace;
      for (Index const threads : {1, 2, 3, 8}) {
        attend::ThreadPool pool(threads);
        policies.executor = AnyExecutor(pool);
        EXPECT_TRUE(same_bits(wanted, variant.tangent(problem.inputs(), steps.inputs(), policies)))
            << variant.name << ", " << shape << ", " << threads << " threads";
      }
    }
}

TEST(Tangents, DoNotChangeByWhatIsNotSeen) {
  Shape const shape{.n = 60, .m = 300, .d = 3, .e = 4};
  double const bad = std::numeric_limits<double>::quiet_NaN();
  for (AnyMask const& mask : masks_by_position()) {
    AnyMask const hiding("hiding some, " + mask.name(),
                         [mask](auto const& p) { return mask(p) && p.column % 6 != 4 && !(p.row % 7 == 3); });
    for (GradientVariant<double> const& variant : every_gradient()) {
      Problem<double> const clean(shape, 97), clean_steps(shape, 98);
      Problem<double> spoilt = clean, spoilt_steps = clean_steps;
      for (Problem<double>* of : {&spoilt, &spoilt_steps})
        for (Index j = 4; j < shape.m; j += 6) {
          std::fill_n(of->k.begin() + j * shape.d, shape.d, bad);
          std::fill_n(of->v.begin() + j * shape.e, shape.e, bad);
        }
      auto const before = variant.tangent(clean.inputs(), clean_steps.inputs(), {.mask = hiding});
      auto const after = variant.tangent(spoilt.inputs(), spoilt_steps.inputs(), {.mask = hiding});
      EXPECT_TRUE(same_bits(before, after)) << variant.name << ", " << hiding.name();
      for (Index i = 3; i < shape.n; i += 7)
        for (Index f = 0; f < shape.e; ++f) EXPECT_EQ(after[static_cast<std::size_t>(i * shape.e + f)], 0);
      if (HasFailure()) return;
    }
  }
}

/// Measured: at most 4e-7 of the vectors' lengths in float. Half and bfloat16 begin with an output kept in 11 or 8 bits.
TEST(Tangents, InFloatAndShorterAreThoseOfDouble) {
  Shape const shape{.n = 50, .m = 300, .d = 3, .e = 16};
  auto const compare = [&]<class Storage>(GradientVariant<Storage> const& variant, double bound) {
    using Number = attend::compute_t<Storage>;
    Problem<Storage> const problem(shape, 99);
    Problem<Number> const steps(shape, 100);
    Loss<Storage> const loss = loss_of<Storage>(shape, 101);
    Policies const policies{.mask = causal()};
    auto const tangent = variant.tangent(problem.inputs(), steps.inputs(), policies);
    auto const gradient = variant.expected(problem.inputs(), loss, policies);
    auto const wide = [](auto const& numbers) {
      std::vector<double> result;
      for (auto const x : numbers) result.push_back(static_cast<double>(x));
      return result;
    };
    double const forward = dot(wide(tangent), wide(loss.d_output));
    double const backward =
        dot(gradient.query, wide(steps.q)) + dot(gradient.key, wide(steps.k)) + dot(gradient.value, wide(steps.v));
    EXPECT_LE(std::abs(forward - backward) / (norm(wide(tangent)) * norm(wide(loss.d_output))), bound) << variant.name;
  };
  for (GradientVariant<float> const& variant : gradients_in_float()) compare(variant, 1e-6);
  compare(gradient_in_half(), 2e-3);
  compare(gradient_in_bfloat16(), 1.6e-2);
}

}  // namespace tangents_tests
