// expect: attend: Gates, StateGradients and LinearState must be of the type that the call computes in
#include <attend/attend.hpp>

namespace at = attend;

int main() {
  Eigen::MatrixXf const q(5, 8), k(5, 8), v(5, 3);
  Eigen::MatrixXf const out = at::recurrent_attention(q, k, v, at::Gates<double>{});
  return out.rows() == 5 ? 0 : 1;
}
