#include <attend/attend.hpp>

namespace at = attend;

int main() {
  Eigen::MatrixXf const q(5, 8), k(5, 8), v(5, 3);
  Eigen::MatrixXf const out = at::recurrent_attention(q, k, v, at::Gates<float>{});
  return out.rows() == 5 ? 0 : 1;
}
