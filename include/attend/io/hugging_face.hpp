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

/// BertModel, such as all-MiniLM-L6-v2, as `Bert`. `prefix` is what all names begin with where the model is a part of
/// another: "bert." for bert-base-uncased.
///
/// The pooler, which sentence embeddings do not use, stored positions and the heads of pre-training ("cls.") are left
/// out. Norms may have their older names, gamma and beta, as bert-base-uncased has them.
[[nodiscard]] inline NameMap hugging_face_bert(Index layers, std::string const& prefix = "") {
  NameMap map;
  map.ignore_if_there(prefix + "embeddings.position_ids").ignore_if_there(prefix + "pooler.").ignore_if_there("cls.");
  map.rename_suffix_if_there(".LayerNorm.gamma", ".LayerNorm.weight")
      .rename_suffix_if_there(".LayerNorm.beta", ".LayerNorm.bias");
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

/// ViTForImageClassification, such as google/vit-base-patch16-224, as `VisionTransformer`. A pooler, which the classes
/// do not use, is left out.
[[nodiscard]] inline NameMap hugging_face_vit(Index layers) {
  NameMap map;
  map.ignore_if_there("vit.pooler.");
  map.rename("vit.embeddings.cls_token", "class_token").rename("vit.embeddings.position_embeddings", "positions.table");
  detail::rename_linear(map, "vit.embeddings.patch_embeddings.projection", "projection");
  detail::rename_linear(map, "vit.layernorm", "blocks.norm");
  detail::rename_linear(map, "classifier", "head");
  for (Index layer = 0; layer < layers; ++layer) {
    std::string const from = "vit.encoder.layer." + std::to_string(layer) + ".";
    std::string const to = "blocks." + std::to_string(layer) + ".";
    for (auto const& [theirs, ours] :
         std::initializer_list<std::pair<char const*, char const*>>{{"attention.attention.query", "attention.query"},
                                                                    {"attention.attention.key", "attention.key"},
                                                                    {"attention.attention.value", "attention.value"},
                                                                    {"attention.output.dense", "attention.output"},
                                                                    {"layernorm_before", "attention_norm"},
                                                                    {"intermediate.dense", "feed_forward.expand"},
                                                                    {"output.dense", "feed_forward.contract"},
                                                                    {"layernorm_after", "feed_forward_norm"}})
      detail::rename_linear(map, from + theirs, to + ours);
  }
  return map;
}

/// T5ForConditionalGeneration, such as google-t5/t5-small, as `T5`; version 1.1 (gated, not tied), such as
/// google/flan-t5-small, as `T5Gated`. `decoder_layers` is 0 where there are as many as `layers`.
[[nodiscard]] inline NameMap hugging_face_t5(Index layers, bool gated = false, bool tied = true,
                                             Index decoder_layers = 0) {
  NameMap map;
  map.rename("shared.weight", "words.table");
  for (char const* copy : {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight",
                           // Some files have it; no model uses it.
                           "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"})
    map.ignore_if_there(copy);
  if (tied)
    map.ignore_if_there("lm_head.weight");
  else
    map.rename("lm_head.weight", "head.weight");

  auto const attention = [&](std::string const& from, std::string const& to) {
    for (auto const& [theirs, ours] : std::initializer_list<std::pair<char const*, char const*>>{
             {".q", ".query"}, {".k", ".key"}, {".v", ".value"}, {".o", ".output"}})
      detail::rename_linear(map, from + theirs, to + ours, false);
  };
  auto const feed_forward = [&](std::string const& from, std::string const& to) {
    if (gated) {
      detail::rename_linear(map, from + ".wi_0", to + ".gate", false);
      detail::rename_linear(map, from + ".wi_1", to + ".up", false);
    } else {
      detail::rename_linear(map, from + ".wi", to + ".expand", false);
    }
    detail::rename_linear(map, from + ".wo", to + (gated ? ".down" : ".contract"), false);
  };
  for (std::string const side : {"encoder", "decoder"}) {
    bool const writes = side == "decoder";
    std::string const own = writes ? "self" : "attention";
    map.rename(side + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight", side + ".policy.table");
    detail::rename_linear(map, side + ".final_layer_norm", side + ".norm", false);
    for (Index layer = 0; layer < (writes && decoder_layers > 0 ? decoder_layers : layers); ++layer) {
      std::string const from = side + ".block." + std::to_string(layer) + ".layer.";
      std::string const to = side + "." + std::to_string(layer) + ".";
      attention(from + "0.SelfAttention", to + own);
      detail::rename_linear(map, from + "0.layer_norm", to + own + "_norm", false);
      if (writes) {
        attention(from + "1.EncDecAttention", to + "cross");
        detail::rename_linear(map, from + "1.layer_norm", to + "cross_norm", false);
      }
      std::string const last = from + (writes ? "2." : "1.");
      feed_forward(last + "DenseReluDense", to + "feed_forward");
      detail::rename_linear(map, last + "layer_norm", to + "feed_forward_norm", false);
    }
  }
  return map;
}

}  // namespace attend::io
