#include "front_door.hpp"

/// Double, half and bfloat16 through the front door.

namespace front_door_scalars_tests {

using namespace front_door;

TEST(FrontDoor, ComputesDoubleInDouble) {
  auto const q = numbers<double>(7, 5, 4), k = numbers<double>(11, 5, 5), v = numbers<double>(11, 3, 6);
  expect_near_reference(at::attention(q, k, v), q, k, v);
}

TEST(FrontDoor, HalvesAreReadAsTheFloatsTheyAre) {
  auto const q = numbers<Eigen::half>(9, 16, 7), k = numbers<Eigen::half>(21, 16, 8);
  auto const v = numbers<Eigen::bfloat16>(21, 12, 9);
  auto const out = at::attention(q, k, v);
  static_assert(std::is_same_v<decltype(out)::Scalar, Eigen::half>);
  expect_near_reference(out, q, k, v);
  RowMajor<float> const in_float = at::attention(q.cast<float>(), k.cast<float>(), v.cast<float>());
  EXPECT_TRUE(same_bits(out, in_float.cast<Eigen::half>()));
  ColumnMajor<Eigen::half> const columns = q;
  EXPECT_TRUE(same_bits(at::attention(columns, k, v), out));
  // Queries in float, keys and values stored short: the result is in float.
  EXPECT_TRUE(same_bits(at::attention(q.cast<float>(), k, v), in_float));
}

}  // namespace front_door_scalars_tests
