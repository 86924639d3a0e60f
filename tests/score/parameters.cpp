// What the scores let training change: names, sizes, and that a gradient of the same class has numbers of its own.

#include <attend/core/parameters.hpp>
#include <attend/normalize.hpp>
#include <attend/score.hpp>

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace parameters_tests {

namespace at = attend;
using Matrix = Eigen::MatrixXd;
using Names = std::map<std::string, std::vector<double>>;

template <class Policy>
Names parameters(Policy const& policy) {
  Names all;
  at::each_parameter(policy, [&](std::string_view name, auto numbers) {
    all[std::string(name)] = std::vector<double>(numbers.begin(), numbers.end());
  });
  return all;
}

template <class Policy>
void expect_parameters(Policy const& policy, Names const& expected) {
  EXPECT_EQ(parameters(policy), expected);
  Policy const zeros = at::zeros_like(policy);
  Names none = expected;
  for (auto& [name, numbers] : none) std::fill(numbers.begin(), numbers.end(), 0.0);
  EXPECT_EQ(parameters(zeros), none);
  EXPECT_EQ(parameters(policy), expected);  // not touched

  Policy changed = policy;
  at::each_parameter(changed, [](std::string_view, auto numbers) {
    for (auto& number : numbers) number += 1;
  });
  Names more = expected;
  for (auto& [name, numbers] : more)
    for (double& number : numbers) number += 1;
  EXPECT_EQ(parameters(changed), more);
  EXPECT_EQ(parameters(policy), expected);
}

Matrix counted(at::Index rows, at::Index columns) {
  at::Matrix<double> numbers(rows, columns);
  for (at::Index i = 0; i < numbers.size(); ++i) numbers.data()[i] = 1 + static_cast<double>(i);
  return numbers;
}

TEST(Parameters, OfSimilarities) {
  static_assert(!at::Learned<at::Dot> && !at::Learned<at::SoftCap>);
  expect_parameters(at::ScaledDot{}, {});
  expect_parameters(at::ScaledDot{0.5}, {{"scale", {0.5}}});
  expect_parameters(at::Bilinear<double>{counted(2, 3)}, {{"w", {1, 2, 3, 4, 5, 6}}});
  expect_parameters(at::Additive<double>{counted(1, 2), counted(1, 3), counted(1, 1)},
                    {{"w", {1, 2}}, {"u", {1, 2, 3}}, {"a", {1}}, {"bias", {}}});
  expect_parameters(at::Additive<float>{counted(2, 1), counted(2, 1), counted(2, 1), counted(2, 1)},
                    {{"w", {1, 2}}, {"u", {1, 2}}, {"a", {1, 2}}, {"bias", {1, 2}}});
  expect_parameters(at::Concat<double>{counted(1, 4), counted(1, 1)}, {{"w", {1, 2, 3, 4}}, {"a", {1}}, {"bias", {}}});
  expect_parameters(at::Location<double>{counted(3, 1)}, {{"w", {1, 2, 3}}});
  expect_parameters(at::Cosine{3}, {{"sharpness", {3}}});
  expect_parameters(at::Euclidean{0.25}, {{"gamma", {0.25}}});
  expect_parameters(at::L1{0.25}, {{"gamma", {0.25}}});
}

TEST(Parameters, OfAdjusters) {
  expect_parameters(at::Alibi{std::vector<double>{0.5, 0.25}}, {{"slopes", {0.5, 0.25}}});
  expect_parameters(at::Bias<double>{counted(2, 3)}, {{"grid", {1, 2, 3, 4, 5, 6}}});
  expect_parameters(at::RelativeBias<double>{counted(2, 3)}, {{"table", {1, 2, 3, 4, 5, 6}}});
  expect_parameters(at::T5Bias<double>{counted(4, 2)}, {{"table", {1, 2, 3, 4, 5, 6, 7, 8}}});
  expect_parameters(at::Gaussian{counted(3, 1), 2}, {{"centres", {1, 2, 3}}, {"width", {2}}});
}

TEST(Parameters, OfNormalizers) {
  expect_parameters(at::Softmax{.temperature = 2, .sinks = {0.5, 1.5}}, {{"temperature", {2}}, {"sinks", {0.5, 1.5}}});
  expect_parameters(at::Sigmoid{}, {});
  expect_parameters(at::Sigmoid{.bias = 3}, {{"bias", {3}}});
  expect_parameters(at::NormalizedSigmoid{.bias = 3}, {{"bias", {3}}});
}

at::Position<> place(at::Index query, at::Index key) {
  at::Position<> p;
  p.query = query;
  p.key = key;
  p.row = query;
  p.column = key;
  return p;
}

template <class Policy>
void set_all(Policy& policy, double value) {
  at::each_parameter(policy, [value](std::string_view, auto numbers) {
    for (auto& number : numbers) number = value;
  });
}

TEST(Parameters, AChangeTakesEffect) {
  at::RelativeBias<double> relative{counted(1, 3)};
  at::T5Bias<double> t5{counted(4, 1), true, 3};
  at::Bias<double> bias{counted(4, 9)};
  at::Bias<double> const kept = bias;
  for (at::Index const key : {0, 2, 3, 4, 8}) {
    EXPECT_EQ(relative(0.0, place(3, key)), key < 3 ? 1 : key == 3 ? 2 : 3);
    EXPECT_EQ(bias(0.0, place(3, key)), 28 + static_cast<double>(key));
  }
  set_all(relative, 7.5);
  set_all(t5, 7.5);
  set_all(bias, 7.5);
  for (at::Index const key : {0, 2, 3, 4, 8}) {
    EXPECT_EQ(relative(0.0, place(3, key)), 7.5);
    EXPECT_EQ(t5(0.0, place(3, key)), 7.5);
    EXPECT_EQ(bias(0.0, place(3, key)), 7.5);
    EXPECT_EQ(kept(0.0, place(3, key)), 28 + static_cast<double>(key));
  }
}

TEST(Parameters, ATableOfT5IsReadByBucket) {
  at::T5Bias<double> const bias{counted(6, 2), true, 8};
  for (at::Index distance = -20; distance <= 20; ++distance)
    EXPECT_EQ(bias(0.0, place(20, 20 + distance)), bias.table()(bias.bucket(distance), 0)) << distance;
}

TEST(Parameters, ABiasOverTheCallersMemoryIsNeverWritten) {
  std::vector<double> const memory{1, 2, 3, 4, 5, 6, 7, 8};
  at::Bias<double> bias{memory.data(), {1, 1, 2, 2}, {0, 0, 4, 2}};  // 1 3 / 5 7
  EXPECT_THROW((void)parameters(bias), at::Error);                   // they do not lie side by side
  set_all(bias, 0.5);
  EXPECT_EQ(memory, (std::vector<double>{1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(parameters(bias), (Names{{"grid", {0.5, 0.5, 0.5, 0.5}}}));

  at::Grid<double> const own = at::Grid<double>{memory.data(), {1, 1, 2, 2}, {0, 0, 4, 2}}.copy();
  EXPECT_EQ(std::vector<double>(own.numbers().begin(), own.numbers().end()), (std::vector<double>{1, 3, 5, 7}));
  EXPECT_EQ(own.number_of(place(1, 0)), 2);
  EXPECT_EQ((at::Grid<double>{memory.data(), {1, 1, 1, 2}}.number_of(place(1, 1))), 1);
}

}  // namespace parameters_tests
