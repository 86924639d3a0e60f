// expect: at::Bias{matrix} for numbers that are added to the scores.
#include <attend/attend.hpp>

namespace at = attend;

int main() {
  Eigen::MatrixXf const q(5, 8), k(6, 8), v(6, 3);
  Eigen::MatrixXf const bias(5, 6);
  Eigen::MatrixXf const out = at::attention(q, k, v, bias);
  return out.rows() == 5 ? 0 : 1;
}
