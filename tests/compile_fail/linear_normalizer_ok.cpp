#include <attend/attend.hpp>

namespace at = attend;

int main() {
  Eigen::MatrixXf const q(5, 8), k(6, 8), v(6, 3);
  Eigen::MatrixXf const out = at::linear_attention(q, k, v, at::Causal{}, at::EluPlusOne{});
  return out.rows() == 5 ? 0 : 1;
}
