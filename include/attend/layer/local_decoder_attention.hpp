#pragma once

#include <attend/layer/decoder_attention.hpp>
#include <attend/layer/local_attention.hpp>

#include <utility>

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// Local attention of a decoder, Luong's local-p: DecoderAttention that looks around a place which it predicts from the
/// query, in each sequence's own memory.
///
///   key_j = U value_j                                   once a sequence, in `remember`; U may be left out
///   p_t = S · σ(v_pᵀ tanh(W_p query_t))                  S: tokens of the sequence's memory
///   context_t = Σ_{|j − p_t| ≤ D} softmax_j(score(query_t, key_j)) exp(−(j − p_t)² / 2σ²) value_j,  σ = D/2
///
/// So LuongStep<Gru<float>, ConcatContext<float>, LocalAttention<float, Dot>> is a decoder step with local-p.
///
/// Shapes   values (Σm, e)  query (b, d_q)  key.weight (d_k, e) or empty  →  context (b, e)
/// Throws   as LocalAttention and MemoryKeys
/// Edge     a sequence with an empty memory, or none of it in the window, reads zeros
/// Cost     that of LocalAttention, for b queries
/// Source   Luong 2015, section 3.2 (arXiv 1508.04025)
template <class Scalar, class Similarity>
struct DecoderAttention<Scalar, LocalAttention<Scalar, Similarity>> : MemoryKeys<Scalar> {
  using Local = LocalAttention<Scalar, Similarity>;
  using Read = typename Local::Forward;

  Local local;

  DecoderAttention() = default;
  explicit DecoderAttention(Local given) : local(std::move(given)) {}
  explicit DecoderAttention(Linear<Scalar> key_projection, Local given)
      : MemoryKeys<Scalar>{std::move(key_projection)}, local(std::move(given)) {}

  /// The context (b, e) of each query is `output`.
  [[nodiscard]] Read read(Matrix<Scalar> const& query, Memory<Scalar> const& memory) const {
    return local.forward(query, memory.key(), memory.values, memory.documents);
  }

  /// ∂loss/∂query (b, d_q). Derivatives by keys and values are added to `d_memory`, by parameters to `gradient`.
  [[nodiscard]] Matrix<Scalar> read_backward(Matrix<Scalar> const& query, Memory<Scalar> const& memory,
                                             Read const& kept, Matrix<Scalar> const& d_context,
                                             MemoryGradient<Scalar>& d_memory, DecoderAttention& gradient) const {
    auto back = local.backward(query, memory.key(), memory.values, kept, d_context, gradient.local, memory.documents);
    d_memory.keys += back.key;
    d_memory.values += back.value;
    return std::move(back.query);
  }

  /// The weights of each query over all memories (b, Σm), 0 outside its own: to look at.
  [[nodiscard]] Matrix<Scalar> weights(Matrix<Scalar> const& query, Memory<Scalar> const& memory) const {
    return local.weights(query, memory.key(), read(query, memory), memory.documents);
  }

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    attend::each_parameter(self.key, "key", function);
    attend::each_parameter(self.local, "local", function);
  }
};

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
