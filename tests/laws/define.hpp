#pragma once

#include "bound_results.hpp"

#include <attend/attention.hpp>
#include <attend/reference.hpp>

#include <memory>
#include <utility>

/// Compiles one kernel: only the files that define variants include this.

namespace laws {

/// What a kernel is compiled for beside its output. Each costs a second or more of compilation.
struct Extras {
  bool adjusters = false;
  bool weights = false;
  bool output = true;
  bool announces = false;     // workspace_size
  bool no_documents = false;  // a call without Documents too; the others have one document that holds all
};

namespace detail {

/// call(policy…) with the policies that the kernel was compiled for.
template <Extras extras, class Storage, class Function>
auto with(Inputs<Storage> const& in, Policies const& policies, Function const& call) {
  attend::check(extras.adjusters || policies.adjusters.size() == 0, "laws: this kernel was compiled without adjusters.");
  auto const with_documents = [&](auto const&... more) {
    if constexpr (extras.no_documents)
      if (!policies.documents) return call(policies.start, policies.mask, more...);
    if (policies.documents) return call(policies.start, policies.mask, more..., *policies.documents);
    return call(policies.start, policies.mask, more..., documents_of(in, policies));
  };
  if constexpr (extras.adjusters)
    return with_documents(policies.adjusters);
  else
    return with_documents();
}

}  // namespace detail

template <class Storage, Extras extras, class Similarity, class Normalizer>
[[nodiscard]] Variant<Storage> define(std::string name, Similarity const& the_similarity,
                                      Normalizer const& the_normalizer) {
  using Number = attend::compute_t<Storage>;
  using Exact = exact_t<Storage>;
  auto const similarity = std::make_shared<Similarity const>(the_similarity);
  auto const normalizer = std::make_shared<Normalizer const>(the_normalizer);
  Variant<Storage> variant;
  variant.name = std::move(name);
  variant.family = Normalizer::family;
  variant.reads_keys = !requires { Similarity::keys_are_a_table; };
  variant.adjusts = extras.adjusters;
  if constexpr (std::is_same_v<Normalizer, attend::Sigmoid>) variant.depends_on_m = !normalizer->bias.has_value();
  if constexpr (std::is_same_v<Normalizer, attend::GumbelMax>) variant.depends_on_place = true;

  if constexpr (extras.output) {
    variant.into = [=](attend::Heads<Storage> const& out, Inputs<Storage> const& in, Policies const& policies) {
      attend::Workspace own;
      attend::Workspace& workspace = policies.workspace != nullptr ? *policies.workspace : own;
      detail::with<extras>(in, policies, [&](auto const&... policy) {
        attend::attention_into(out, in.q, in.k, in.v, *similarity, *normalizer, policy..., policies.executor, workspace);
      });
    };
    variant.forward = [=](Inputs<Storage> const& in, Policies const& policies) {
      attend::Workspace own;
      attend::Workspace& workspace = policies.workspace != nullptr ? *policies.workspace : own;
      return detail::with<extras>(in, policies, [&](auto const&... policy) {
        auto kept = attend::Attention{*similarity, *normalizer, policy...}.forward(in.q, in.k, in.v, policies.executor,
                                                                                    workspace);
        return Result<Storage>{std::move(kept.output), std::move(kept.log_sum_exp)};
      });
    };
  }
  if constexpr (extras.announces)
    variant.announced = [=](attend::Heads<Storage> const& out, Inputs<Storage> const& in, Policies const& policies) {
      return detail::with<extras>(in, policies, [&](auto const&... policy) {
        return attend::workspace_size(out, in.q, in.k, in.v, *similarity, *normalizer, policy..., policies.executor);
      });
    };
  if constexpr (extras.weights)
    variant.weights = [=](attend::Heads<Number> const& w, Inputs<Storage> const& in, Policies const& policies) {
      attend::Workspace own;
      attend::Workspace& workspace = policies.workspace != nullptr ? *policies.workspace : own;
      detail::with<extras>(in, policies, [&](auto const&... policy) {
        attend::Attention{*similarity, *normalizer, policy...}.weights_into(w, in.q, in.k, policies.executor, workspace);
      });
    };
  BoundRules<Storage> const rules{
      [=](Matrix<Exact> const& q, Matrix<Exact> const& k) {
        return attend::reference::similarity<Exact>(*similarity, q, k);
      },
      [=](Matrix<double> const& q, Matrix<double> const& k) { return score_error(*similarity, q, k); },
      [=](ErrorRow& row) { weight_error(*normalizer, row); }, Normalizer::family};
  variant.expected = [=](Inputs<Storage> const& in, Policies const& policies) {
    Expected<Exact> result;
    detail::with<extras>(in, policies, [&](auto const&... policy) {
      result.weights = attend::reference::weights<Exact>(in.q, in.k, *similarity, *normalizer, policy...);
      if constexpr (extras.output) {
        auto forward = attend::reference::forward<Exact>(in.q, in.k, in.v, *similarity, *normalizer, policy...);
        result.output = std::move(forward.output);
        result.log_sum_exp = std::move(forward.log_sum_exp);
      }
    });
    bound_results(in, policies, rules, result);
    return result;
  };
  return variant;
}

}  // namespace laws
