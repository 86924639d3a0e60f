#include <attend/layer/sentinel_attention.hpp>

#include <attend/layer/projected_additive.hpp>
#include <attend/mask/documents.hpp>
#include <attend/reference/attention.hpp>

#include "central_differences.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sentinel_attention_tests {

using namespace central;
using Score = attend::ProjectedAdditive<double>;
using Layer = attend::SentinelAttention<double, Score>;

/// Five queries of 3 features, four tokens with keys of 6 and values of 2. The first query sees no token, two see one,
/// two see three.
struct Problem {
  Matrix<double> q = numbers(5, 3, 1), k = numbers(4, 6, 2), v = numbers(4, 2, 3), r = numbers(5, 6, 4),
                 s = numbers(5, 2, 5);
  attend::Documents documents{std::vector<Index>{1, 2, 2}, std::vector<Index>{0, 1, 3}};
  Layer layer{Score(numbers(6, 3, 6), numbers(6, 1, 7), numbers(6, 1, 8))};
};

/// Against one call a query, with the sentinel as one token more.
TEST(SentinelAttention, IsAttentionWithOneTokenMoreForEachQuery) {
  Problem const x;
  auto const kept = x.layer.forward(x.q, x.k, x.v, x.r, x.s, x.documents);
  Matrix<double> const w = x.layer.weights(x.q, x.k, kept, x.documents);
  for (Index i = 0; i < 5; ++i) {
    Index const document = x.documents.document_of_query(i), first = x.documents.key_begin(document);
    Index const seen = x.documents.key_end(document) - first;
    Matrix<double> keys(seen + 1, 6), values(seen + 1, 2);
    keys << x.k.middleRows(first, seen), x.r.row(i);
    values << x.v.middleRows(first, seen), x.s.row(i);
    Matrix<double> const q = x.q.row(i), wanted = attend::reference::weights(q, keys, x.layer.similarity);
    EXPECT_LE((w.row(i).segment(first, seen) - wanted.row(0).head(seen)).cwiseAbs().sum(), 1e-14) << i;
    EXPECT_NEAR(w.row(i).sum(), 1, 1e-15);
    EXPECT_NEAR(w(i, 4), wanted(0, seen), 1e-15);
    EXPECT_NEAR(kept.beta(i), wanted(0, seen), 1e-15);
    EXPECT_LE((kept.output.row(i) - wanted * values).cwiseAbs().maxCoeff(), 1e-14);
  }
  EXPECT_EQ(kept.beta(0), 1);
}

TEST(SentinelAttention, GradientsAreCentralDifferences) {
  Problem x;
  Matrix<double> const d_output = numbers(5, 2, 9);
  auto const run = [&] { return x.layer.forward(x.q, x.k, x.v, x.r, x.s, x.documents); };
  auto const loss = [&] { return weighted(run().output, d_output); };
  auto gradient = attend::zeros_like(x.layer);
  auto const g = x.layer.backward(x.q, x.k, x.v, x.r, x.s, run(), d_output, gradient, x.documents);
  expect_gradient("query", x.q, g.query, loss);
  expect_gradient("key", x.k, g.key, loss);
  expect_gradient("value", x.v, g.value, loss);
  expect_gradient("sentinel key", x.r, g.sentinel_key, loss);
  expect_gradient("sentinel", x.s, g.sentinel, loss);
  expect_parameter_gradients(x.layer, gradient, loss);
}

TEST(SentinelAttention, WrongSizesAreSentences) {
  Problem const x;
  expect_sentence([&] { (void)x.layer.forward(x.q, x.k, x.v, x.k, x.s, x.documents); },
                  {"SentinelAttention", "(4, 6)"});
  expect_sentence([&] { (void)x.layer.forward(x.q, x.k, x.v, x.r, x.r, x.documents); },
                  {"SentinelAttention", "(5, 6)"});
  auto const kept = x.layer.forward(x.q, x.k, x.v, x.r, x.s, x.documents);
  auto gradient = attend::zeros_like(x.layer);
  Matrix<double> const few = x.s.topRows(4);
  expect_sentence([&] { (void)x.layer.backward(x.q, x.k, x.v, x.r, few, kept, x.s, gradient, x.documents); },
                  {"SentinelAttention", "(4, 2)", "(5, 2)"});
  expect_sentence([&] { (void)x.layer.backward(x.q, x.k, x.v, x.r, x.s, kept, few, gradient, x.documents); },
                  {"SentinelAttention", "d_output is (4, 2)", "(5, 2)"});
  expect_sentence([&] { (void)x.layer.weights(x.q.topRows(3), x.k, kept); }, {"SentinelAttention", "kept 5", "3 q"});
  expect_zeros(gradient);
}

}  // namespace sentinel_attention_tests
