#include <attend/layer/multi_head.hpp>

#include <attend/testing/compare_gradient.hpp>

#include <attend/core/thread_pool.hpp>
#include <attend/mask.hpp>
#include <attend/score.hpp>

#include "core/sentence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>

/// Multi-head attention against its formula written out, and against differences.

namespace multi_head_tests {

namespace at = attend;
using at::Index;
using at::Matrix;
using at::MultiHead;
using at::MultiHeadShape;
using sentences::sentence_of;

/// concat_h( softmax(x W_q (y W_k)ᵀ / √d) (z W_v) ) W_o, one number at a time, with the keys that `sees` allows.
template <class Layer, class Sees>
Matrix<double> written_out(Layer const& layer, Matrix<double> const& x, Matrix<double> const& y,
                           Matrix<double> const& z, Index batch, Sees const& sees) {
  auto const projected = [](auto const& linear, Matrix<double> const& tokens) {
    Matrix<double> result = tokens * linear.weight.transpose();
    if (linear.bias.size() > 0) result.rowwise() += linear.bias.transpose();
    return result;
  };
  Matrix<double> const q = projected(layer.query, x), k = projected(layer.key, y), v = projected(layer.value, z);
  Index const d = layer.key_dim(), e = layer.value_dim(), n = x.rows() / batch, m = y.rows() / batch;
  Matrix<double> context = Matrix<double>::Zero(x.rows(), layer.heads * e);
  for (Index b = 0; b < batch; ++b)
    for (Index h = 0; h < layer.heads; ++h)
      for (Index i = 0; i < n; ++i) {
        Index const shared = h * layer.kv_heads / layer.heads;
        at::Vector<double> weight = at::Vector<double>::Zero(m);
        for (Index j = 0; j < m; ++j)
          if (sees(i, j))
            weight(j) = std::exp(q.row(b * n + i).segment(h * d, d).dot(k.row(b * m + j).segment(shared * d, d)) /
                                 std::sqrt(static_cast<double>(d)));
        if (weight.sum() > 0) weight /= weight.sum();
        for (Index j = 0; j < m; ++j)
          context.row(b * n + i).segment(h * e, e) += weight(j) * v.row(b * m + j).segment(shared * e, e);
        if (layer.head_mask.size() > 0) context.row(b * n + i).segment(h * e, e) *= layer.head_mask(h);
      }
  return projected(layer.output, context);
}
bool everything(Index, Index) { return true; }

template <class Layer>
void fill(Layer& layer) {
  at::initialize_uniform(layer, 0.6, 3);
}

TEST(MultiHead, IsAttentionOfEachHeadsProjections) {
  MultiHead<double> self(MultiHeadShape{.features = 6, .heads = 3});
  fill(self);
  Matrix<double> const x = Matrix<double>::Random(8, 6);
  EXPECT_LE((self.forward(x, 2).output - written_out(self, x, x, x, 2, everything)).cwiseAbs().maxCoeff(), 1e-14);
  auto const past = [](Index i, Index j) { return j <= i; };
  EXPECT_LE((self.forward(x, 2, at::Causal{}).output - written_out(self, x, x, x, 2, past)).cwiseAbs().maxCoeff(),
            1e-14);

  MultiHead<double> cross(MultiHeadShape{.features = 6,
                                         .heads = 4,
                                         .kv_heads = 2,
                                         .key_dim = 3,
                                         .value_dim = 5,
                                         .key_features = 4,
                                         .value_features = 7,
                                         .bias = false});
  fill(cross);
  Matrix<double> const y = Matrix<double>::Random(10, 4), z = Matrix<double>::Random(10, 7);
  EXPECT_LE((cross.forward(x, y, z, 2).output - written_out(cross, x, y, z, 2, everything)).cwiseAbs().maxCoeff(),
            1e-14);
  cross.head_mask = at::Vector<double>::LinSpaced(4, 0, 1.5);
  EXPECT_LE((cross.forward(x, y, z, 2).output - written_out(cross, x, y, z, 2, everything)).cwiseAbs().maxCoeff(),
            1e-14);

  auto const memory = cross.remember(y, z);
  EXPECT_EQ(cross.forward(x, memory, 2).output, cross.forward(x, y, z, 2).output) << "projected before";
}

TEST(MultiHead, GradientsOfSelfAttention) {
  MultiHead layer(MultiHead<double, at::ScaledDot, at::T5Bias<double>>(
      MultiHeadShape{.features = 6, .heads = 2}, at::ScaledDot{0.8},
      at::T5Bias<double>(Matrix<double>::Random(8, 2), true, 20)));
  fill(layer);
  layer.head_mask = at::Vector<double>::LinSpaced(2, 0.5, 1.5);
  Matrix<double> const x = Matrix<double>::Random(6, 6), d_output = Matrix<double>::Random(6, 6);
  auto const loss = [&](auto const& used, Matrix<double> const& tokens) {
    return used.forward(tokens, 2, at::Causal{}).output.cwiseProduct(d_output).sum();
  };
  auto gradient = at::zeros_like(layer);
  auto const kept = layer.forward(x, 2, at::Causal{});
  Matrix<double> const d_x = layer.backward(x, kept, d_output, gradient, at::Causal{});
  EXPECT_TRUE(
      at::testing::compare_gradient("x", x, d_x, [&](auto const& tokens) { return loss(layer, tokens); }).passed());
  auto const report =
      at::testing::compare_parameters("MultiHead", layer, gradient, [&](auto const& moved) { return loss(moved, x); });
  EXPECT_TRUE(report.passed()) << report;
  EXPECT_EQ(report.entries, 4 * (36 + 6) + 1 + 16);
}

TEST(MultiHead, GradientsOfGroupedCrossAttention) {
  MultiHead<double> layer(
      MultiHeadShape{.features = 4, .heads = 4, .kv_heads = 2, .key_dim = 3, .key_features = 5, .value_features = 2});
  fill(layer);
  Matrix<double> const x = Matrix<double>::Random(3, 4), y = Matrix<double>::Random(5, 5),
                       z = Matrix<double>::Random(5, 2), d_output = Matrix<double>::Random(3, 4);
  auto const loss = [&](auto const& used, auto const& q, auto const& k, auto const& v) {
    return used.forward(q, k, v).output.cwiseProduct(d_output).sum();
  };
  auto gradient = at::zeros_like(layer);
  auto const back = layer.backward(x, y, z, layer.forward(x, y, z), d_output, gradient);
  at::testing::GradientReport report;
  using M = Matrix<double>;
  report.add(at::testing::compare_gradient("x", x, back.query, [&](M const& a) { return loss(layer, a, y, z); }));
  report.add(at::testing::compare_gradient("keys", y, back.key, [&](M const& a) { return loss(layer, x, a, z); }));
  report.add(at::testing::compare_gradient("values", z, back.value, [&](M const& a) { return loss(layer, x, y, a); }));
  report.add(at::testing::compare_parameters("MultiHead", layer, gradient,
                                             [&](auto const& moved) { return loss(moved, x, y, z); }));
  EXPECT_TRUE(report.passed()) << report;
}

TEST(MultiHead, RaggedSequencesAreThoseAlone) {
  MultiHead<float> layer(MultiHeadShape{.features = 32, .heads = 4});
  layer.initialize(7);
  Matrix<float> const x = Matrix<float>::Random(40, 32);
  at::Documents const documents({7, 20, 0, 13}, {7, 20, 0, 13});
  at::ThreadPool pool(2);
  Matrix<float> const together = layer.forward(x, 1, documents, at::Causal{}, pool).output;
  Index row = 0;
  for (Index const length : {7, 20, 13}) {
    Matrix<float> const alone = layer.forward(Matrix<float>(x.middleRows(row, length)), 1, at::Causal{}).output;
    EXPECT_EQ(alone, together.middleRows(row, length)) << "to the bit";
    row += length;
  }
}

/// The context made of the weights is the layer's.
template <class Layer, class... Given>
void expect_weights_of(Layer const& layer, Matrix<double> const& x, Index batch, Given const&... given) {
  Matrix<double> const w = layer.weights(x, x, batch, given...), v = layer.value.forward(x);
  Index const n = x.rows() / batch, e = layer.value_dim();
  Matrix<double> context(x.rows(), layer.heads * e);
  for (Index b = 0; b < batch; ++b)
    for (Index h = 0; h < layer.heads; ++h)
      context.block(b * n, h * e, n, e) = w.middleRows((b * layer.heads + h) * n, n) * v.block(b * n, h * e, n, e);
  EXPECT_LE((layer.output.forward(context) - layer.forward(x, batch, given...).output).cwiseAbs().maxCoeff(), 1e-14);
}

TEST(MultiHead, WeightsOfEveryHead) {
  MultiHead<double, at::Alibi> layer(MultiHeadShape{.features = 4, .heads = 2}, at::Alibi::for_heads(2));
  fill(layer);
  Matrix<double> const x = Matrix<double>::Random(6, 4);
  Matrix<double> const w = layer.weights(x, x, 2, at::Causal{});
  ASSERT_EQ(w.rows(), 12);
  ASSERT_EQ(w.cols(), 3);
  EXPECT_LE((w.rowwise().sum().array() - 1).abs().maxCoeff(), 1e-14);
  EXPECT_EQ(w(0, 1), 0) << "the future";
  expect_weights_of(layer, x, 2, at::Causal{});
}

TEST(MultiHead, WeightsOfQueriesAndKeysWithNormsOfTheirOwn) {
  MultiHead<double> layer(MultiHeadShape{.features = 8, .heads = 2});
  layer.query_norm = layer.key_norm = at::RmsNorm<double>(4);
  layer.rotary = std::make_shared<at::RotaryTable<double> const>(at::Rotary(4), 3);
  fill(layer);
  expect_weights_of(layer, Matrix<double>::Random(6, 8), 2);
}

TEST(MultiHead, ErrorsSayWhatIsWanted) {
  EXPECT_EQ(sentence_of([] { MultiHead<float> layer(MultiHeadShape{.features = 10, .heads = 4}); }),
            "MultiHead: 10 features do not divide into 4 heads; give key_dim.");
  EXPECT_EQ(sentence_of([] { MultiHead<float> layer(MultiHeadShape{.features = 12, .heads = 4, .kv_heads = 3}); }),
            "MultiHead: 4 heads share 3 heads of keys and values; the first must be a multiple of the second.");
  MultiHead<float> layer(MultiHeadShape{.features = 8, .heads = 2});
  Matrix<float> const x = Matrix<float>::Zero(6, 8);
  EXPECT_EQ(sentence_of([&] { (void)layer.forward(x, 4); }),
            "MultiHead: 6 queries and 6 keys do not divide into 4 sequences.");
  EXPECT_EQ(sentence_of([&] { (void)layer.forward(Matrix<float>(Matrix<float>::Zero(6, 7))); }),
            "Linear: x is (6, 7) but the weight is (8, 8); x must have 8 columns.");
  layer.head_mask = at::Vector<float>::Ones(3);
  EXPECT_EQ(sentence_of([&] { (void)layer.forward(x); }),
            "MultiHead: head_mask has 3 numbers for 2 heads; give one a head, or none.");
  EXPECT_EQ(sentence_of([&] { (void)MultiHead<float>().forward(x); }),
            "MultiHead: the layer has no heads; give it a MultiHeadShape.");
}

TEST(MultiHead, WrongCallsOfBackwardLeaveTheGradientAsItWas) {
  using sentences::expect_sentence;
  MultiHead<float> layer(MultiHeadShape{.features = 8, .heads = 2, .key_features = 6});
  layer.initialize(1);
  Matrix<float> const x = Matrix<float>::Ones(6, 8), tokens = Matrix<float>::Ones(4, 6);
  auto const kept = layer.forward(x, tokens, tokens, 2);
  auto const memory = layer.remember(tokens, tokens, 2);
  auto gradient = at::zeros_like(layer);
  auto const backward = [&](Matrix<float> const& q, Matrix<float> const& d_output, auto const& used) {
    return [&] { (void)layer.backward(q, tokens, tokens, used, d_output, gradient); };
  };
  Matrix<float> const narrow = x.leftCols(7), fewer = x.topRows(4);
  expect_sentence(backward(narrow, x, kept), {"x is (6, 7)", "8 columns"});
  expect_sentence(backward(fewer, x, kept), {"(6, 8)", "4 rows"});
  expect_sentence(backward(x, narrow, kept), {"d_y is (6, 7)", "(6, 8)"});
  auto other = kept;
  other.log_sum_exp.conservativeResize(11);
  expect_sentence(backward(x, x, other), {"11 log-sum-exps", "6 queries"});
  other = layer.forward(x, memory, 2);  // the memory is not kept, and was not handed in
  expect_sentence(backward(x, x, other), {"keys (0, 0)", "8 and 8"});
  other = kept;
  other.batch = 4;
  expect_sentence(backward(x, x, other), {"6 queries", "4 sequences"});

  auto const remembered = [&](Matrix<float> const& keys, auto const& d_memory, Index batch) {
    return [&, batch] { (void)layer.remember_backward(keys, keys, memory, d_memory, gradient, batch); };
  };
  expect_sentence(remembered(tokens, memory, 0), {"4 keys", "0 sequences"});
  expect_sentence(remembered(tokens, memory, 3), {"4 keys", "3 sequences"});
  expect_sentence(remembered(Matrix<float>::Ones(2, 6), memory, 2), {"2 keys", "has 4 rows"});
  expect_sentence(remembered(tokens, decltype(kept.memory){}, 2), {"d_memory.key is (0, 0)"});
  expect_sentence([&] { (void)layer.remember(tokens, tokens.topRows(2), 2); }, {"4 keys", "2 values"});
  expect_sentence([&] { (void)layer.weights(x, tokens, 4); }, {"6 queries", "4 keys", "4 sequences"});
  at::each_parameter(gradient, [](std::string_view name, auto numbers) {
    for (float const number : numbers) EXPECT_EQ(number, 0) << name;
  });
}

}  // namespace multi_head_tests
