#pragma once

#include "variant.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <string>

/// Comparisons that laws are made of.

namespace laws {

/// What comparing with the reference has come to.
struct Tally {
  double largest_share = 0;  // of a bound that was used
  Index compared = 0;        // numbers
  Index undecided = 0;       // of those, how many had no bound
};

namespace detail {

/// Within its bound? NaN never is.
template <class Number, class Exact>
[[nodiscard]] bool is_near(Number found, Exact wanted, double error, Tally& tally) {
  ++tally.compared;
  if (error == std::numeric_limits<double>::infinity()) {
    ++tally.undecided;
    return found == found;
  }
  if (static_cast<Exact>(found) == wanted) return true;
  double const off = std::abs(static_cast<double>(static_cast<Exact>(found) - wanted));
  if (error > 0) tally.largest_share = std::max(tally.largest_share, off / error);
  return off <= error;
}

template <class Found, class Exact>
void expect_near(std::vector<Found> const& found, std::vector<Exact> const& wanted, std::vector<double> const& error,
                 Index columns, std::string const& what, Tally& tally) {
  ASSERT_EQ(found.size(), wanted.size()) << what;
  for (std::size_t i = 0; i < found.size(); ++i)
    ASSERT_TRUE(is_near(found[i], wanted[i], error[i], tally))
        << what << ", row " << i / static_cast<std::size_t>(columns) << ", column "
        << i % static_cast<std::size_t>(columns) << ": " << double(found[i]) << " but the reference has "
        << double(wanted[i]) << " give or take " << error[i];
}

}  // namespace detail

/// The fast computation against the dense reference: output, log-sum-exp, and weights where they are compiled.
template <class Storage>
void expect_agreement(Variant<Storage> const& variant, Inputs<Storage> const& in, Policies const& policies,
                      std::string const& what, Tally& tally) {
  std::string const name = variant.name + ", " + policies.mask.name() + ", " + what;
  auto const expected = variant.expected(in, policies);
  if (variant.forward) {
    Result<Storage> const found = variant.forward(in, policies);
    detail::expect_near(found.output, expected.output, expected.output_error, std::max<Index>(in.v.dim(), 1),
                        "output of " + name, tally);
    if (::testing::Test::HasFatalFailure()) return;
    detail::expect_near(found.log_sum_exp, expected.log_sum_exp, expected.log_sum_exp_error, 1,
                        "log-sum-exp of " + name, tally);
    if (::testing::Test::HasFatalFailure()) return;
  }
  if (variant.weights)
    detail::expect_near(weights_of(variant, in, policies), expected.weights, expected.weights_error,
                        std::max<Index>(in.k.length(), 1), "weights of " + name, tally);
}

template <class Storage>
[[nodiscard]] bool same_bits(Storage const* a, Storage const* b, std::size_t count) {
  return count == 0 || std::memcmp(a, b, count * sizeof(Storage)) == 0;
}
template <class Storage>
[[nodiscard]] bool same_bits(std::vector<Storage> const& a, std::vector<Storage> const& b) {
  return a.size() == b.size() && same_bits(a.data(), b.data(), a.size());
}
template <class Storage>
[[nodiscard]] bool same_bits(Result<Storage> const& a, Result<Storage> const& b) {
  return same_bits(a.output, b.output) && same_bits(a.log_sum_exp, b.log_sum_exp);
}

}  // namespace laws
