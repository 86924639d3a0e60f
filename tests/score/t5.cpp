#include "score/scoring.hpp"

namespace t5_tests {

using namespace attend;

/// The bucket of T5 by its thresholds: bucket `exact + i` begins where (distance / exact)^(available − exact) reaches
/// (max_distance / exact)^i. Whole powers decide, no logarithm rounds.
Index bucket_by_thresholds(Index key_minus_query, Index buckets, bool bidirectional, Index max_distance) {
  Index available = buckets, first = 0, distance = -key_minus_query;
  if (bidirectional) {
    available = buckets / 2;
    if (key_minus_query > 0) {
      first = available;
      distance = key_minus_query;
    }
  } else if (key_minus_query > 0) {
    distance = 0;
  }
  Index const exact = available / 2;
  if (distance < exact) return first + distance;
  auto const power = [](long double base, Index exponent) {
    long double result = 1;
    for (Index i = 0; i < exponent; ++i) result *= base;
    return result;
  };
  long double const reached = power((long double)(distance) / (long double)(exact), available - exact);
  Index bucket = exact;
  while (bucket + 1 < available &&
         reached >= power((long double)(max_distance) / (long double)(exact), bucket + 1 - exact))
    ++bucket;
  return first + bucket;
}

TEST(T5Buckets, AreThoseOfTheReleasedModels) {
  // 32 buckets up to 128, both directions: where each bucket begins.
  std::vector<Index> const begins{0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91};
  for (Index distance = 0; distance < 1000; ++distance) {
    Index const bucket = std::upper_bound(begins.begin(), begins.end(), distance) - begins.begin() - 1;
    EXPECT_EQ(t5_bucket(-distance, 32, true, 128), bucket) << distance;
    if (distance > 0) {
      EXPECT_EQ(t5_bucket(distance, 32, true, 128), bucket + 16) << distance;
    }
    EXPECT_EQ(t5_bucket(distance, 32, false, 128), 0) << distance;
  }
}

TEST(T5Buckets, GrowByEqualFactors) {
  for (bool const bidirectional : {true, false})
    for (Index const buckets : {4, 8, 16, 32, 64})
      for (Index const max_distance : {20, 64, 100, 128, 256, 1000}) {
        if (max_distance <= buckets / 2) continue;
        for (Index distance = -2100; distance <= 2100; ++distance)
          ASSERT_EQ(t5_bucket(distance, buckets, bidirectional, max_distance),
                    bucket_by_thresholds(distance, buckets, bidirectional, max_distance))
              << "distance " << distance << ", " << buckets << " buckets, max_distance " << max_distance
              << (bidirectional ? ", both directions" : ", one direction");
      }
}

TEST(T5Bias, AddsTheNumberOfTheBucketAndHead) {
  Index const heads = 3;
  Eigen::MatrixXf const table = Eigen::MatrixXf::Random(32, heads);
  for (bool const bidirectional : {true, false}) {
    T5Bias const bias{table, bidirectional, 128};
    for (Index head = 0; head < heads; ++head)
      for (Index query = -3; query < 400; query += 57)
        for (Index key = 0; key < 500; ++key) {
          Position<> const p{query, key, -3, query + 3, key, head, 0};
          float const wanted = table(bucket_by_thresholds(key - query, 32, bidirectional, 128), head);
          ASSERT_EQ(bias(0.f, p), wanted) << "query " << query << ", key " << key;
          using Keys = pack<std::int32_t, 16>;
          Position<Keys> const several{
              query, Keys::consecutive(int(key)), -3, query + 3, Keys::consecutive(int(key)), head, 0};
          pack<float, 16> const added = bias(pack<float, 16>(0.f), several);
          for (int lane = 0; lane < 16; ++lane)
            ASSERT_EQ(added[lane], table(bucket_by_thresholds(key + lane - query, 32, bidirectional, 128), head))
                << "query " << query << ", key " << key << ", lane " << lane;
        }
  }
}

TEST(T5Bias, IsMadeOfItsTable) {
  Eigen::MatrixXd const table = Eigen::MatrixXd::Random(32, 2);
  static_assert(std::is_same_v<decltype(T5Bias{table}), T5Bias<double>>);
  static_assert(std::is_same_v<decltype(T5Bias{table, false, 64}), T5Bias<double>>);
  static_assert(std::is_same_v<decltype(T5Bias<float>{table}(1.f, Position<>{})), float>);
  EXPECT_EQ(T5Bias{table}.reach(), 128);
  EXPECT_EQ((T5Bias{table, false, 64}(0., Position<>{})), table(0, 0));
}

}  // namespace t5_tests
