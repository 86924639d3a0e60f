#include <attend/io/tensor.hpp>

#include "files.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace tensor_tests {

using namespace attend::io;
using attend::Index;

template <class Matrix>
concept IsTaken = requires(Matrix&& matrix) { tensor_of("x", std::forward<Matrix>(matrix)); };
static_assert(IsTaken<attend::Matrix<float>&> && IsTaken<attend::Vector<double> const&>);
static_assert(!IsTaken<attend::Matrix<float>>);  // nothing would own the numbers

TEST(Tensor, ByteCountNeverOverflows) {
  constexpr Index most = std::numeric_limits<Index>::max();
  auto const count = [](std::vector<Index> const& shape, Dtype dtype = Dtype::f32) { return byte_count(shape, dtype); };
  EXPECT_EQ(count({}), 4u);
  EXPECT_EQ(count({2, 3}), 24u);
  EXPECT_EQ(count({most}, Dtype::u8), static_cast<std::size_t>(most));
  EXPECT_EQ(count({most / 4}), static_cast<std::size_t>(most / 4 * 4));
  EXPECT_EQ(count({most / 4 + 1}), std::nullopt);
  EXPECT_EQ(count({most, 2}, Dtype::u8), std::nullopt);
  EXPECT_EQ(count({Index(1) << 32, Index(1) << 32}, Dtype::u8), std::nullopt);
  EXPECT_EQ(count({-1}), std::nullopt);
  EXPECT_EQ(count({0, -1}), std::nullopt);
  EXPECT_EQ(count({-1, -1}), std::nullopt);
  EXPECT_EQ(count({std::numeric_limits<Index>::min()}), std::nullopt);
  EXPECT_EQ(count({0, most / 8}, Dtype::f64), 0u);
  EXPECT_EQ(count({0, most, 2}), std::nullopt);
  EXPECT_EQ(count({most, 2, 0}), std::nullopt);
}

TEST(Tensor, LooksAtTheCallersNumbers) {
  attend::Matrix<float> matrix(2, 3);
  Tensor const tensor = tensor_of("w", matrix);
  EXPECT_EQ(static_cast<void const*>(tensor.bytes.data()), matrix.data());
  EXPECT_EQ(tensor.shape, (std::vector<Index>{2, 3}));
  EXPECT_EQ(tensor.rank(), 2);
  EXPECT_EQ(tensor.size(), 6);
  EXPECT_EQ(tensor.owner, nullptr);
  Eigen::RowVectorXd const row(4);
  EXPECT_EQ(tensor_of("r", row).shape, (std::vector<Index>{4}));
  Eigen::Matrix<float, 2, 2, Eigen::RowMajor> const fixed;
  EXPECT_EQ(tensor_of("f", fixed).shape, (std::vector<Index>{2, 2}));
  std::vector<int> const numbers(6);
  files::expect_refused([&] { (void)tensor_of("n", std::span(numbers), {2, 2}); },
                        "tensor_of: tensor \"n\" has 24 bytes; I32 of shape (2, 2) must have 16.");
}

}  // namespace tensor_tests
