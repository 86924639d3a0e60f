#pragma once

/// How the scores of a row become weights.
///
///   Softmax             exp(s/τ) / (exp(sink) + Σ exp(s/τ))      the default
///   LogSoftmax          the logarithm of that                    for `weights` only
///   Sigmoid             σ(s + b), b = −log m                     NormalizedSigmoid    divided by its sum
///   Softplus            log(1 + exp(s))                          NormalizedSoftplus   divided by its sum
///   Relu                max(s, 0)                                NormalizedRelu       divided by its sum
///   Argmax              1 for the largest score                  GumbelMax            1 for a key drawn from softmax
///   Sparsemax           [s − τ]₊                                 exact zeros below the threshold
///   Entmax15            [s/2 − τ]₊²                              exact zeros, smooth above
///   Entmax              [(α − 1)s − τ]₊^{1/(α − 1)}              from softmax to sparsemax and on, α learns
///   TopK                softmax over the k largest               exact zeros elsewhere

#include <attend/normalize/argmax.hpp>
#include <attend/normalize/entmax.hpp>
#include <attend/normalize/entmax15.hpp>
#include <attend/normalize/family.hpp>
#include <attend/normalize/gumbel_max.hpp>
#include <attend/normalize/log_softmax.hpp>
#include <attend/normalize/relu.hpp>
#include <attend/normalize/sigmoid.hpp>
#include <attend/normalize/softmax.hpp>
#include <attend/normalize/softplus.hpp>
#include <attend/normalize/sparsemax.hpp>
#include <attend/normalize/top_k.hpp>
