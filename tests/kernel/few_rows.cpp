#include "front_door.hpp"

#include <attend/mask.hpp>

namespace few_rows_tests {

using namespace front_door;

/// Up to four rows read keys and values where they lie; more pack them. Every count of features that whole squares,
/// pairs of them and their rests make, and hidden tokens that hold NaN.
template <class Storage>
void expect_few_rows_to_have_the_bits_of_many() {
  for (Index const d : {1, 15, 16, 17, 31, 32, 33, 64, 80, 100, 130})
    for (Index const e : {0, 5, 16, 80})
      for (Index const m : {3, 16, 47, 300}) {
        auto const q = numbers<float>(9, d, 21);
        auto k = numbers<Storage>(m, d, 22), v = numbers<Storage>(m, e, 23);
        auto const finite_k = k, finite_v = v;
        k.row(m - 1).setConstant(static_cast<Storage>(not_a_number));
        v.row(m - 1).setConstant(static_cast<Storage>(not_a_number));
        at::Lengths const seen{static_cast<int>(m - 1)};
        RowMajor<float> const all = at::attention(q, k, v, seen);
        expect_near_reference(all, q, finite_k, finite_v, seen);
        for (Index const first : {2, 5})  // the last are a rest behind whole micro-kernels
          for (Index const rows : {1, 2, 3, 4}) {
            RowMajor<float> const few = at::attention(q.middleRows(first, rows), k, v, seen);
            ASSERT_TRUE(same_bits(few, all.middleRows(first, rows)))
                << rows << " rows from " << first << " of " << d << " features, " << m << " keys of " << e;
          }
      }
}

TEST(FewRows, HaveTheBitsOfMany) {
  expect_few_rows_to_have_the_bits_of_many<float>();
  expect_few_rows_to_have_the_bits_of_many<Eigen::half>();
  expect_few_rows_to_have_the_bits_of_many<Eigen::bfloat16>();
}

}  // namespace few_rows_tests
