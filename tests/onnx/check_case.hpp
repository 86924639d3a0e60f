#pragma once

#include "onnx/problem.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace onnx {

/// Numbers as (b, h, n, ·), the last index fastest.
using Numbers = std::vector<double>;

/// The suite's own tolerance. NaN equals NaN and an infinity itself.
inline void expect_close(Numbers const& found, HeadsArray<double> const& wanted, bool half, char const* what) {
  double const relative = 1e-3, absolute = half ? 1e-3 : 1e-7;
  at::HeadsShape const& s = wanted.shape;
  ASSERT_EQ(found.size(), wanted.numbers.size()) << what;
  std::size_t at = 0;
  for (Index b = 0; b < s.batch; ++b)
    for (Index h = 0; h < s.heads; ++h)
      for (Index i = 0; i < s.length; ++i)
        for (Index f = 0; f < s.dim; ++f, ++at) {
          double const x = found[at], y = wanted.view()(b, h, i, f);
          bool const same = x == y || (std::isnan(x) && std::isnan(y));
          ASSERT_TRUE(same || std::abs(x - y) <= absolute + relative * std::abs(y))
              << what << " (" << b << ", " << h << ", " << i << ", " << f << ") is " << x << ", not " << y;
        }
}

inline HeadsArray<double> as_doubles(Array const& array, Index heads) {
  Array copy = array;
  std::vector<double> const numbers = array.numbers();
  copy.bytes.resize(numbers.size() * sizeof(double));
  std::memcpy(copy.bytes.data(), numbers.data(), copy.bytes.size());
  return laid_out<double>(copy, heads);
}

/// Runs a case on `Engine`, which offers attention(q, k, v, policies…), weights(q, k, policies…) and
/// scores(q, k, policies…) over heads, and compares every output.
template <class Engine, class Storage>
void check_case(Case const& given) {
  bool const half = given.in.at("Q").type == "f2";
  Problem<Storage> const problem(given);
  auto const q = problem.q.view(), k = problem.k.view(), v = problem.v.view();
  auto const weights = [&](auto const&... policies) { return Engine::weights(q, k, policies...); };
  auto const scores = [&](auto const&... policies) { return Engine::scores(q, k, policies...); };

  Numbers output;
  if (double const factor = factor_of_weights(given); factor != 1) {
    // No policy comes after the weights: ask for them, change them, weigh the values.
    Numbers const w = problem.with_policies(weights);
    for (Index b = 0; b < q.batch(); ++b)
      for (Index h = 0; h < q.heads(); ++h)
        for (Index i = 0; i < q.length(); ++i)
          for (Index f = 0; f < v.dim(); ++f) {
            double sum = 0;
            for (Index j = 0; j < k.length(); ++j)
              sum += factor * static_cast<double>(v(b, h * v.heads() / q.heads(), j, f)) *
                     w[static_cast<std::size_t>(((b * q.heads() + h) * q.length() + i) * k.length() + j)];
            output.push_back(sum);
          }
  } else {
    output = problem.with_policies([&](auto const&... policies) { return Engine::attention(q, k, v, policies...); });
  }
  expect_close(output, as_doubles(given.out.at("Y"), q.heads()), half, "Y");

  if (given.out.count("qk_matmul_output") != 0) {
    int const mode = given.attribute("qk_matmul_output_mode", 0);
    Numbers const found = mode == 3 ? problem.with_policies(weights) : problem.only_until(mode).with_policies(scores);
    expect_close(found, as_doubles(given.out.at("qk_matmul_output"), q.heads()), half, "qk_matmul_output");
  }
  if (given.out.count("present_key") != 0) {
    EXPECT_EQ(problem.k.numbers, given.out.at("present_key").template stored<Storage>());
    EXPECT_EQ(problem.v.numbers, given.out.at("present_value").template stored<Storage>());
  }
}

template <class Engine>
void check_case(std::string const& name) {
  Case const given = read_case(name);
  std::string const type = given.in.at("Q").type;
  if (type == "f2") return check_case<Engine, Eigen::half>(given);
  if (type == "f8") return check_case<Engine, double>(given);
  ASSERT_EQ(type, "f4");
  check_case<Engine, float>(given);
}

}  // namespace onnx
