// What a stranger writes first. Row 0 sees key 0 only, so its output is row 0 of v.

#include <attend/attend.hpp>

#include <cstdio>

namespace at = attend;

int main() {
  Eigen::MatrixXf const q = Eigen::MatrixXf::Random(5, 8), k = Eigen::MatrixXf::Random(5, 8);
  Eigen::MatrixXf const v = Eigen::MatrixXf::Random(5, 3);
  Eigen::MatrixXf const out = at::attention(q, k, v, at::Causal{});
  bool const right = out.rows() == 5 && out.cols() == 3 && out.row(0) == v.row(0) && out.row(4) != v.row(4);
  std::puts(right ? "row 0 is right" : "row 0 is wrong");
  return right ? 0 : 1;
}
