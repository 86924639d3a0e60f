#include "server.hpp"

#include <cmath>
#include <limits>

/// What one writes without a library: Eigen's products around a softmax over all scores, compiled for this machine;
/// with EIGEN_USE_BLAS the products are those of a BLAS.

namespace {

using attend::Index;
using compare::Case;
using Matrix = attend::Matrix<float>;
using Head = Eigen::Map<Matrix const>;

int run(Case const& one) {
  auto const q = one.array("q"), k = one.array("k"), v = one.array("v");
  Index const heads = q.shape.at(0) * q.shape.at(1), n = q.shape.at(2), m = k.shape.at(2), d = q.shape.at(3),
              e = v.shape.at(3), group = q.shape.at(1) / k.shape.at(1);
  bool const causal = one.number("causal") != 0;
  float const scale = 1 / std::sqrt(static_cast<float>(d));
  std::vector<float> out(static_cast<std::size_t>(heads * n * e));
  Matrix weights(n, m);
  auto const call = [&] {
    for (Index h = 0; h < heads; ++h) {
      Index const shared = h / group;
      Head const queries(q.numbers.data() + h * n * d, n, d), keys(k.numbers.data() + shared * m * d, m, d),
          values(v.numbers.data() + shared * m * e, m, e);
      weights.noalias() = queries * keys.transpose();
      for (Index i = 0; i < n; ++i) {
        Index const seen = causal ? i + 1 : m;
        auto row = weights.row(i).head(seen).array();
        float const largest = row.maxCoeff();
        row = ((row - largest) * scale).exp();
        row *= 1 / row.sum();
        weights.row(i).tail(m - seen).setZero();
      }
      Eigen::Map<Matrix>(out.data() + h * n * e, n, e).noalias() = weights * values;
    }
  };
  call();
  one.write(one.text("name") + "_output", out);
  return compare::serve(call);
}

}  // namespace

int main(int count, char** words) { return compare::main(count, words, run); }
