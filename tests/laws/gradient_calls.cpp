#include "agree.hpp"
#include "core/sentence.hpp"

#include <attend/attention.hpp>
#include <attend/core/query_start.hpp>
#include <attend/core/thread_pool.hpp>
#include <attend/mask/causal.hpp>
#include <attend/mask/sliding_window.hpp>
#include <attend/normalize/softmax.hpp>
#include <attend/reference/heads_backward.hpp>
#include <attend/reference/jacobian.hpp>
#include <attend/score/alibi.hpp>
#include <attend/score/bias.hpp>
#include <attend/score/bilinear.hpp>
#include <attend/score/cosine.hpp>
#include <attend/score/location.hpp>
#include <attend/score/relative_bias.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

/// How backward and forward mode may be called: from any storage order, with an executor and a workspace, and what it refuses.

namespace gradient_calls_tests {

namespace at = attend;
using RowMajor = at::Matrix<double>;
using ColumnMajor = Eigen::MatrixXd;
using sentences::sentence_of;

RowMajor random_matrix(at::Index rows, at::Index columns, std::uint64_t seed) {
  laws::Random random(seed);
  RowMajor numbers(rows, columns);
  for (at::Index i = 0; i < numbers.size(); ++i) numbers.data()[i] = random.normal();
  return numbers;
}

struct Arrays {
  RowMajor q = random_matrix(13, 5, 1), k = random_matrix(40, 5, 2), v = random_matrix(40, 3, 3);
  RowMajor d_output = random_matrix(13, 3, 4);
  Eigen::VectorXd d_log_sum_exp = random_matrix(13, 1, 5);
};

template <class Gradients>
void expect_same(Gradients const& a, Gradients const& b, std::string const& what) {
  EXPECT_TRUE(a.query == b.query && a.key == b.key && a.value == b.value) << what;
}


TEST(GradientCalls, ReadAnyStorageOrderAndStride) {
  Arrays const x;
  at::Attention const op{at::Causal{}};
  auto const kept = op.forward(x.q, x.k, x.v);
  auto const wanted = op.backward(x.q, x.k, x.v, kept, x.d_output, x.d_log_sum_exp);
  ColumnMajor const q = x.q, k = x.k, v = x.v, d_output = x.d_output;
  expect_same(op.backward(q, k, v, kept, d_output, x.d_log_sum_exp), wanted, "column-major");
  expect_same(op.backward(x.q, k, x.v, kept, d_output, x.d_log_sum_exp), wanted, "mixed");

  ColumnMajor wide = ColumnMajor::Constant(15, 9, 7);  // a block of a larger matrix, every second row of one
  wide.block(1, 2, 13, 5) = q;
  RowMajor tall = RowMajor::Constant(80, 5, 7);
  for (at::Index j = 0; j < 40; ++j) tall.row(2 * j) = x.k.row(j);
  Eigen::Map<RowMajor const, 0, Eigen::OuterStride<>> const every_second(tall.data(), 40, 5, Eigen::OuterStride<>(10));
  expect_same(op.backward(wide.block(1, 2, 13, 5), every_second, x.v, kept, x.d_output, x.d_log_sum_exp), wanted,
              "strided");
  expect_same(op.backward(x.q, x.k, x.v, kept, 0.5 * (x.d_output + x.d_output), x.d_log_sum_exp), wanted,
              "an expression");
  EXPECT_GT(wanted.query.norm(), 0);
}

/// Into memory of the caller's, here column-major; a similarity with a matrix writes the gradient of its queries otherwise.
template <class... Policies>
void expect_same_in_columns(Policies const&... policies) {
  Arrays const x;
  at::Attention const op{policies...};
  RowMajor y(13, 3), sums(13, 1);
  auto const rows = [](auto& m) { return at::heads(m.data(), {1, 1, m.rows(), m.cols()}); };
  op.forward_into(rows(y), rows(sums), rows(x.q), rows(x.k), rows(x.v));
  auto const dirty = [](at::Index n, at::Index d) -> ColumnMajor {
    return ColumnMajor::Constant(n, d, std::numeric_limits<double>::quiet_NaN());
  };
  ColumnMajor d_q = dirty(13, 5), d_k = dirty(40, 5), d_v = dirty(40, 3);
  auto const columns = [](auto& m) {
    return at::heads(m.data(), {1, 1, m.rows(), m.cols()}, {m.size(), m.size(), 1, m.rows()});
  };
  RowMajor const &kept = y, &kept_sums = sums;
  (void)op.backward_into(columns(d_q), columns(d_k), columns(d_v), rows(x.q), rows(x.k), rows(x.v), rows(kept),
                         rows(kept_sums), rows(x.d_output));
  auto const wanted = op.backward(x.q, x.k, x.v, op.forward(x.q, x.k, x.v), x.d_output);
  EXPECT_TRUE(d_q == wanted.query);
  EXPECT_TRUE(d_k == wanted.key);
  EXPECT_TRUE(d_v == wanted.value);
}
TEST(GradientCalls, WriteGradientsWithAnyStride) {
  expect_same_in_columns(at::Causal{});
  expect_same_in_columns(at::Bilinear(random_matrix(5, 5, 7)));
  expect_same_in_columns(at::Location(random_matrix(40, 5, 7)));  // keys have no gradient: zeros
}

TEST(GradientCalls, TakeAnExecutorAndAWorkspace) {
  Arrays const x;
  at::Attention const op{at::Causal{}};
  auto const kept = op.forward(x.q, x.k, x.v);
  auto const wanted = op.backward(x.q, x.k, x.v, kept, x.d_output);
  at::ThreadPool pool(3);
  at::Workspace workspace;
  expect_same(op.backward(x.q, x.k, x.v, kept, x.d_output, pool), wanted, "a pool");
  expect_same(op.backward(x.q, x.k, x.v, kept, x.d_output, workspace, pool), wanted, "a workspace and a pool");
  expect_same(op.backward(x.q, x.k, x.v, kept, x.d_output, pool, workspace), wanted, "the workspace again");

  // No loss on the log-sum-exp is the same as one of zeros.
  Eigen::VectorXd const zeros = Eigen::VectorXd::Zero(13);
  expect_same(op.backward(x.q, x.k, x.v, kept, x.d_output, zeros, workspace), wanted, "d_log_sum_exp of zeros");
}

TEST(GradientCalls, RefuseWrongSizesInASentence) {
  Arrays const x;
  at::Attention const op{at::Causal{}};
  auto const kept = op.forward(x.q, x.k, x.v);
  auto const call = [&](auto const&... arguments) { return sentence_of([&] { (void)op.backward(arguments...); }); };
  auto short_kept = kept;
  short_kept.output.conservativeResize(12, 3);
  auto short_rows = kept;
  short_rows.log_sum_exp.conservativeResize(12);
  RowMajor const narrow = random_matrix(13, 2, 6);
  Eigen::VectorXd const few = Eigen::VectorXd::Zero(12);
  EXPECT_EQ(call(x.q, x.k, x.v, kept, x.d_output), "no error");
  EXPECT_EQ(call(x.q, x.k, x.v, kept, narrow),
            "attention: d_output is (1, 1, 13, 2) but the result is (1, 1, 13, 3), as (batch, heads, length, dim); "
            "d_output must have the sizes of the output.");
  EXPECT_EQ(call(x.q, x.k, x.v, kept, x.d_output, few),
            "attention: d_log_sum_exp is (1, 1, 12, 1) but the log-sum-exp is (1, 1, 13, 1), as (batch, heads, length, "
            "dim); d_log_sum_exp must have one number a query.");
  EXPECT_EQ(
      call(x.q, x.k, x.v, short_kept, x.d_output),
      "attention: the kept output is (1, 1, 12, 3) but the result is (1, 1, 13, 3), as (batch, heads, length, dim); "
      "hand in what forward gave for these q, k and v.");
  EXPECT_EQ(
      call(x.q, x.k, x.v, short_rows, x.d_output),
      "attention: the kept log-sum-exp is (1, 1, 12, 1) but one number a query is (1, 1, 13, 1), as (batch, heads, "
      "length, dim); hand in what forward gave for these q, k and v.");
  EXPECT_EQ(call(x.q, x.v, x.v, kept, x.d_output),
            "attention: q has 5 columns but k has 3; both must have the same number of features d.");
  EXPECT_EQ(call(x.q, x.k, x.q, kept, x.d_output),
            "attention: k has 40 rows but v has 13; both must have one row for each key.");
}

/// Heads side by side in one matrix, results among them, are what people have; results on top of each other or of what
/// is read are not.
TEST(GradientCalls, RefuseResultsThatShareMemoryBeforeAnythingIsWritten) {
  constexpr double untouched = 12345;
  at::Matrix<double> all = random_matrix(7, 24, 13);
  all.rightCols(12).setConstant(untouched);
  double* const numbers = all.data();
  auto const columns = [&](at::Index first, at::Index rows = 7) {
    return at::heads(numbers + first, {1, 1, rows, 4}, {0, 0, 24, 1});
  };
  at::Heads<double const> const q = columns(0), k = columns(4), v = columns(8);
  at::Attention const op;
  auto const kept = op.forward(q, k, v);
  auto const output = at::heads(kept.output.data(), kept.shape);
  std::vector<double> const lse = kept.log_sum_exp;
  auto const rows = at::heads(lse.data(), at::HeadsShape{1, 1, 7, 1});
  auto const refused = [&](at::Heads<double> const& d_q, at::Heads<double> const& d_k, at::Heads<double> const& d_v,
                           std::string const& sentence) {
    EXPECT_EQ(sentence_of([&] { (void)op.backward_into(d_q, d_k, d_v, q, k, v, output, rows, output); }),
              "attention: " + sentence + "; it must have memory of its own.");
    EXPECT_TRUE((all.rightCols(12).array() == untouched).all()) << sentence;
  };
  refused(columns(3), columns(16), columns(20), "d_q shares memory with q");
  refused(columns(12), columns(7), columns(20), "d_k shares memory with k");
  refused(columns(12), columns(16), columns(15), "d_q shares memory with d_v");
  refused(columns(12), columns(16), columns(17), "d_k shares memory with d_v");
  EXPECT_NE(sentence_of([&] {
              (void)op.backward_into(columns(12), columns(16), columns(20), q, k, v, output, columns(0, 6), output);
            }),
            "no error");
  EXPECT_TRUE((all.rightCols(12).array() == untouched).all()) << "the kept log-sum-exp has another size";

  (void)op.backward_into(columns(12), columns(16), columns(20), q, k, v, output, rows, output);
  auto const wanted = op.backward(q, k, v, kept, output);
  for (at::Index i = 0; i < 7; ++i)
    for (at::Index f = 0; f < 4; ++f)
      EXPECT_EQ(all(i, 12 + f), wanted.query[static_cast<std::size_t>(4 * i + f)]) << i << ' ' << f;

  EXPECT_EQ(sentence_of([&] { op.jvp_into(columns(10), q, k, v, kept, columns(12), columns(16), columns(20)); }),
            "attention: d_output shares memory with v; it must have memory of its own.");
  EXPECT_EQ(sentence_of([&] { op.jvp_into(columns(15), q, k, v, kept, columns(12), columns(16), columns(20)); }),
            "attention: d_output shares memory with d_q; it must have memory of its own.");
}

/// More keys than are differentiated at a time, heads that share keys, and policies with numbers of each head.
TEST(GradientCalls, OfManyKeysGroupsAndNumbersOfEachHead) {
  laws::Shape const shape{.n = 14, .m = 1100, .d = 3, .e = 2, .heads = 4, .kv_heads = 2};
  laws::Problem<double> const problem(shape, 10);
  auto const in = problem.inputs();
  RowMajor const d_output = random_matrix(4 * 14, 2, 11);
  auto const d_out = at::heads(d_output.data(), shape.output());
  at::Alibi const alibi = at::Alibi::for_heads(4);
  at::RelativeBias<double> const bias(random_matrix(4, 2 * 20 + 1, 12));
  at::Softmax const softmax{.sinks = {0.5, 3, -1, 6}};
  at::QueryStart const start(700);  // keys on both sides

  at::Attention const op{alibi, bias, softmax, start};
  auto const found = op.backward(in.q, in.k, in.v, op.forward(in.q, in.k, in.v), d_out);
  auto const wanted = at::reference::backward(in.q, in.k, in.v, d_out, alibi, bias, softmax, start);
  auto const expect_near = [](auto const& a, auto const& b, std::string const& what) {
    ASSERT_EQ(std::ssize(a), std::ssize(b)) << what;
    double off = 0, largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      off = std::max(off, std::abs(a[i] - b[i]));
      largest = std::max(largest, std::abs(b[i]));
    }
    EXPECT_LE(off, 1e-12 * largest) << what;
  };
  expect_near(found.query, wanted.query, "query");
  expect_near(found.key, wanted.key, "key");
  expect_near(found.value, wanted.value, "value");
  auto const numbers_of = [](auto const& learned) {
    std::vector<double> numbers;
    at::each_parameter(
        learned, [&](std::string_view, auto group) { numbers.insert(numbers.end(), group.begin(), group.end()); });
    return numbers;
  };
  expect_near(numbers_of(std::get<0>(found.policies)), numbers_of(std::get<0>(wanted.policies)), "slopes");
  expect_near(numbers_of(std::get<1>(found.policies)), numbers_of(std::get<1>(wanted.policies)), "table");
  expect_near(std::get<2>(found.policies).sinks, std::get<2>(wanted.policies).sinks, "sinks");
}

/// A window leaves most chunks of keys a few blocks of queries, which alone have a part of d_query.
TEST(GradientCalls, OfChunksThatFewQueriesSee) {
  laws::Shape const shape{.n = 1200, .m = 1300, .d = 3, .e = 2, .heads = 2, .kv_heads = 1};
  laws::Problem<double> const problem(shape, 20);
  auto const in = problem.inputs();
  RowMajor const d_output = random_matrix(2 * 1200, 2, 21);
  auto const d_out = at::heads(d_output.data(), shape.output());
  at::SlidingWindow const window{40, 3};
  at::Attention const op{window};
  auto const kept = op.forward(in.q, in.k, in.v);
  auto const found = op.backward(in.q, in.k, in.v, kept, d_out);
  auto const wanted = at::reference::backward(in.q, in.k, in.v, d_out, window);
  for (auto const& [a, b] : {std::pair{&found.query, &wanted.query}, std::pair{&found.key, &wanted.key},
                             std::pair{&found.value, &wanted.value}}) {
    ASSERT_EQ(a->size(), b->size());
    for (std::size_t i = 0; i < a->size(); ++i) ASSERT_NEAR((*a)[i], (*b)[i], 1e-13) << i;
  }
  at::ThreadPool pool(3);
  EXPECT_EQ(op.backward(in.q, in.k, in.v, kept, d_out, pool).query, found.query);
}

/// Its value may be anything, and so may the gradient of an output that it is no part of.
TEST(GradientCalls, OfAKeyThatABiasForbidsAreZero) {
  Arrays x;
  RowMajor forbids = RowMajor::Zero(13, 40);
  forbids.col(17).setConstant(-std::numeric_limits<double>::infinity());
  x.v.row(17).setConstant(std::numeric_limits<double>::infinity());
  x.d_output.row(2).setConstant(std::numeric_limits<double>::quiet_NaN());
  at::Attention const op{at::Bias(forbids)};
  auto const found = op.backward(x.q, x.k, x.v, op.forward(x.q, x.k, x.v), x.d_output);
  EXPECT_TRUE(found.key.row(17).isZero(0) && found.value.row(17).isZero(0));
  EXPECT_TRUE(found.query.row(3).allFinite());
}

TEST(GradientCalls, OfQueriesWithoutKeysAreZeroWhateverMemoryHeld) {
  Arrays const x;
  at::Attention const op{at::Causal{}};
  RowMajor const k(0, 5), v(0, 3);
  at::Workspace workspace;
  std::memset(workspace.reserve(std::size_t{1} << 22), 0xff, std::size_t{1} << 22);  // every double of it is NaN
  EXPECT_TRUE(op.backward(x.q, k, v, op.forward(x.q, k, v), x.d_output, workspace).query.isZero(0));
}

TEST(GradientCalls, OfTheScaleTakeNothingFromAQueryThatSeesNoKey) {
  Arrays x;
  at::Attention const op{at::ScaledDot{0.4}, [](auto const& p) { return p.key > p.query; }};  // the last sees none
  auto const scale_of = [&] {
    return *std::get<0>(op.backward(x.q, x.k, x.v, op.forward(x.q, x.k, x.v), x.d_output).policies).scale;
  };
  double const wanted = scale_of();
  x.q.row(12).setConstant(std::numeric_limits<double>::quiet_NaN());
  EXPECT_NE(wanted, 0);
  EXPECT_EQ(scale_of(), wanted);
}

/// Under Cosine: it is alike to nothing, and there is no way in which it could turn.
TEST(GradientCalls, OfAZeroVectorAreZero) {
  Arrays x;
  x.q.row(3).setZero();
  x.k.row(11).setZero();
  at::Attention const op{at::Cosine{3}};
  auto const kept = op.forward(x.q, x.k, x.v);
  auto const found = op.backward(x.q, x.k, x.v, kept, x.d_output);
  auto const wanted = at::reference::backward(x.q, x.k, x.v, x.d_output, at::Cosine{3});
  EXPECT_LE((kept.output.row(3) - x.v.colwise().mean()).cwiseAbs().maxCoeff(), 1e-15);
  EXPECT_LE((found.query - wanted.query).cwiseAbs().maxCoeff(), 1e-13);
  EXPECT_LE((found.key - wanted.key).cwiseAbs().maxCoeff(), 1e-13);
  EXPECT_TRUE(found.query.row(3).isZero(0) && found.key.row(11).isZero(0));
}

TEST(TangentCalls, ReadAnyStorageOrderAndScalar) {
  Arrays const x;
  RowMajor const d_q = random_matrix(13, 5, 7), d_k = random_matrix(40, 5, 8), d_v = random_matrix(40, 3, 9);
  at::Attention const op{at::Causal{}};
  auto const kept = op.forward(x.q, x.k, x.v);
  RowMajor const wanted = at::reference::jvp(x.q, x.k, x.v, d_q, d_k, d_v, at::Causal{});
  RowMajor const found = op.jvp(x.q, x.k, x.v, kept, d_q, d_k, d_v);
  EXPECT_LE((found - wanted).cwiseAbs().maxCoeff(), 1e-14);
  EXPECT_GT(wanted.norm(), 0);

  ColumnMajor const q = x.q, k = x.k, v = x.v, steps = d_k;
  EXPECT_TRUE(op.jvp(q, k, v, kept, d_q, steps, d_v) == found) << "column-major";
  EXPECT_TRUE(op.jvp(x.q, x.k, x.v, kept, 0.5 * (d_q + d_q), d_k, d_v) == found) << "an expression";
  at::ThreadPool pool(3);
  at::Workspace workspace;
  EXPECT_TRUE(op.jvp(x.q, x.k, x.v, kept, d_q, d_k, d_v, pool, workspace) == found) << "a pool and a workspace";

  using Wide = at::Matrix<long double>;
  Wide const wide_q = x.q.cast<long double>(), wide_k = x.k.cast<long double>(), wide_v = x.v.cast<long double>();
  Wide const wide = op.jvp(wide_q, wide_k, wide_v, op.forward(wide_q, wide_k, wide_v), d_q, d_k, d_v);
  EXPECT_LE((wide - wanted.cast<long double>()).cwiseAbs().maxCoeff(), 1e-14L);
}

TEST(TangentCalls, RefuseWrongSizesInASentence) {
  Arrays const x;
  at::Attention const op{at::Causal{}};
  auto const kept = op.forward(x.q, x.k, x.v);
  auto const call = [&](auto const&... arguments) { return sentence_of([&] { (void)op.jvp(arguments...); }); };
  EXPECT_EQ(call(x.q, x.k, x.v, kept, x.q, x.k, x.v), "no error");
  EXPECT_EQ(call(x.q, x.k, x.v, kept, x.v, x.k, x.v),
            "attention: d_q is (1, 1, 40, 3) but q is (1, 1, 13, 5), as (batch, heads, length, dim); a direction must "
            "have the sizes of what it moves.");
  EXPECT_EQ(call(x.q, x.k, x.v, kept, x.q, x.k, x.q),
            "attention: d_v is (1, 1, 13, 5) but v is (1, 1, 40, 3), as (batch, heads, length, dim); a direction must "
            "have the sizes of what it moves.");
  auto other = kept;
  other.log_sum_exp.conservativeResize(12);
  EXPECT_EQ(call(x.q, x.k, x.v, other, x.q, x.k, x.v),
            "attention: the kept log-sum-exp is (1, 1, 12, 1) but one number a query is (1, 1, 13, 1), as (batch, "
            "heads, length, dim); hand in what forward gave for these q, k and v.");
}

}  // namespace gradient_calls_tests
