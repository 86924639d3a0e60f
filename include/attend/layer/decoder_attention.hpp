#pragma once

#include <attend/attention.hpp>
#include <attend/core/check.hpp>
#include <attend/core/config.hpp>
#include <attend/core/parameters.hpp>
#include <attend/layer/learned_policies.hpp>
#include <attend/layer/linear.hpp>
#include <attend/mask/documents.hpp>

#include <tuple>
#include <utility>
#include <vector>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// What a decoder attends over: for each sequence of a batch its own tokens, of any number, one sequence after another
/// in the rows.
template <class Scalar>
struct Memory {
  Matrix<Scalar> values;  // (Σm, e)
  Matrix<Scalar> keys;    // (Σm, d_k): projected values; empty where the values are the keys
  Index batch = 0;
  Documents documents{std::vector<Index>{}};  // of each sequence: one query, m keys

  [[nodiscard]] Matrix<Scalar> const& key() const { return keys.size() == 0 ? values : keys; }
};

/// ∂loss/∂memory, summed up over the steps of a decoder.
template <class Scalar>
struct MemoryGradient {
  Matrix<Scalar> values;  // (Σm, e)
  Matrix<Scalar> keys;    // (Σm, d_k)

  explicit MemoryGradient(Memory<Scalar> const& memory)
      : values(Matrix<Scalar>::Zero(memory.values.rows(), memory.values.cols())),
        keys(Matrix<Scalar>::Zero(memory.key().rows(), memory.key().cols())) {}

  /// Throws   when it is not that of this memory
  void check_sizes(Memory<Scalar> const& memory) const {
    check(values.rows() == memory.values.rows() && values.cols() == memory.values.cols() &&
              keys.rows() == memory.key().rows() && keys.cols() == memory.key().cols(),
          "MemoryGradient: the values are (", values.rows(), ", ", values.cols(), ") and the keys (", keys.rows(), ", ",
          keys.cols(), "), but those of the memory (", memory.values.rows(), ", ", memory.values.cols(), ") and (",
          memory.key().rows(), ", ", memory.key().cols(), "); start from MemoryGradient(memory).");
  }
};

/// The keys of a decoder's attention: key_j = U value_j, once a sequence; without U the values are the keys.
///
/// Shapes   values (Σm, e)  key.weight (d_k, e) or empty  →  keys (Σm, d_k)
/// Throws   when lengths do not add up to the rows, or values do not fit U
/// Source   Bahdanau 2015, A.1.2: U h_j does not depend on the step (arXiv 1409.0473)
template <class Scalar>
struct MemoryKeys {
  Linear<Scalar> key;  ///< weight (d_k, e), or empty: values are keys

  [[nodiscard]] Memory<Scalar> remember(Matrix<Scalar> values, std::vector<Index> const& lengths) const {
    Documents documents(std::vector<Index>(lengths.size(), 1), lengths);
    check(documents.keys() == values.rows(), "DecoderAttention: the lengths of ", lengths.size(),
          " memories add up to ", documents.keys(), " but there are ", values.rows(), " rows.");
    Matrix<Scalar> keys = projects() ? key.forward(values) : Matrix<Scalar>();
    return {std::move(values), std::move(keys), std::ssize(lengths), std::move(documents)};
  }
  /// ∂loss/∂values (Σm, e), when all steps have read.
  [[nodiscard]] Matrix<Scalar> remember_backward(Memory<Scalar> const& memory, MemoryGradient<Scalar> const& d_memory,
                                                 MemoryKeys& gradient) const {
    if (!projects()) return d_memory.values + d_memory.keys;
    return d_memory.values + key.backward(memory.values, d_memory.keys, gradient.key);
  }

 private:
  [[nodiscard]] bool projects() const { return key.weight.size() > 0; }
};

/// Attention of a decoder: every sequence of the batch asks one query a step, over keys that were projected once.
///
///   key_j = U value_j                                        once a sequence, in `remember`; U may be left out
///   context_t = Σ_j softmax_j(score(query_t, key_j)) value_j    once a step, in `read`
///
/// With Dot, U is the matrix of Luong's "general" score qᵀ U k, and no step multiplies by it again. Any similarity,
/// normaliser or adjuster can be given; a batch with memories of different lengths needs no padding.
///
/// Shapes   values (Σm, e)  query (b, d_q)  key.weight (d_k, e) or empty  →  context (b, e)
/// Throws   when lengths do not add up to the rows, or query and keys do not fit the similarity
/// Edge     a sequence with an empty memory reads zeros
/// Cost     Σm·(d_k + e) multiply-adds a step
/// Source   Bahdanau 2015, A.1.2: U h_j does not depend on the step (arXiv 1409.0473); Luong 2015, equation 8
/// (1508.04025)
template <class Scalar, class... Policies>
struct DecoderAttention : MemoryKeys<Scalar> {
  /// What a step's `read` leaves for backward; its output is the context.
  using Read = Kept<Scalar>;

  std::tuple<Policies...> policies;  // similarity, normaliser, …

  DecoderAttention() = default;
  explicit DecoderAttention(Policies... given) : policies(std::move(given)...) {}
  explicit DecoderAttention(Linear<Scalar> key_projection, Policies... given)
      : MemoryKeys<Scalar>{std::move(key_projection)}, policies(std::move(given)...) {}

  /// The context (b, e) of each query is `output`.
  [[nodiscard]] Read read(Matrix<Scalar> const& query, Memory<Scalar> const& memory) const {
    return attention().forward(query, memory.key(), memory.values, memory.documents);
  }

  /// ∂loss/∂query (b, d_q). Derivatives by keys and values are added to `d_memory`, by parameters to `gradient`.
  [[nodiscard]] Matrix<Scalar> read_backward(Matrix<Scalar> const& query, Memory<Scalar> const& memory,
                                             Read const& kept, Matrix<Scalar> const& d_context,
                                             MemoryGradient<Scalar>& d_memory, DecoderAttention& gradient) const {
    d_memory.check_sizes(memory);
    auto back = attention().backward(query, memory.key(), memory.values, kept, d_context, memory.documents);
    d_memory.keys += back.key;
    d_memory.values += back.value;
    layer_detail::add_policy_gradients(gradient.policies, back.policies);
    return std::move(back.query);
  }

  /// The weights of each query over all memories (b, Σm), 0 outside its own: to look at.
  [[nodiscard]] Matrix<Scalar> weights(Matrix<Scalar> const& query, Memory<Scalar> const& memory) const {
    return attention().weights(query, memory.key(), memory.documents);
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.key, "key", function);
    layer_detail::each_policy_parameter(self.policies, function);
  }

 private:
  [[nodiscard]] auto attention() const {
    return std::apply([](auto const&... policy) { return Attention(policy...); }, policies);
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
