// expect: attend: Attention keeps scores, masks and normalisers; hand executors and workspaces to its calls.
#include <attend/attend.hpp>

namespace at = attend;

int main() {
  Eigen::MatrixXf const q(5, 8), k(6, 8), v(6, 3);
  at::Attention const op{at::Causal{}, at::Serial{}};
  return op.forward(q, k, v).output.rows() == 5 ? 0 : 1;
}
