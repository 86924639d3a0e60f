#include <attend/normalize/gumbel_max.hpp>

#include "normalize/rows.hpp"

namespace gumbel_max_tests {

using attend::GumbelMax;
using attend::Index;
using rows::infinity;

/// The key that query `query` of a head draws from scores.
Index draw(GumbelMax const& normalizer, std::vector<double> const& scores, Index query, Index head = 0,
           Index batch = 0) {
  attend::reference::ScoreRow<double> row;
  row.scores = Eigen::Map<Eigen::VectorXd const>(scores.data(), static_cast<Index>(scores.size()));
  row.first.query = query;
  row.first.head = head;
  row.first.batch = batch;
  Index key = -1;
  attend::reference::normalize(normalizer, row).weights.maxCoeff(&key);
  return key;
}

TEST(GumbelMax, DrawsWithTheProbabilitiesOfSoftmax) {
  std::vector<double> const scores{0, std::log(2.0), -infinity<double>, std::log(5.0)};
  for (double const temperature : {1.0, 0.5, 3.0}) {
    auto const wanted = rows::reference(attend::Softmax{.temperature = temperature}, scores).weights;
    int const draws = 20000;
    Eigen::Vector4d found = Eigen::Vector4d::Zero();
    for (int query = 0; query < draws; ++query) found(draw({7, temperature}, scores, query)) += 1.0 / draws;
    EXPECT_EQ(found(2), 0);
    for (Index j = 0; j < 4; ++j)  // four standard deviations
      EXPECT_NEAR(found(j), wanted(j), 4 * std::sqrt(wanted(j) * (1 - wanted(j)) / draws));
  }
}

TEST(GumbelMax, IsAFunctionOfSeedAndPlace) {
  std::vector<double> const scores(50, 0.0);
  EXPECT_EQ(draw({1}, scores, 3, 2, 1), draw({1}, scores, 3, 2, 1));
  int same = 0;
  for (Index query = 0; query < 100; ++query) {
    Index const one = draw({1}, scores, query);
    same += (one == draw({2}, scores, query)) + (one == draw({1}, scores, query + 1000)) +
            (one == draw({1}, scores, query, 1)) + (one == draw({1}, scores, query, 0, 1));
  }
  EXPECT_LT(same, 30);  // by chance 1 of 50: 8 of 400
}

TEST(GumbelMax, PerturbsPacksAsNumbers) {
  using Pack = attend::pack<float, 4>;
  using Whole = attend::pack<std::int32_t, 4>;
  GumbelMax const normalizer{99, 0.7};
  attend::Position<Whole> p;
  p.query = 5;
  p.head = 1;
  p.batch = 2;
  p.key = Whole::consecutive(40);
  Pack const found = normalizer.perturb(Pack(1.25f), p);
  for (int lane = 0; lane < 4; ++lane) {
    attend::Position<> one;
    one.query = 5;
    one.head = 1;
    one.batch = 2;
    one.key = 40 + lane;
    float const wanted = normalizer.perturb(1.25f, one);
    EXPECT_NEAR(found[lane], wanted, 1e-6f * (1 + std::abs(wanted)));
    EXPECT_NEAR(static_cast<double>(wanted), normalizer.perturb(1.25, one), 1e-6 * (1 + std::abs(wanted)));
    EXPECT_EQ(normalizer.perturb(1.25, one), 1.25 / 0.7 + attend::gumbel(99, 2, 1, 5, 40 + lane));
  }
}

TEST(GumbelMax, DrawsNothingWhereNothingIsSeen) {
  auto const row = rows::reference(GumbelMax{1}, std::vector<double>{-infinity<double>, -infinity<double>});
  EXPECT_EQ(row.weights, Eigen::Vector2d::Zero());
  EXPECT_EQ(row.log_sum_exp, -infinity<double>);
}

TEST(GumbelMax, RefusesATemperatureThatIsNotPositive) {
  EXPECT_THROW((GumbelMax{1, 0}.check_sizes({})), attend::Error);
  EXPECT_THROW((GumbelMax{1, rows::nan<double>}.check_sizes({})), attend::Error);
}

}  // namespace gumbel_max_tests
