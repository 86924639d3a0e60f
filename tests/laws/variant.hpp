#pragma once

#include "any_policy.hpp"
#include "problem.hpp"

#include <attend/core/query_start.hpp>
#include <attend/core/workspace.hpp>
#include <attend/mask/documents.hpp>
#include <attend/normalize/family.hpp>

#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

/// One kernel (a scalar, a similarity and a normaliser, any masks) behind functions, so that every law is written once
/// and each kernel is compiled once.

namespace laws {

/// What is chosen at run time.
struct Policies {
  AnyMask mask{};
  AnyAdjuster adjusters{};  // only for kernels that adjust
  attend::QueryStart start{};
  std::optional<attend::Documents> documents{};
  AnyExecutor executor{};
  attend::Workspace* workspace = nullptr;  // null: one of the call's own
  bool exact_scores = false;               // the scores have no rounding errors (Fill::lattice)
};

template <class Storage>
struct Result {
  std::vector<Storage> output;                           // (b, h, n, e)
  std::vector<attend::compute_t<Storage>> log_sum_exp;  // (b, h, n)
};

/// The scalar that a reference is computed in.
template <class Storage>
using exact_t = std::conditional_t<std::is_same_v<attend::compute_t<Storage>, double>, long double, double>;

/// What the dense reference gives, and how far a correct computation in the kernel's precision may be from it (see
/// error_bound.hpp). Where a row rests on a decision between scores that rounding cannot tell apart, its bound is ∞.
template <class Exact>
struct Expected {
  std::vector<Exact> output, log_sum_exp, weights;                     // (b, h, n, e), (b, h, n), (b, h, n, m)
  std::vector<double> output_error, log_sum_exp_error, weights_error;  // the same sizes
};

template <class Storage>
struct Variant {
  using Number = attend::compute_t<Storage>;
  using Exact = exact_t<Storage>;

  std::string name;
  attend::Family family = attend::Family::exponential;
  bool reads_keys = true;      // Location does not
  bool depends_on_m = false;   // Sigmoid with its default bias
  bool depends_on_place = false;  // GumbelMax draws by batch and head
  bool adjusts = false;

  std::function<void(attend::Heads<Storage> const& out, Inputs<Storage> const&, Policies const&)> into;
  std::function<Result<Storage>(Inputs<Storage> const&, Policies const&)> forward;
  std::function<std::size_t(attend::Heads<Storage> const& out, Inputs<Storage> const&, Policies const&)> announced;
  std::function<void(attend::Heads<Number> const& w, Inputs<Storage> const&, Policies const&)> weights;
  std::function<Expected<Exact>(Inputs<Storage> const&, Policies const&)> expected;
};

/// The output of attention_into as an array of its own.
template <class Storage>
[[nodiscard]] std::vector<Storage> output_of(Variant<Storage> const& variant, Inputs<Storage> const& in,
                                             Policies const& policies = {}) {
  attend::HeadsShape const shape{in.q.batch(), in.q.heads(), in.q.length(), in.v.dim()};
  std::vector<Storage> output(static_cast<std::size_t>(size_of(shape)));
  variant.into(attend::heads(output.data(), shape), in, policies);
  return output;
}

template <class Storage>
[[nodiscard]] std::vector<attend::compute_t<Storage>> weights_of(Variant<Storage> const& variant,
                                                                 Inputs<Storage> const& in,
                                                                 Policies const& policies = {}) {
  attend::HeadsShape const shape{in.q.batch(), in.q.heads(), in.q.length(), in.k.length()};
  std::vector<attend::compute_t<Storage>> w(static_cast<std::size_t>(size_of(shape)));
  variant.weights(attend::heads(w.data(), shape), in, policies);
  return w;
}

}  // namespace laws
