#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>
#include <attend/core/view.hpp>

#include <cstddef>
#include <span>
#include <vector>

namespace attend {

/// A weight that is not 0, and the key it belongs to.
template <class Scalar>
struct KeyWeight {
  Index key = 0;
  Scalar weight = 0;

  friend bool operator==(KeyWeight const&, KeyWeight const&) = default;
};

/// An attention map that names only the keys with weight: what hard choice, top-k and sparsemax leave of (n, m).
///
/// The entries of row i are entries[first[i]] … entries[first[i + 1] − 1], in the order of keys where made from dense
/// weights.
///
/// Edge     a row that sees nothing has no entries
/// Cost     one index and one number for each weight that is not 0
template <class Scalar>
class SparseWeights {
 public:
  using Entry = KeyWeight<Scalar>;

  SparseWeights() = default;
  explicit SparseWeights(Index keys) : keys_(keys) {
    check(keys >= 0, "SparseWeights: the number of keys is ", keys, "; it must be at least 0.");
  }

  /// The weights of dense rows that are not 0; NaN is kept, so that it shows.
  ///
  /// Shapes   dense (n, m)
  template <class Derived>
  [[nodiscard]] static SparseWeights from_dense(Eigen::DenseBase<Derived> const& dense) {
    SparseWeights result(dense.cols());
    result.add_dense(dense);
    return result;
  }

  /// Weight 1 for the one key that each row picked; −1 is a row that picked none.
  [[nodiscard]] static SparseWeights from_picks(std::span<Index const> picks, Index keys) {
    SparseWeights result(keys);
    for (Index const key : picks) {
      Entry const entry{key, Scalar(1)};
      result.add_row(std::span<Entry const>(&entry, key == -1 ? 0 : 1));
    }
    return result;
  }

  [[nodiscard]] Index rows() const { return static_cast<Index>(first_.size()) - 1; }
  [[nodiscard]] Index keys() const { return keys_; }
  /// How many weights are named in all rows.
  [[nodiscard]] Index size() const { return static_cast<Index>(entries_.size()); }

  [[nodiscard]] std::span<Entry const> row(Index i) const {
    check(i >= 0 && i < rows(), "SparseWeights: row ", i, " was asked for, but there are ", rows(), ".");
    auto const begin = first_[static_cast<std::size_t>(i)], end = first_[static_cast<std::size_t>(i) + 1];
    return std::span<Entry const>(entries_).subspan(begin, end - begin);
  }

  /// Throws   when a key is not one of the m
  void add_row(std::span<Entry const> entries) {
    for (Entry const& entry : entries)
      check(entry.key >= 0 && entry.key < keys_, "SparseWeights: a weight is of key ", entry.key, ", but there are ",
            keys_, " keys.");
    entries_.insert(entries_.end(), entries.begin(), entries.end());
    first_.push_back(entries_.size());
  }

  /// Appends dense rows: a large map is made from blocks of rows without ever being dense itself.
  template <class Derived>
  void add_dense(Eigen::DenseBase<Derived> const& block) {
    check(block.cols() == keys_, "SparseWeights: dense rows of ", block.cols(), " weights for ", keys_,
          " keys; there must be one for each key.");
    Matrix<Scalar> const dense = block.template cast<Scalar>();
    for (Index i = 0; i < dense.rows(); ++i) {
      for (Index j = 0; j < keys_; ++j)
        if (!(dense(i, j) == Scalar(0))) entries_.push_back({j, dense(i, j)});
      first_.push_back(entries_.size());
    }
  }

  /// (n, m), where a key that a row names twice has the sum.
  [[nodiscard]] Matrix<Scalar> dense() const {
    Matrix<Scalar> w = Matrix<Scalar>::Zero(rows(), keys_);
    for (Index i = 0; i < rows(); ++i)
      for (Entry const& entry : row(i)) w(i, entry.key) += entry.weight;
    return w;
  }

  friend bool operator==(SparseWeights const&, SparseWeights const&) = default;

 private:
  Index keys_ = 0;
  std::vector<std::size_t> first_{0};  // (n + 1)
  std::vector<Entry> entries_;
};

/// out_i = Σ_j w_ij v_j over the keys named: only their rows of v are read.
///
/// Shapes   w (n, m)  v (m, e)  →  out (n, e)
/// Throws   when v does not have a row for each key
/// Cost     e multiply-adds for each weight named
template <class Scalar, class Value>
[[nodiscard]] Matrix<Scalar> weighted_values(SparseWeights<Scalar> const& w, Eigen::DenseBase<Value> const& v) {
  check(v.rows() == w.keys(), "weighted_values: the weights are of ", w.keys(), " keys but v has ", v.rows(),
        " rows; there must be one for each key.");
  if constexpr (detail::has_direct_access<Value>) {
    auto const values = view_of(v.derived());
    Matrix<Scalar> output = Matrix<Scalar>::Zero(w.rows(), v.cols());
    for (Index i = 0; i < w.rows(); ++i)
      for (auto const& [key, weight] : w.row(i))
        for (Index f = 0; f < v.cols(); ++f) output(i, f) += weight * static_cast<Scalar>(values(key, f));
    return output;
  } else {
    return weighted_values(w, v.eval());
  }
}

/// d_v = wᵀ d_out: what `weighted_values` is backwards in its values.
///
/// Shapes   w (n, m)  d_out (n, e)  →  d_v (m, e)
template <class Scalar, class Gradient>
[[nodiscard]] Matrix<Scalar> weighted_values_backward(SparseWeights<Scalar> const& w,
                                                      Eigen::MatrixBase<Gradient> const& d_output) {
  check(d_output.rows() == w.rows(), "weighted_values_backward: the weights have ", w.rows(), " rows but d_output has ",
        d_output.rows(), "; there must be one for each query.");
  Matrix<Scalar> d_value = Matrix<Scalar>::Zero(w.keys(), d_output.cols());
  for (Index i = 0; i < w.rows(); ++i)
    for (auto const& [key, weight] : w.row(i)) d_value.row(key) += weight * d_output.row(i).template cast<Scalar>();
  return d_value;
}

}  // namespace attend
