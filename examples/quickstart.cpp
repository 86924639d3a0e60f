// Three words look at each other, then only at themselves and back.

#include <attend/attend.hpp>

#include <iostream>

int main() {
  Eigen::MatrixXf words(3, 2);
  words << 2, 0,  // cat
      0, 2,       // red
      2, 1;       // kitten

  Eigen::MatrixXf const out = attend::attention(words, words, words);
  Eigen::MatrixXf const weights = attend::Attention{attend::Causal{}}.weights(words, words);
  std::cout << (out.array() * 100).round() / 100 << "\n\n" << (weights.array() * 100).round() / 100 << "\n";
}

// 1.89 0.54
// 0.46 1.72
// 1.85 0.77
//
//    1    0    0
// 0.06 0.94    0
// 0.31 0.07 0.62
