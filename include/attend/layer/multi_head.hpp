#pragma once

#include <attend/attention.hpp>
#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/initialize.hpp>
#include <attend/layer/kv_cache.hpp>
#include <attend/layer/learned_policies.hpp>
#include <attend/layer/linear.hpp>
#include <attend/layer/multi_head_shape.hpp>
#include <attend/layer/projected_heads.hpp>
#include <attend/layer/resources.hpp>
#include <attend/layer/rms_norm.hpp>
#include <attend/layer/rotary.hpp>
#include <attend/layer/shared.hpp>

#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// out = concat_h( attention(x W_qʰ, y W_kʰ, y W_vʰ) ) W_o
///
/// Every head looks from its own projection of the same tokens. Score, normaliser, masks and adjusters are the
/// policies: those that the layer keeps, learned ones among them, and those handed to a call. Sequences of one length
/// are a batch, one after another in the rows; `Documents` handed to a call with batch 1 are sequences of any lengths.
///
/// Shapes   x (b·n, features)  keys (b·m, key_features)  values (b·m, value_features)  →  out (b·n, features)
/// Throws   when sizes do not fit each other or a policy
/// Edge     a query that sees nothing gets the bias of `output` alone
/// Cost     b·n·features·(heads·(d + e)) + b·m·(…) multiply-adds for projections, and the attention; nothing of size
///          (n, m) is stored. Backward keeps q, k, v, the context and one number a row and head
/// Source   Vaswani 2017, 3.2.2 (arXiv 1706.03762); shared heads: Shazeer 2019 (1911.02150), Ainslie 2023 (2305.13245)
template <class Scalar, class... Policies>
struct MultiHead {
  Linear<Scalar> query;   ///< weight (heads·d, features)
  Linear<Scalar> key;     ///< weight (kv_heads·d, key_features)
  Linear<Scalar> value;   ///< weight (kv_heads·e, value_features)
  Linear<Scalar> output;  ///< weight (features, heads·e)
  Index heads = 0, kv_heads = 0;
  std::tuple<Policies...> policies;
  /// A number that each head's context is multiplied by, none: 1. Not learned; 0 prunes a head.
  Vector<Scalar> head_mask{};
  /// Norms over the numbers of one query and one key, the same for all heads, before the score: RmsNorm(key_dim), or
  /// without weights none. Scores cannot grow with the weights then (Henry 2020, arXiv 2010.04245).
  RmsNorm<Scalar> query_norm{}, key_norm{};
  /// Positions by which queries and keys turn before the score; null: none. Layers of a model share one.
  std::shared_ptr<RotaryTable<Scalar> const> rotary{};

  MultiHead() = default;
  /// All parameters 0: see `initialize` and layer/initialize.hpp.
  explicit MultiHead(MultiHeadShape const& sizes, Policies... given) : policies(std::move(given)...) {
    MultiHeadShape const shape = sizes.complete();
    heads = shape.heads;
    kv_heads = shape.kv_heads;
    query = Linear<Scalar>(shape.features, heads * shape.key_dim, shape.bias);
    key = Linear<Scalar>(shape.key_features, kv_heads * shape.key_dim, shape.bias);
    value = Linear<Scalar>(shape.value_features, kv_heads * shape.value_dim, shape.bias);
    output = Linear<Scalar>(heads * shape.value_dim, shape.features, shape.bias);
  }

  /// The matrices by Glorot's rule, biases 0.
  void initialize(std::uint64_t seed) {
    for (Linear<Scalar>* const linear : {&query, &key, &value, &output}) {
      initialize_glorot(linear->weight, seed++);
      linear->bias.setZero();
    }
  }

  /// Keys and values of the tokens that are looked at, projected: once for all queries that look at them.
  struct Memory {
    Matrix<Scalar> key;        // (b·m, kv_heads·d)
    Matrix<Scalar> value;      // (b·m, kv_heads·e)
    Matrix<Scalar> projected;  // keys before their norm; empty without one
  };
  /// What a forward pass gives, and what backward needs.
  struct Forward {
    Matrix<Scalar> output;       // (b·n, features)
    Matrix<Scalar> query;        // (b·n, heads·d)
    Matrix<Scalar> projected;    // queries before their norm; empty without one
    Memory memory;               // empty where one was handed in
    Matrix<Scalar> context;      // (b·n, heads·e), side by side
    Vector<Scalar> log_sum_exp;  // (b, heads, n)
    Index batch = 1;
  };
  /// ∂loss by the tokens.
  struct Gradient {
    Matrix<Scalar> query;  // (b·n, features)
    Matrix<Scalar> key;    // (b·m, key_features)
    Matrix<Scalar> value;  // (b·m, value_features)
  };

  [[nodiscard]] Index key_dim() const { return query.out() / std::max<Index>(heads, 1); }
  [[nodiscard]] Index value_dim() const { return value.out() / std::max<Index>(kv_heads, 1); }

  template <class... Given>
  [[nodiscard]] Memory remember(Matrix<Scalar> const& keys, Matrix<Scalar> const& values, Index batch = 1,
                                Given&&... given) const {
    Memory memory;
    remember_into(keys, values, memory, batch, given...);
    return memory;
  }
  template <class... Given>
  void remember_into(Matrix<Scalar> const& keys, Matrix<Scalar> const& values, Memory& memory, Index batch = 1,
                     Given&&... given) const {
    check_batch(keys.rows(), keys.rows(), batch);
    check(keys.rows() == values.rows(), "MultiHead: there are ", keys.rows(), " keys but ", values.rows(),
          " values; there must be one value a key.");
    layer_detail::with_resources_among(
        [&](auto& executor, Workspace& workspace) {
          if (&keys == &values) {
            layer_detail::project_together<Scalar, 2>(keys, {&key, &value}, {&memory.key, &memory.value}, executor,
                                                      workspace);
          } else {
            key.forward_into(keys, memory.key, executor, workspace);
            value.forward_into(values, memory.value, executor, workspace);
          }
          place_keys(memory, batch, executor);
        },
        given...);
  }
  /// ∂loss by the tokens that `remember` was given, from ∂loss by what it made of them.
  template <class... Given>
  [[nodiscard]] std::pair<Matrix<Scalar>, Matrix<Scalar>> remember_backward(Matrix<Scalar> const& keys,
                                                                            Matrix<Scalar> const& values,
                                                                            Memory const& memory,
                                                                            Memory const& d_memory, MultiHead& gradient,
                                                                            Index batch = 1, Given&&... given) const {
    check_batch(keys.rows(), values.rows(), batch);
    check(memory.key.rows() == keys.rows() && d_memory.key.rows() == keys.rows() && d_memory.key.cols() == key.out() &&
              d_memory.value.rows() == values.rows(),
          "MultiHead: for ", keys.rows(), " keys and ", values.rows(), " values the memory has ", memory.key.rows(),
          " rows, d_memory.key is (", d_memory.key.rows(), ", ", d_memory.key.cols(), ") and d_memory.value (",
          d_memory.value.rows(), ", ", d_memory.value.cols(), "); hand in what remember and backward gave.");
    std::pair<Matrix<Scalar>, Matrix<Scalar>> back;
    layer_detail::with_resources_among(
        [&](auto& executor, Workspace& workspace) {
          Matrix<Scalar> d_key = d_memory.key;
          key_placing().backward(d_key, memory.projected, gradient.key_norm, batch, executor);
          back.first = key.backward(keys, d_key, gradient.key, executor, workspace);
          back.second = value.backward(values, d_memory.value, gradient.value, executor, workspace);
        },
        given...);
    return back;
  }

  /// Self-attention of b sequences. After the batch come masks and other policies of this call, an executor, a
  /// workspace.
  template <class... Given>
  [[nodiscard]] Forward forward(Matrix<Scalar> const& x, Index batch = 1, Given&&... given) const {
    return forward(x, x, x, batch, given...);
  }
  /// Attention of x over other tokens.
  template <class... Given>
  [[nodiscard]] Forward forward(Matrix<Scalar> const& x, Matrix<Scalar> const& keys, Matrix<Scalar> const& values,
                                Index batch = 1, Given&&... given) const {
    Forward kept;
    forward_into(x, keys, values, kept, batch, given...);
    return kept;
  }
  /// Over tokens that were projected before.
  template <class... Given>
  [[nodiscard]] Forward forward(Matrix<Scalar> const& x, Memory const& memory, Index batch = 1,
                                Given&&... given) const {
    Forward kept;
    forward_into(x, memory, kept, batch, given...);
    return kept;
  }
  /// The same into what an earlier call kept, whose memory serves again: no heap use where sizes are the same and a
  /// warm workspace is handed in.
  template <class... Given>
  void forward_into(Matrix<Scalar> const& x, Forward& kept, Index batch = 1, Given&&... given) const {
    forward_into(x, x, x, kept, batch, given...);
  }
  template <class... Given>
  void forward_into(Matrix<Scalar> const& x, Matrix<Scalar> const& keys, Matrix<Scalar> const& values, Forward& kept,
                    Index batch, Given&&... given) const {
    check_batch(x.rows(), keys.rows(), batch);
    if (&x != &keys || &x != &values) {
      remember_into(keys, values, kept.memory, batch, given...);
      forward_into(x, kept.memory, kept, batch, given...);
      return;
    }
    kept.batch = batch;
    layer_detail::with_resources_among(
        [&](auto& executor, Workspace& workspace) {
          layer_detail::project_together<Scalar, 3>(
              x, {&query, &key, &value}, {&kept.query, &kept.memory.key, &kept.memory.value}, executor, workspace);
          place_keys(kept.memory, batch, executor);
          place_queries(kept, executor);
        },
        given...);
    look(kept, kept.memory, given...);
  }
  template <class... Given>
  void forward_into(Matrix<Scalar> const& x, Memory const& memory, Forward& kept, Index batch, Given&&... given) const {
    check_batch(x.rows(), memory.key.rows(), batch);
    kept.batch = batch;
    if (&memory != &kept.memory) kept.memory = {};
    layer_detail::with_resources_among(
        [&](auto& executor, Workspace& workspace) {
          query.forward_into(x, kept.query, executor, workspace);
          place_queries(kept, executor);
        },
        given...);
    look(kept, memory, given...);
  }

  /// ∂loss/∂x of self-attention from ∂loss/∂output; derivatives by parameters are added to `gradient`. Policies must be
  /// those that forward was given, a learned one as `Shared` with the place of its own gradient.
  template <class... Given>
  [[nodiscard]] Matrix<Scalar> backward(Matrix<Scalar> const& x, Forward const& kept, Matrix<Scalar> const& d_output,
                                        MultiHead& gradient, Given&&... given) const {
    Gradient back = backward(x, x, x, kept, d_output, gradient, given...);
    return back.query + back.key + back.value;
  }
  template <class... Given>
  [[nodiscard]] Gradient backward(Matrix<Scalar> const& x, Matrix<Scalar> const& keys, Matrix<Scalar> const& values,
                                  Forward const& kept, Matrix<Scalar> const& d_output, MultiHead& gradient,
                                  Given&&... given) const {
    Memory d_memory;
    Gradient back;
    back.query = backward(x, kept.memory, kept, d_output, d_memory, gradient, given...);
    std::tie(back.key, back.value) =
        remember_backward(keys, values, kept.memory, d_memory, gradient, kept.batch, given...);
    return back;
  }
  /// From memory that was projected before: `d_memory` becomes ∂loss by it.
  template <class... Given>
  [[nodiscard]] Matrix<Scalar> backward(Matrix<Scalar> const& x, Memory const& memory, Forward const& kept,
                                        Matrix<Scalar> const& d_output, Memory& d_memory, MultiHead& gradient,
                                        Given&&... given) const {
    check(kept.query.rows() == x.rows() && kept.query.cols() == query.out(), "MultiHead: forward kept queries (",
          kept.query.rows(), ", ", kept.query.cols(), ") but x has ", x.rows(), " rows and the layer ", query.out(),
          " numbers a query; hand in what forward gave for this x.");
    Index const batch = kept.batch;
    check_batch(x.rows(), memory.key.rows(), batch);
    // What adds to the gradient first would not see that what comes after it is refused.
    query.check_input(x.rows(), x.cols());
    check(memory.key.rows() == memory.value.rows() && memory.key.cols() == key.out() &&
              memory.value.cols() == value.out() && kept.log_sum_exp.size() == heads * x.rows(),
          "MultiHead: the memory has keys (", memory.key.rows(), ", ", memory.key.cols(), ") and values (",
          memory.value.rows(), ", ", memory.value.cols(), "), and forward kept ", kept.log_sum_exp.size(),
          " log-sum-exps; the layer makes ", key.out(), " and ", value.out(), " numbers a token, and ", heads,
          " log-sum-exps for each of ", x.rows(), " queries.");
    Matrix<Scalar> d_x;
    layer_detail::with_resources_among(
        [&](auto& executor, Workspace& workspace) {
          // output = (mask ∘ context) W_oᵀ + b
          Matrix<Scalar> d_context =
              head_mask.size() > 0
                  ? masked(output.backward(masked(kept.context), d_output, gradient.output, executor, workspace))
                  : output.backward(kept.context, d_output, gradient.output, executor, workspace);
          Matrix<Scalar> d_query(x.rows(), query.out());
          d_memory.key.resize(memory.key.rows(), memory.key.cols());
          d_memory.value.resize(memory.value.rows(), memory.value.cols());
          with_attention(
              [&](auto const& attention, auto&... policy) {
                auto const learned = attention.backward_into(
                    query_heads(d_query, batch), key_heads(d_memory.key, batch), key_heads(d_memory.value, batch),
                    query_heads(kept.query, batch), key_heads(memory.key, batch), key_heads(memory.value, batch),
                    query_heads(kept.context, batch), rows_of(kept), query_heads(std::as_const(d_context), batch),
                    policy..., executor, workspace);
                layer_detail::add_policy_gradients(gradient.policies, learned);
                constexpr auto own = std::tuple_size_v<decltype(layer_detail::learned_of(gradient.policies))>;
                layer_detail::add_shared_gradients<own>(learned, given...);
              },
              given...);
          query_placing().backward(d_query, kept.projected, gradient.query_norm, batch, executor);
          d_x = query.backward(x, d_query, gradient.query, executor, workspace);
        },
        given...);
    return d_x;
  }

  /// Where a decoding step works, so that a warm one does not touch the heap.
  struct Step {
    Matrix<Scalar> query, key, value, context;
  };
  /// The next tokens of b sequences: their keys and values go into the cache, and they look at all that is in it. One
  /// token at a time or many, the bits are those of one forward over the whole sequence.
  ///
  /// Shapes   x (b·n, features)  →  out (b·n, features)
  /// Throws   when x does not fit the layer or the cache; then a KvCache is as it was
  template <class Cache, class... Given>
  void decode_into(Matrix<Scalar> const& x, Cache& cache, Step& step, Matrix<Scalar>& out, Given&&... given) const {
    check_heads();
    check(cache.heads() == kv_heads && cache.key_dim() == key_dim() && cache.value_dim() == value_dim(),
          "MultiHead: the cache holds ", cache.heads(), " heads of ", cache.key_dim(), " and ", cache.value_dim(),
          " numbers, but the layer makes ", kv_heads, " of ", key_dim(), " and ", value_dim(),
          "; make it with cache<Storage>(…).");
    Index const batch = cache.batch();
    check(x.rows() % batch == 0, "MultiHead: ", x.rows(), " tokens do not divide into the ", batch,
          " sequences of the cache.");
    if (head_mask.size() > 0) check_head_mask();
    if constexpr (!requires { Cache::forgets; }) check_policies(batch, x.rows() / batch, cache.seen(), given...);
    layer_detail::with_resources_among(
        [&](auto& executor, Workspace& workspace) {
          layer_detail::project_together<Scalar, 3>(x, {&query, &key, &value}, {&step.query, &step.key, &step.value},
                                                    executor, workspace);
          query_placing().forward(step.query, batch, cache.seen(), executor);
          key_placing().forward(step.key, batch, cache.seen(), executor);
          step.context.resize(x.rows(), heads * value_dim());
          auto const look = [&](Heads<Scalar> const& context, Heads<Scalar const> const& queries) {
            attend::detail::with_scales_of(cache, [&](auto const&... scales) {
              std::apply(
                  [&](auto const&... own) {
                    layer_detail::with_policies_among(
                        [&](auto&... policy) {
                          attention_into(context, queries, cache.keys(), cache.values(), own..., policy..., scales...,
                                         executor, workspace);
                        },
                        given...);
                  },
                  policies);
            });
          };
          Heads<Scalar> const context = query_heads(step.context, batch);
          Heads<Scalar const> const queries = query_heads(std::as_const(step.query), batch);
          if constexpr (requires { Cache::forgets; }) {
            // A token must be looked at before later ones push out what it may see.
            for (Index i = 0; i < queries.length(); ++i) {
              cache.append(step.key, step.value, i);
              look(layer_detail::token_of(context, i), layer_detail::token_of(queries, i));
            }
          } else {
            cache.append(step.key, step.value);
            look(context, queries);
          }
          if (head_mask.size() > 0)
            output.forward_into(masked(step.context), out, executor, workspace);
          else
            output.forward_into(step.context, out, executor, workspace);
        },
        given...);
  }
  template <class Cache, class... Given>
  [[nodiscard]] Matrix<Scalar> decode(Matrix<Scalar> const& x, Cache& cache, Given&&... given) const {
    Step step;
    Matrix<Scalar> out;
    decode_into(x, cache, step, out, given...);
    return out;
  }
  /// A cache for this layer, empty.
  template <class Storage = Scalar>
  [[nodiscard]] KvCache<Storage> cache(Index capacity, Index batch = 1) const {
    check_heads();
    return KvCache<Storage>(kv_heads, key_dim(), value_dim(), capacity, batch);
  }

  /// The weights of every sequence and head, to look at: row (b·heads + h)·n + i is query i's.
  ///
  /// Shapes   x (b·n, features)  keys (b·m, key_features)  →  (b·heads·n, m)
  template <class... Given>
  [[nodiscard]] Matrix<Scalar> weights(Matrix<Scalar> const& x, Matrix<Scalar> const& keys, Index batch = 1,
                                       Given&&... given) const {
    check_batch(x.rows(), keys.rows(), batch);
    Index const n = x.rows() / batch, m = keys.rows() / batch;
    Matrix<Scalar> found(heads * x.rows(), m);
    layer_detail::with_resources_among(
        [&](auto& executor, Workspace& workspace) {
          Matrix<Scalar> q = query.forward(x, executor, workspace), k = key.forward(keys, executor, workspace);
          query_placing().forward(q, batch, 0, executor);
          key_placing().forward(k, batch, 0, executor);
          with_attention(
              [&](auto const& attention, auto&... policy) {
                attention.weights_into(attend::heads(found.data(), {batch, heads, n, m}), query_heads(q, batch),
                                       key_heads(k, batch), policy..., executor, workspace);
              },
              given...);
        },
        given...);
    return found;
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.query, "query", function);
    attend::each_parameter(self.key, "key", function);
    attend::each_parameter(self.value, "value", function);
    attend::each_parameter(self.output, "output", function);
    attend::each_parameter(self.query_norm, "query_norm", function);
    attend::each_parameter(self.key_norm, "key_norm", function);
    layer_detail::each_policy_parameter(self.policies, function);
  }

 private:
  /// The queries of `kept` over `memory`.
  template <class... Given>
  void look(Forward& kept, Memory const& memory, Given&&... given) const {
    layer_detail::with_resources_among(
        [&](auto& executor, Workspace& workspace) {
          Index const batch = kept.batch, rows = kept.query.rows();
          kept.context.resize(rows, heads * value_dim());
          kept.log_sum_exp.resize(heads * rows);
          with_attention(
              [&](auto const& attention, auto&... policy) {
                attention.forward_into(query_heads(kept.context, batch), rows_of(kept),
                                       query_heads(std::as_const(kept.query), batch), key_heads(memory.key, batch),
                                       key_heads(memory.value, batch), policy..., executor, workspace);
              },
              given...);
          if (head_mask.size() > 0)
            output.forward_into(masked(kept.context), kept.output, executor, workspace);
          else
            output.forward_into(kept.context, kept.output, executor, workspace);
        },
        given...);
  }
  /// Projections as heads: what queries look with and what they see, and what is looked at.
  template <class Rows>
  [[nodiscard]] auto query_heads(Rows& rows, Index batch) const {
    return layer_detail::split_heads(rows, heads, batch);
  }
  template <class Rows>
  [[nodiscard]] auto key_heads(Rows& rows, Index batch) const {
    return layer_detail::split_heads(rows, kv_heads, batch);
  }
  [[nodiscard]] layer_detail::HeadPlacing<Scalar> query_placing() const { return {query_norm, rotary.get(), heads}; }
  [[nodiscard]] layer_detail::HeadPlacing<Scalar> key_placing() const { return {key_norm, rotary.get(), kv_heads}; }
  template <class Executor>
  void place_queries(Forward& kept, Executor& executor) const {
    if (query_norm.d() > 0) kept.projected = kept.query;
    query_placing().forward(kept.query, kept.batch, 0, executor);
  }
  template <class Executor>
  void place_keys(Memory& memory, Index batch, Executor& executor) const {
    if (key_norm.d() > 0) memory.projected = memory.key;
    key_placing().forward(memory.key, batch, 0, executor);
  }
  /// Calls use(attention, policies of this call …).
  template <class Use, class... Given>
  void with_attention(Use const& use, Given&... given) const {
    std::apply(
        [&](auto const&... own) {
          Attention const attention(own...);
          layer_detail::with_policies_among([&](auto&... policy) { use(attention, policy...); }, given...);
        },
        policies);
  }
  template <class Kept>
  [[nodiscard]] auto rows_of(Kept& kept) const {
    using Number = std::conditional_t<std::is_const_v<Kept>, Scalar const, Scalar>;
    Number* const data = kept.log_sum_exp.data();
    return attend::heads(data, {kept.batch, heads, kept.query.rows() / kept.batch, 1});
  }
  [[nodiscard]] Matrix<Scalar> masked(Matrix<Scalar> context) const {
    check_head_mask();
    Index const e = value_dim();
    for (Index h = 0; h < heads; ++h) context.middleCols(h * e, e) *= head_mask(h);
    return context;
  }
  /// Asks the policies of a step of decoding while the cache is still as it was.
  template <class... Given>
  void check_policies(Index batch, Index queries, Index seen, Given&... given) const {
    CallShape const shape{batch, heads, queries, seen + queries};
    auto const ask = [&](auto const& policy) {
      if constexpr (requires { policy.check_sizes(key_dim(), key_dim(), shape.keys); })
        policy.check_sizes(key_dim(), key_dim(), shape.keys);
      else
        check_policy(policy, shape);
    };
    std::apply([&](auto const&... own) { (ask(own), ...); }, policies);
    layer_detail::with_policies_among([&](auto&... policy) { (ask(policy), ...); }, given...);
  }
  void check_head_mask() const {
    check(head_mask.size() == heads, "MultiHead: head_mask has ", head_mask.size(), " numbers for ", heads,
          " heads; give one a head, or none.");
  }
  void check_heads() const {
    check(heads > 0 && kv_heads > 0, "MultiHead: the layer has no heads; give it a MultiHeadShape.");
  }
  void check_batch(Index queries, Index keys, Index batch) const {
    check_heads();
    check(batch > 0 && queries % batch == 0 && keys % batch == 0, "MultiHead: ", queries, " queries and ", keys,
          " keys do not divide into ", batch, " sequences.");
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
