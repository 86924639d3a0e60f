#pragma once

#include <attend/core/types.hpp>
#include <attend/io/name_map.hpp>

#include <initializer_list>
#include <string>
#include <utility>

/// The names that models have in the files of Hugging Face's transformers, as those of model/.

namespace attend::io {

namespace detail {

/// Renames weight and bias, each where `from` has it.
inline void rename_linear(NameMap& map, std::string const& from, std::string const& to, bool has_bias = true) {
  map.rename(from + ".weight", to + ".weight");
  if (has_bias) map.rename(from + ".bias", to + ".bias");
}

}  // namespace detail

/// BertModel, such as bert-base-uncased and all-MiniLM-L6-v2, as `Bert`. `prefix` is what all names begin with where
/// the model is a part of another: "bert.".
///
/// The pooler, which sentence embeddings do not use, and stored positions are left out.
[[nodiscard]] inline NameMap hugging_face_bert(Index layers, std::string const& prefix = "") {
  NameMap map;
  map.ignore_if_there(prefix + "embeddings.position_ids").ignore_if_there(prefix + "pooler.");
  map.rename(prefix + "embeddings.word_embeddings.weight", "words.table")
      .rename(prefix + "embeddings.position_embeddings.weight", "positions.table")
      .rename(prefix + "embeddings.token_type_embeddings.weight", "types.table");
  detail::rename_linear(map, prefix + "embeddings.LayerNorm", "norm");
  for (Index layer = 0; layer < layers; ++layer) {
    std::string const from = prefix + "encoder.layer." + std::to_string(layer) + ".";
    std::string const to = "blocks." + std::to_string(layer) + ".";
    for (auto const& [theirs, ours] :
         std::initializer_list<std::pair<char const*, char const*>>{{"attention.self.query", "attention.query"},
                                                                    {"attention.self.key", "attention.key"},
                                                                    {"attention.self.value", "attention.value"},
                                                                    {"attention.output.dense", "attention.output"},
                                                                    {"attention.output.LayerNorm", "attention_norm"},
                                                                    {"intermediate.dense", "feed_forward.expand"},
                                                                    {"output.dense", "feed_forward.contract"},
                                                                    {"output.LayerNorm", "feed_forward_norm"}})
      detail::rename_linear(map, from + theirs, to + ours);
  }
  return map;
}

/// GPT2Model and GPT2LMHeadModel ("transformer." before every name) as `Gpt2`. Their matrices are stored as (in, out)
/// and are transposed; stored masks are left out.
[[nodiscard]] inline NameMap hugging_face_gpt2(Index layers, std::string const& prefix = "") {
  NameMap map;
  map.ignore_if_there("lm_head.weight");  // the table of words again
  map.rename(prefix + "wte.weight", "words.table").rename(prefix + "wpe.weight", "positions.table");
  detail::rename_linear(map, prefix + "ln_f", "blocks.norm");
  for (Index layer = 0; layer < layers; ++layer) {
    std::string const from = prefix + "h." + std::to_string(layer) + ".";
    std::string const to = "blocks." + std::to_string(layer) + ".";
    map.ignore_if_there(from + "attn.bias").ignore_if_there(from + "attn.masked_bias");
    for (char const* matrix : {"attn.c_attn", "attn.c_proj", "mlp.c_fc", "mlp.c_proj"})
      map.transpose(from + matrix + ".weight");
    for (char const* part : {".weight", ".bias"})
      map.split(from + "attn.c_attn" + part,
                {to + "attention.query" + part, to + "attention.key" + part, to + "attention.value" + part});
    detail::rename_linear(map, from + "attn.c_proj", to + "attention.output");
    detail::rename_linear(map, from + "ln_1", to + "attention_norm");
    detail::rename_linear(map, from + "mlp.c_fc", to + "feed_forward.expand");
    detail::rename_linear(map, from + "mlp.c_proj", to + "feed_forward.contract");
    detail::rename_linear(map, from + "ln_2", to + "feed_forward_norm");
  }
  return map;
}

/// LlamaForCausalLM, and models of its layout with norms of queries and keys (Qwen 3), as `Llama`.
[[nodiscard]] inline NameMap hugging_face_llama(Index layers, bool tied = false, bool qk_norm = false) {
  NameMap map;
  map.rename("model.embed_tokens.weight", "words.table").rename("model.norm.weight", "blocks.norm.weight");
  if (tied)
    map.ignore_if_there("lm_head.weight");
  else
    map.rename("lm_head.weight", "head.weight");
  for (Index layer = 0; layer < layers; ++layer) {
    std::string const from = "model.layers." + std::to_string(layer) + ".";
    std::string const to = "blocks." + std::to_string(layer) + ".";
    map.ignore_if_there(from + "self_attn.rotary_emb.inv_freq");
    for (auto const& [theirs, ours] :
         std::initializer_list<std::pair<char const*, char const*>>{{"self_attn.q_proj", "attention.query"},
                                                                    {"self_attn.k_proj", "attention.key"},
                                                                    {"self_attn.v_proj", "attention.value"},
                                                                    {"self_attn.o_proj", "attention.output"},
                                                                    {"input_layernorm", "attention_norm"},
                                                                    {"mlp.gate_proj", "feed_forward.gate"},
                                                                    {"mlp.up_proj", "feed_forward.up"},
                                                                    {"mlp.down_proj", "feed_forward.down"},
                                                                    {"post_attention_layernorm", "feed_forward_norm"}})
      detail::rename_linear(map, from + theirs, to + ours, false);
    if (qk_norm) {
      detail::rename_linear(map, from + "self_attn.q_norm", to + "attention.query_norm", false);
      detail::rename_linear(map, from + "self_attn.k_norm", to + "attention.key_norm", false);
    }
  }
  return map;
}

}  // namespace attend::io
