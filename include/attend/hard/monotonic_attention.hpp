#pragma once

#include <attend/core/check.hpp>
#include <attend/core/math.hpp>
#include <attend/core/parameters.hpp>

#include <cmath>
#include <limits>
#include <string_view>
#include <vector>

namespace attend {

/// Attention that walks over the keys once, from left to right: step i starts where step i − 1 stopped, and stops at
/// key j with probability p_ij = σ(e_ij + r). α_ij is the probability that it stops there:
///
///   q_ij = (1 − p_i,j−1) q_i,j−1 + α_i−1,j      α_ij = p_ij q_ij      q_i0 = α_i−1,0
///
/// which is equation 9 of the paper without its division by p. A walk that passes the last key has no key, and neither
/// have the steps after it; so a row may sum to less than 1. r starts negative, so that at first walks go far. The
/// context is α · v.
///
/// (Not to be taken for local-m attention, which assumes a diagonal and learns no alignment.)
///
/// Shapes   energies (n steps, m)  →  weights α (n, m)
/// Throws   when sizes do not fit
/// Edge     energies of −∞ are keys that are never stopped at; m = 0 gives (n, 0)
/// Cost     n·m sigmoids; walking in use: m + n comparisons in all
/// Source   Raffel 2017 (arXiv 1704.00784)
template <class Scalar>
struct MonotonicAttention {
  Scalar score_bias = -1;  ///< r, learned

  struct Kept {
    Matrix<Scalar> weights;   // α (n, m)
    Matrix<Scalar> energy;    // e + r (n, m)
    Vector<Scalar> previous;  // α of the step before the first (m)
  };
  struct Gradient {
    Matrix<Scalar> energy;    // (n, m)
    Vector<Scalar> previous;  // (m)
  };

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("score_bias", parameter_span(self.score_bias));
  }

  /// The weights before the first step: all on the first key.
  [[nodiscard]] static Vector<Scalar> start(Index keys) {
    Vector<Scalar> alpha = Vector<Scalar>::Zero(keys);
    if (keys > 0) alpha(0) = Scalar(1);
    return alpha;
  }

  /// By the recursion, key after key. `previous` continues from an earlier call's last row of weights.
  [[nodiscard]] Kept forward(Matrix<Scalar> const& energies, Vector<Scalar> const& previous) const {
    Kept kept = begin(energies, previous);
    for (Index i = 0; i < energies.rows(); ++i) {
      Scalar q = 0;
      for (Index j = 0; j < energies.cols(); ++j) {
        if (j > 0) q *= sigmoid(-kept.energy(i, j - 1));  // 1 − p, with all its digits
        q += before(kept, i, j);
        kept.weights(i, j) = sigmoid(kept.energy(i, j)) * q;
      }
    }
    return kept;
  }
  [[nodiscard]] Kept forward(Matrix<Scalar> const& energies) const { return forward(energies, start(energies.cols())); }

  /// The same by sums over a row, which do not wait for one another:
  ///
  ///   α_ij = p_ij c_ij Σ_{k ≤ j} α_i−1,k / c_ik,   c_ij = Π_{l < j} (1 − p_il)
  ///
  /// c falls below the smallest number soon, so its logarithm is summed, and each term is exp(log α + log c_j − log
  /// c_k).
  ///
  /// Edge     rounds by about ε · |log c_im| where the recursion rounds by ε · m
  [[nodiscard]] Kept forward_parallel(Matrix<Scalar> const& energies, Vector<Scalar> const& previous) const {
    Kept kept = begin(energies, previous);
    for (Index i = 0; i < energies.rows(); ++i) {
      Scalar log_c = 0, largest = -infinity, sum = 0;  // Σ = sum · exp(largest)
      for (Index j = 0; j < energies.cols(); ++j) {
        Scalar const alpha = before(kept, i, j), term = std::log(alpha) - log_c;
        if (alpha > Scalar(0) && term > largest) {
          sum = sum * std::exp(largest - term) + Scalar(1);
          largest = term;
        } else if (alpha > Scalar(0)) {
          sum += std::exp(term - largest);
        }
        Scalar const e = kept.energy(i, j);
        kept.weights(i, j) = sum > Scalar(0) ? std::exp(log_c - softplus(-e) + largest + std::log(sum)) : Scalar(0);
        log_c -= softplus(e);
      }
    }
    return kept;
  }
  [[nodiscard]] Kept forward_parallel(Matrix<Scalar> const& energies) const {
    return forward_parallel(energies, start(energies.cols()));
  }

  /// The gradients of energies and of `previous`; that of r is added to `gradient`.
  [[nodiscard]] Gradient backward(Kept const& kept, Matrix<Scalar> const& d_weights,
                                  MonotonicAttention& gradient) const {
    Index const n = kept.weights.rows(), m = kept.weights.cols();
    check(d_weights.rows() == n && d_weights.cols() == m, "MonotonicAttention: d_weights is (", d_weights.rows(), ", ",
          d_weights.cols(), "); it must be that of the weights, (", n, ", ", m, ").");
    Gradient result{Matrix<Scalar>::Zero(n, m), Vector<Scalar>::Zero(m)};
    Vector<Scalar> q(m);
    auto& d_before = result.previous;  // of α_i, from step i + 1
    for (Index i = n - 1; i >= 0; --i) {
      for (Index j = 0; j < m; ++j)
        q(j) = (j > 0 ? sigmoid(-kept.energy(i, j - 1)) * q(j - 1) : Scalar(0)) + before(kept, i, j);
      Scalar d_next = 0;  // of q_i,j+1
      for (Index j = m - 1; j >= 0; --j) {
        Scalar const p = sigmoid(kept.energy(i, j)), rest = sigmoid(-kept.energy(i, j));
        Scalar const d_alpha = d_weights(i, j) + d_before(j);
        // α_ij = p_ij q_ij,  q_i,j+1 = (1 − p_ij) q_ij + …
        result.energy(i, j) = (d_alpha - d_next) * q(j) * p * rest;
        d_next = d_alpha * p + d_next * rest;
        // q_ij = … + α_i−1,j
        d_before(j) = d_next;
      }
    }
    gradient.score_bias += result.energy.sum();
    return result;
  }

  /// In use: each step walks on from the key before (`first` for the first step) and stops where p > ½. −1 where the
  /// walk passes the last key, for that step and all later ones.
  ///
  /// It is the limit of α for energies that grow beyond all bounds.
  [[nodiscard]] std::vector<Index> walk(Matrix<Scalar> const& energies, Index first = 0) const {
    Index const n = energies.rows(), m = energies.cols();
    check(first >= -1 && (first < m || first == 0), "MonotonicAttention: the walk starts at key ", first, " of ", m,
          "; it must be one of them, or -1 when an earlier walk has passed the last.");
    std::vector<Index> stops(static_cast<std::size_t>(n), -1);
    Index key = first < 0 ? m : first;
    for (Index i = 0; i < n && key < m; ++i) {
      while (key < m && !(energies(i, key) + score_bias > Scalar(0))) ++key;
      if (key < m) stops[static_cast<std::size_t>(i)] = key;
    }
    return stops;
  }

 private:
  static constexpr Scalar infinity = std::numeric_limits<Scalar>::infinity();

  [[nodiscard]] Kept begin(Matrix<Scalar> const& energies, Vector<Scalar> const& previous) const {
    check(previous.size() == energies.cols(), "MonotonicAttention: the weights before the first step are of ",
          previous.size(), " keys but there are energies for ", energies.cols(), "; both must be the same.");
    return {Matrix<Scalar>(energies.rows(), energies.cols()), (energies.array() + score_bias).matrix(), previous};
  }
  /// α_i−1,j
  [[nodiscard]] static Scalar before(Kept const& kept, Index i, Index j) {
    return i > 0 ? kept.weights(i - 1, j) : kept.previous(j);
  }
};

}  // namespace attend
