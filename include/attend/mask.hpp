#pragma once

/// Which pairs may meet. All masks of a call must allow a pair; `a & b`, `a | b` and `!a` make new ones. Your own is
/// any function (position).

//                                              a query sees
#include <attend/mask/block_sparse.hpp>    // BlockSparse    blocks that a small boolean matrix names
#include <attend/mask/causal.hpp>          // Causal         keys up to its own position
#include <attend/mask/centred_window.hpp>  // CentredWindow  keys around a place of its own
#include <attend/mask/chunked.hpp>         // Chunked        its own chunk
#include <attend/mask/dilated.hpp>         // Dilated        every step-th position around it
#include <attend/mask/documents.hpp>       // Documents      its own document of a ragged batch
#include <attend/mask/drop.hpp>            // Drop           where a boolean matrix is false
#include <attend/mask/global_tokens.hpp>   // GlobalTokens   all, or the first few tokens
#include <attend/mask/keep.hpp>            // Keep           where a boolean matrix is true
#include <attend/mask/lengths.hpp>         // Lengths        the real keys, not the padding
#include <attend/mask/prefix.hpp>          // Prefix         a prefix, then keys up to its own position
#include <attend/mask/sliding_window.hpp>  // SlidingWindow  its neighbours
#include <attend/mask/summaries.hpp>       // Summaries      the last positions of every chunk

#include <attend/mask/combine.hpp>             // a & b, a | b, !a, where(function)
#include <attend/mask/sparse_transformer.hpp>  // strided_pattern, fixed_pattern
