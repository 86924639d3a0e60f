#include <attend/attend.hpp>

namespace at = attend;

int main() {
  Eigen::MatrixXf const q(5, 8), k(6, 8), v(6, 3);
  Eigen::MatrixXf const out = at::attention(q, k, v, at::Sparsemax{});
  return out.rows() == 5 ? 0 : 1;
}
