#include <attend/attend.hpp>

namespace at = attend;

int main() {
  Eigen::MatrixXf const q(5, 8), k(6, 8), v(6, 3);
  at::Attention const op{at::Causal{}};
  return op.forward(q, k, v, at::Serial{}).output.rows() == 5 ? 0 : 1;
}
