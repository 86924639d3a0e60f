#include "core/sentence.hpp"
#include "score/scoring.hpp"

/// What wrong sizes and numbers say.

namespace errors_tests {

using namespace attend;
using Eigen::MatrixXf;
using Eigen::VectorXf;
using sentences::sentence_of;

CallShape const shape{.batch = 3, .heads = 4, .queries = 5, .keys = 6};

template <class Similarity>
std::string sentence(Similarity const& similarity, Index d_query, Index d_key, Index keys = 6) {
  return sentence_of([&] { similarity.check_sizes(d_query, d_key, keys); });
}
template <class Adjuster>
std::string sentence(Adjuster const& adjuster) {
  return sentence_of([&] { adjuster.check_sizes(shape); });
}

TEST(ScoreErrors, NameTheFeaturesThatDiffer) {
  std::string const differ = "attention: q has 64 columns but k has 32; both must have the same number of features d.";
  EXPECT_EQ(sentence(Dot{}, 64, 32), differ);
  EXPECT_EQ(sentence(ScaledDot{}, 64, 32), differ);
  EXPECT_EQ(sentence(Cosine{}, 64, 32), differ);
  EXPECT_EQ(sentence(Euclidean{}, 64, 32), differ);
  EXPECT_EQ(sentence(L1{}, 64, 32), differ);
  EXPECT_EQ(sentence(FeatureWise{[](auto, auto, auto sum) { return sum; }}, 64, 32), differ);
  EXPECT_EQ(sentence(Dot{}, 64, 64), "no error");
}

TEST(ScoreErrors, NameTheSizesOfParameters) {
  EXPECT_EQ(sentence(Bilinear{MatrixXf(3, 5)}, 4, 5),
            "attention: Bilinear has w (3, 5) but q has 4 columns and k has 5; w must be (d_q, d_k).");
  EXPECT_EQ(sentence(Bilinear<float>{}, 0, 0), "Bilinear: w is empty.");
  Additive const additive{MatrixXf(8, 3), MatrixXf(8, 5), VectorXf(8)};
  EXPECT_EQ(sentence(additive, 3, 4),
            "attention: Additive has w (8, 3) and u (8, 5) but q has 3 columns and k has 4; w must be (hidden, d_q) "
            "and u (hidden, d_k).");
  EXPECT_EQ(sentence(additive, 3, 5), "no error");
  EXPECT_EQ(sentence(Concat{MatrixXf(8, 9), VectorXf(8)}, 3, 5),
            "attention: Concat has w (8, 9) but q has 3 columns and k has 5; w must be (hidden, d_q + d_k).");
  EXPECT_EQ(sentence(Location{MatrixXf(10, 3)}, 3, 99, 12),
            "attention: Location has w (10, 3) but q has 3 columns and there are 12 keys; w must be (keys or more, "
            "d_q).");
  EXPECT_EQ(sentence(Location{MatrixXf(10, 3)}, 3, 99, 10), "no error");
}

TEST(ScoreErrors, SayWhenParametersDoNotFitEachOther) {
  EXPECT_EQ(sentence_of([] { Additive{MatrixXf(8, 3), MatrixXf(7, 5), VectorXf(8)}; }),
            "Additive: w has 8 rows, u 7, a 8 numbers, bias 0; all must have the same number of hidden features (bias "
            "may have none).");
  EXPECT_EQ(sentence_of([] { Additive{MatrixXf(8, 3), MatrixXf(8, 5), VectorXf(8), VectorXf(2)}; }),
            "Additive: w has 8 rows, u 8, a 8 numbers, bias 2; all must have the same number of hidden features (bias "
            "may have none).");
  EXPECT_EQ(sentence_of([] { Additive{MatrixXf(8, 3), MatrixXf(8, 5), MatrixXf(8, 2)}; }),
            "Additive: a is (8, 2); it must be a vector.");
  EXPECT_EQ(sentence_of([] { Additive{MatrixXf(8, 0), MatrixXf(8, 5), VectorXf(8)}; }),
            "Additive: w is (8, 0) and u (8, 5); neither may be empty.");
  EXPECT_EQ(sentence_of([] { Concat{MatrixXf(8, 3), VectorXf(9)}; }),
            "Concat: w has 8 rows, v 9 numbers, bias 0; all must have the same number of hidden features (bias may "
            "have none).");
  EXPECT_EQ(sentence_of([] {
              (void)Additive<float>::weight_normalized(MatrixXf(2, 3), MatrixXf(2, 3), VectorXf::Zero(2), 1.f);
            }),
            "Additive: v is zero and has no direction; weight normalisation divides by its length.");
}

TEST(ScoreErrors, NameNumbersThatAreNotFinite) {
  double const infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(sentence(Cosine{infinity}, 4, 4), "attention: Cosine has sharpness inf; it must be finite.");
  EXPECT_EQ(sentence(Euclidean{-infinity}, 4, 4), "attention: Euclidean has γ -inf; it must be finite.");
  EXPECT_EQ(sentence(L1{nan}, 4, 4), "attention: L1 has γ nan; it must be finite.");
  EXPECT_EQ(sentence(SoftCap{0.}), "SoftCap: the cap is 0; it must be positive and finite.");
  EXPECT_EQ(sentence(SoftCap{nan}), "SoftCap: the cap is nan; it must be positive and finite.");
  EXPECT_EQ(sentence(Gaussian{1., -2.}), "Gaussian: the width is -2; it must be positive and finite.");
}

TEST(ScoreErrors, NameHeadsAndSizesOfAdjusters) {
  EXPECT_EQ(sentence(Alibi{{0.5, 0.25}}), "Alibi: 2 slopes for 4 heads; give one, or one a head.");
  EXPECT_EQ(sentence(Alibi::for_heads(4)), "no error");
  EXPECT_EQ(sentence_of([] { (void)Alibi::for_heads(0); }), "Alibi: for_heads(0); there must be at least one head.");
  EXPECT_EQ(sentence(Bias{MatrixXf(4, 6)}), "Bias: 4 rows for 5 queries; give one, or one a query.");
  EXPECT_EQ(sentence(Bias{MatrixXf(5, 7)}), "Bias: 7 columns for 6 keys; give one, or one a key.");
  EXPECT_EQ(sentence(Bias{MatrixXf(5, 6)}), "no error");
  EXPECT_EQ(sentence(Bias{MatrixXf(1, 6)}), "no error");
  EXPECT_EQ(sentence(RelativeBias{MatrixXf(3, 5)}), "RelativeBias: 3 heads for 4 heads; give one, or one a head.");
  EXPECT_EQ(sentence_of([] { RelativeBias{MatrixXf(3, 4)}; }),
            "RelativeBias: the table has 4 columns; it must have 2·reach + 1, an odd number.");
  EXPECT_EQ(sentence(T5Bias{MatrixXf(32, 3)}), "T5Bias: 3 heads for 4 heads; give one, or one a head.");
  EXPECT_EQ(sentence_of([] { T5Bias{MatrixXf(2, 3)}; }),
            "T5Bias: the table has 2 buckets; it must have at least 4, and as many for keys before the query as after "
            "it.");
  EXPECT_EQ(sentence_of([] { T5Bias{MatrixXf(1, 3), false}; }),
            "T5Bias: the table has 1 buckets; it must have at least 2.");
  EXPECT_EQ(sentence_of([] { T5Bias{MatrixXf(32, 3), true, 8}; }),
            "T5Bias: max_distance is 8 but the first 8 distances have a bucket each; it must be larger.");
  EXPECT_EQ(sentence(Gaussian{VectorXf(3), 1.}), "Gaussian: 3 rows for 5 queries; give one, or one a query.");
  EXPECT_EQ(sentence(Gaussian{Grid<double>(MatrixXf(5, 2)), 1.}),
            "Gaussian: 2 centres for each query; give one number a query.");
  EXPECT_EQ(sentence_of([] { Gaussian{MatrixXf(5, 2), 1.}; }),
            "Gaussian: the centres are (5, 2); they must be a vector, one a query.");
}

}  // namespace errors_tests
