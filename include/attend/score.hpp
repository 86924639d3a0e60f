#pragma once

/// How much a query wants a key.
///
/// A *similarity* turns the features of q and k into a score; a call has one, `ScaledDot{}` where none is given.
/// An *adjuster* makes a new score of it, knowing where query and key stand; a call may have several, in order. Your
/// own is any function (score, position).

// similarities                                            score(q, k) =
#include <attend/score/additive.hpp>      // Additive       aᵀ tanh(w q + u k + bias)
#include <attend/score/bilinear.hpp>      // Bilinear       qᵀ w k
#include <attend/score/concat.hpp>        // Concat         vᵀ tanh(w [q; k] + bias)
#include <attend/score/cosine.hpp>        // Cosine         β · cos(q, k)
#include <attend/score/dot.hpp>           // Dot            q · k
#include <attend/score/euclidean.hpp>     // Euclidean      −γ ‖q − k‖²
#include <attend/score/feature_wise.hpp>  // FeatureWise    your own, feature by feature
#include <attend/score/l1.hpp>            // L1             −γ Σ |q − k|
#include <attend/score/location.hpp>      // Location       (w q)_j
#include <attend/score/scaled_dot.hpp>    // ScaledDot      scale · q · k, 1/√d unless given

// adjusters                                               score →
#include <attend/score/adaptive_span.hpp>  // AdaptiveSpan   a window whose width each head learns
#include <attend/score/alibi.hpp>          // Alibi         score − slope · |query − key|
#include <attend/score/bias.hpp>           // Bias          score + bias(query, key)
#include <attend/score/gaussian.hpp>       // Gaussian      score − (key − centre)² / (2 width²)
#include <attend/score/relative_bias.hpp>  // RelativeBias  score + table(head, clipped distance)
#include <attend/score/soft_cap.hpp>       // SoftCap       c · tanh(score / c)
#include <attend/score/t5_bias.hpp>        // T5Bias        score + table(bucket of the distance, head)
