// Documents: each a problem of its own.

#include <attend/reference/attention.hpp>

#include <attend/mask.hpp>
#include <attend/normalize.hpp>
#include <attend/score.hpp>

#include <gtest/gtest.h>

namespace documents_tests {

namespace at = attend;
namespace reference = attend::reference;
using at::Index;
using Eigen::MatrixXd;

struct Packed {
  std::vector<Index> queries{2, 0, 3, 1}, keys{4, 2, 3, 0};
  MatrixXd q, k, v;

  Packed() {
    std::srand(5);
    q = MatrixXd::Random(6, 3);
    k = MatrixXd::Random(9, 3);
    v = MatrixXd::Random(9, 2);
  }

  /// Compares the packed call with one call a document.
  void expect_each_by_itself(at::Documents const& documents, auto const&... policies) const {
    auto const together = reference::forward(q, k, v, policies..., documents);
    MatrixXd const weights = reference::weights(q, k, policies..., documents);
    for (Index d = 0; d < documents.count(); ++d) {
      Index const row = documents.query_begin(d), n = documents.query_end(d) - row;
      Index const column = documents.key_begin(d), m = documents.key_end(d) - column;
      auto const alone =
          reference::forward(q.middleRows(row, n), k.middleRows(column, m), v.middleRows(column, m), policies...);
      EXPECT_EQ(MatrixXd(together.output.middleRows(row, n)), MatrixXd(alone.output)) << d;
      EXPECT_EQ(Eigen::VectorXd(together.log_sum_exp.segment(row, n)), alone.log_sum_exp) << d;
      MatrixXd wanted = MatrixXd::Zero(n, k.rows());
      wanted.middleCols(column, m) = reference::weights(q.middleRows(row, n), k.middleRows(column, m), policies...);
      EXPECT_EQ(MatrixXd(weights.middleRows(row, n)), wanted) << d;
    }
  }
};

TEST(ReferenceDocuments, EachIsAProblemOfItsOwn) {
  Packed const packed;
  at::Documents const documents(packed.queries, packed.keys);
  packed.expect_each_by_itself(documents);
  packed.expect_each_by_itself(documents, at::Causal{});
  packed.expect_each_by_itself(documents, at::Alibi{0.5}, at::SlidingWindow{1, 0});
  packed.expect_each_by_itself(documents, at::Sigmoid{});  // −log m of the document
  packed.expect_each_by_itself(documents, at::GumbelMax{4});
  packed.expect_each_by_itself(documents, at::TopK{2});
  packed.expect_each_by_itself(documents, at::QueryStart{1}, at::Causal{});
  packed.expect_each_by_itself(documents, at::Location<double>{MatrixXd::Random(9, 3)});
}

TEST(ReferenceDocuments, CountWithinAnd) {
  Packed const packed;
  at::Documents const documents(packed.queries, packed.keys);
  MatrixXd const wanted = reference::weights(packed.q, packed.k, documents, at::Causal{});
  EXPECT_EQ(MatrixXd(reference::weights(packed.q, packed.k, documents & at::Causal{})), wanted);
  EXPECT_EQ(MatrixXd(reference::weights(packed.q, packed.k, at::Causal{} & documents)), wanted);
  EXPECT_EQ(MatrixXd(reference::weights(packed.q, packed.k, at::Lengths{9} & (at::Causal{} & documents))), wanted);
}

TEST(ReferenceDocuments, ArePlainMasksWithinOrAndNot) {
  Packed const packed;
  at::Documents const documents(packed.queries, packed.keys);
  auto const other = [&](at::Position<> p) { return !documents(p); };
  EXPECT_EQ(MatrixXd(reference::weights(packed.q, packed.k, !documents, at::Alibi{0.5})),
            MatrixXd(reference::weights(packed.q, packed.k, other, at::Alibi{0.5})));
  auto const either = [&](at::Position<> p) { return documents(p) || at::Causal{}(p); };
  EXPECT_EQ(MatrixXd(reference::weights(packed.q, packed.k, documents | at::Causal{}, at::Alibi{0.5})),
            MatrixXd(reference::weights(packed.q, packed.k, either, at::Alibi{0.5})));
}

TEST(ReferenceDocuments, KeepRowsAndColumnsAsStored) {
  Packed const packed;
  at::Documents const documents(packed.queries, packed.keys);
  MatrixXd bias = MatrixXd::Random(6, 9);
  MatrixXd const s = reference::scores(packed.q, packed.k);
  MatrixXd const biased = reference::scores(packed.q, packed.k, at::Bias{bias}, documents);
  EXPECT_NEAR(biased(3, 7), s(3, 7) + bias(3, 7), 1e-15);
  EXPECT_EQ(biased(3, 1), -std::numeric_limits<double>::infinity());
}

TEST(ReferenceDocuments, MustAddUp) {
  Packed const packed;
  EXPECT_THROW((void)reference::weights(packed.q, packed.k, at::Documents{{3, 4}}), at::Error);
}

}  // namespace documents_tests
