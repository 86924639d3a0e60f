#pragma once

#include "gradient_catalogue.hpp"

#include <attend/attention.hpp>
#include <attend/core/parameters.hpp>
#include <attend/reference/heads_backward.hpp>

#include <memory>
#include <tuple>
#include <utility>

/// Makes variants; included where they are compiled, one or two a file.

namespace laws {

template <class Storage, class Similarity, class Normalizer>
[[nodiscard]] GradientVariant<Storage> gradient_of(std::string name, Similarity const& chosen_similarity,
                                                   Normalizer const& chosen_normalizer) {
  using Number = attend::compute_t<Storage>;
  constexpr bool is_softmax = std::is_same_v<Normalizer, attend::Softmax>;
  auto const similarity = std::make_shared<Similarity const>(chosen_similarity);
  auto const normalizer = std::make_shared<Normalizer const>(chosen_normalizer);

  GradientVariant<Storage> variant;
  variant.name = std::move(name);
  variant.family = Normalizer::family;
  variant.depends_on_place = std::is_same_v<Normalizer, attend::GumbelMax>;
#ifdef ATTEND_NO_DISPATCH
  variant.is_for_one_set = true;
#endif

  // One list of policies for every call, so that one kernel is compiled: without documents all is one document.
  auto const with = [=](Inputs<Storage> const& in, Policies const& policies, auto const& function) {
    attend::Documents const documents =
        policies.documents ? *policies.documents : attend::Documents({in.q.length()}, {in.k.length()});
    return function(*similarity, *normalizer, policies.mask, policies.adjusters, policies.start, documents);
  };
  auto const parameters_of = [](auto const& learned) {
    std::vector<double> all;
    std::apply(
        [&](auto const&... policy) {
          (attend::each_parameter(policy,
                                  [&](std::string_view, auto numbers) {
                                    for (auto const number : numbers) all.push_back(static_cast<double>(number));
                                  }),
           ...);
        },
        learned);
    return all;
  };

  variant.forward = [=](Inputs<Storage> const& in, Policies const& policies) {
    return with(in, policies, [&](auto const&... policy) {
      attend::Workspace own;
      attend::Workspace& workspace = policies.workspace != nullptr ? *policies.workspace : own;
      auto kept = attend::Attention{policy...}.forward(in.q, in.k, in.v, policies.executor, workspace);
      return Result<Storage>{std::move(kept.output), std::move(kept.log_sum_exp)};
    });
  };
  variant.backward = [=](Inputs<Storage> const& in, Loss<Storage> const& loss, Policies const& policies) {
    return with(in, policies, [&](auto const&... policy) {
      attend::Workspace own;
      attend::Workspace& workspace = policies.workspace != nullptr ? *policies.workspace : own;
      attend::Attention const op{policy...};
      auto const kept = op.forward(in.q, in.k, in.v, policies.executor, workspace);
      auto const d_output = attend::heads(loss.d_output.data(), kept.shape);
      auto const result = [&](auto const& g) {
        return Gradient<Number>{g.query, g.key, g.value, parameters_of(g.policies)};
      };
      if constexpr (is_softmax)
        if (!loss.d_log_sum_exp.empty())
          return result(op.backward(
              in.q, in.k, in.v, kept, d_output,
              attend::heads(loss.d_log_sum_exp.data(), {kept.shape.batch, kept.shape.heads, kept.shape.length, 1}),
              policies.executor, workspace));
      return result(op.backward(in.q, in.k, in.v, kept, d_output, policies.executor, workspace));
    });
  };
  variant.tangent = [=](Inputs<Storage> const& in, Inputs<Number> const& steps, Policies const& policies) {
    return with(in, policies, [&](auto const&... policy) {
      attend::Workspace own;
      attend::Workspace& workspace = policies.workspace != nullptr ? *policies.workspace : own;
      attend::Attention const op{policy...};
      auto const kept = op.forward(in.q, in.k, in.v, policies.executor, workspace);
      std::vector<Number> d_output(kept.output.size());
      op.jvp_into(attend::heads(d_output.data(), kept.shape), in.q, in.k, in.v, kept, steps.q, steps.k, steps.v,
                  policies.executor, workspace);
      return d_output;
    });
  };
  variant.expected = [=](Inputs<Storage> const& in, Loss<Storage> const& loss, Policies const& policies) {
    return with(in, policies, [&](auto const&... policy) {
      attend::HeadsShape const shape{in.q.batch(), in.q.heads(), in.q.length(), in.v.dim()};
      auto const d_output = attend::heads(loss.d_output.data(), shape);
      auto const result = [&](auto const& g) {
        return Gradient<double>{g.query, g.key, g.value, parameters_of(g.policies)};
      };
      if constexpr (is_softmax)
        if (!loss.d_log_sum_exp.empty())
          return result(attend::reference::backward<double>(
              in.q, in.k, in.v, d_output,
              attend::heads(loss.d_log_sum_exp.data(), {shape.batch, shape.heads, shape.length, 1}), policy...));
      return result(attend::reference::backward<double>(in.q, in.k, in.v, d_output, policy...));
    });
  };
  return variant;
}

}  // namespace laws
