#pragma once

/// Layers: parameters, forward and backward. Each is a plain struct whose numbers `each_parameter` walks over; its
/// gradient is an object of the same class, and a backward adds to it (core/parameters.hpp).

#include <attend/layer/dropout.hpp>     // Dropout     zeros by seed and place, in training
#include <attend/layer/embedding.hpp>   // Embedding   rows of a table, named by tokens
#include <attend/layer/initialize.hpp>  // first numbers: initialize_uniform, initialize_glorot
#include <attend/layer/layer_norm.hpp>  // LayerNorm   (x − μ) / σ ∘ w + b, each row by itself
#include <attend/layer/linear.hpp>      // Linear      x Wᵀ + b
#include <attend/layer/rms_norm.hpp>    // RmsNorm     x / √mean(x²) ∘ w
#include <attend/layer/training.hpp>    // Training    dropout in every sublayer of a call

// Between two attentions
#include <attend/layer/activate.hpp>            // activate          a function of each number, a lambda too
#include <attend/layer/activation_kinds.hpp>    // Rectifier, Gelu, GeluTanh, Silu
#include <attend/layer/feed_forward.hpp>        // FeedForward       W₂ f(W₁ x + b₁) + b₂
#include <attend/layer/gated_feed_forward.hpp>  // GatedFeedForward  W (f(G x) ∘ U x): SwiGlu

// Where a token stands
#include <attend/layer/position_embedding.hpp>    // PositionEmbedding     a learned vector for each position
#include <attend/layer/rotary.hpp>                // Rotary                queries and keys turned by their positions
#include <attend/layer/sinusoidal_positions.hpp>  // sinusoidal_positions  sines and cosines to add

// Many heads
#include <attend/layer/int8_kv_cache.hpp>   // Int8KvCache     … as bytes, a scale for each head of a token
#include <attend/layer/kv_cache.hpp>        // KvCache         keys and values of the tokens so far, for decoding
#include <attend/layer/multi_head.hpp>      // MultiHead       projections, heads side by side, one matrix to join them
#include <attend/layer/paged_kv_cache.hpp>  // PagedKvCache    … in pages that copies share
#include <attend/layer/relative_attention.hpp>  // RelativeAttention: Transformer-XL, with the segment before
#include <attend/layer/rolling_kv_cache.hpp>    // RollingKvCache  … of the first tokens and the last ones
#include <attend/layer/shared.hpp>              // Shared          a learned policy handed to layers, and its gradient

// Blocks of a transformer
#include <attend/layer/decoder_block.hpp>  // DecoderBlock   self, memory, feed-forward; token by token too
#include <attend/layer/decoder_stack.hpp>  // DecoderStack   decoder blocks that look at one memory
#include <attend/layer/encoder_block.hpp>  // EncoderBlock   self-attention and feed-forward
#include <attend/layer/residual.hpp>       // Residual       x + f(x), the norm before or after
#include <attend/layer/stack.hpp>          // Stack          blocks one after the other

// Over time
#include <attend/layer/gru.hpp>       // Gru        a gated recurrent unit: one step
#include <attend/layer/lstm.hpp>      // Lstm       long short-term memory: one step
#include <attend/layer/sequence.hpp>  // Sequence   a cell over all steps, forwards or backwards

// A decoder that attends
#include <attend/layer/bahdanau_step.hpp>  // BahdanauStep       asks with s_{t−1}; what is found goes into the cell
#include <attend/layer/context.hpp>        // ConcatContext, AddContext, GatedContext, BareContext
#include <attend/layer/decoder.hpp>        // Decoder            a step over all steps, and back through time
#include <attend/layer/decoder_attention.hpp>        // DecoderAttention   keys projected once, read once a step
#include <attend/layer/local_attention.hpp>          // LocalAttention     around a predicted place (Luong's local-p)
#include <attend/layer/local_decoder_attention.hpp>  // … of a decoder: DecoderAttention<Scalar, LocalAttention<…>>
#include <attend/layer/location_aware.hpp>           // LocationAware      sees the weights of the last step (Chorowski)
#include <attend/layer/luong_step.hpp>  // LuongStep          asks with s_t; what is found joins it, and is fed back
#include <attend/layer/projected_additive.hpp>  // ProjectedAdditive  Bahdanau's score of keys that are projected already
#include <attend/layer/sentinel.hpp>            // Sentinel           what a decoder knows without looking (Lu)
#include <attend/layer/sentinel_attention.hpp>  // SentinelAttention  looks at the tokens, or at that
