#pragma once

/// Attention that picks keys, and how it learns although a pick has no derivative.

#include <attend/hard/draw.hpp>                 // Draw                which random picks
#include <attend/hard/gaussian_noise.hpp>       // gaussian_noise      for its energies
#include <attend/hard/hard_attention.hpp>       // HardAttention       sample, argmax, top_k; backward from coefficients
#include <attend/hard/monotonic_attention.hpp>  // MonotonicAttention  one walk over the keys
#include <attend/hard/picked.hpp>               // Picked              keys, log-probabilities, entropy, output
#include <attend/hard/sparse_map.hpp>           // sparse_map          that of sparsemax, top-k, … without (n, m)
#include <attend/hard/sparse_weights.hpp>       // SparseWeights       a map that names only the keys with weight

//                                                                     the gradient of what is expected
#include <attend/hard/categorical.hpp>           // Categorical           a row of scores as a distribution
#include <attend/hard/gumbel_softmax.hpp>        // GumbelSoftmax         a pick made soft
#include <attend/hard/half_soft.hpp>             // HalfSoft              soft with probability ½
#include <attend/hard/learned_baseline.hpp>      // LearnedBaseline         predicted from features
#include <attend/hard/leave_one_out.hpp>         // LeaveOneOut             the other samples
#include <attend/hard/marginal.hpp>              // expected_reward, log_marginal_likelihood: exact
#include <attend/hard/moving_average.hpp>        // MovingAverage         baselines: of rewards before
#include <attend/hard/reinforce.hpp>             // Reinforce             from picks and rewards, entropy bonus
#include <attend/hard/returns.hpp>               // returns_to_go         rewards of many steps
#include <attend/hard/straight_through.hpp>      // StraightThrough       hard forward, soft backward
#include <attend/hard/temperature_schedule.hpp>  // TemperatureSchedule   and harder by and by

//                                                                        for captions
#include <attend/hard/context_gate.hpp>       // ContextGate       how much of the context a step uses
#include <attend/hard/doubly_stochastic.hpp>  // DoublyStochastic  every location is looked at about once
