#include <attend/io/dtype.hpp>

#include <gtest/gtest.h>

namespace dtype_tests {

using namespace attend::io;

static_assert(dtype_of<float> == Dtype::f32 && dtype_of<double const> == Dtype::f64);
static_assert(dtype_of<Eigen::half> == Dtype::f16 && dtype_of<Eigen::bfloat16> == Dtype::bf16);
static_assert(dtype_of<long> == Dtype::i64 && dtype_of<long long> == Dtype::i64);
static_assert(dtype_of<bool> == Dtype::boolean && dtype_of<unsigned char> == Dtype::u8);
static_assert(!Storable<long double> && !Storable<char> && !Storable<char32_t> && !Storable<float*>);

TEST(Dtype, TypesNamesAndSizesAgree) {
  for (int i = 0; i <= static_cast<int>(Dtype::u64); ++i) {
    auto const dtype = static_cast<Dtype>(i);
    with_type_of(dtype, [&]<class Number>(std::type_identity<Number>) {
      EXPECT_EQ(dtype_of<Number>, dtype);
      EXPECT_EQ(sizeof(Number), size_of(dtype)) << name_of(dtype);
    });
  }
  EXPECT_EQ(name_of(Dtype::bf16), "BF16");
  EXPECT_EQ(name_of(Dtype::boolean), "BOOL");
  EXPECT_THROW(with_type_of(static_cast<Dtype>(13), [](auto) {}), attend::Error);
}

}  // namespace dtype_tests
