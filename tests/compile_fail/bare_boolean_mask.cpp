// expect: attend: a bare matrix is no policy: say at::Keep{matrix} or at::Drop{matrix} for a boolean mask
#include <attend/attend.hpp>

namespace at = attend;

int main() {
  Eigen::MatrixXf const q(5, 8), k(6, 8), v(6, 3);
  Eigen::Matrix<bool, Eigen::Dynamic, Eigen::Dynamic> const seen(5, 6);
  Eigen::MatrixXf const out = at::attention(q, k, v, seen);
  return out.rows() == 5 ? 0 : 1;
}
