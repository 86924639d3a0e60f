#include "kinds.hpp"

#include "sharpness.hpp"

#include <attend/attend.hpp>
#include <attend/visualize/label.hpp>

#include <utility>

namespace look {
namespace {

/// What a kind is in this library: a handful of policies.
template <class... Policies>
[[nodiscard]] Kind kind(std::string name, std::string says, Policies... policies) {
  return {std::move(name), std::move(says),
          [=](Vectors const& x, at::ThreadPool& pool) { return at::attention(x, x, x, policies..., pool); },
          [op = at::Attention{policies...}](Vectors const& x, Rows const& rows, at::ThreadPool& pool) {
            return op.weights(x, x, rows, pool);
          }};
}

/// Additive attention that was set by hand instead of learned: hidden features 2h and 2h + 1 together are a bump,
/// tanh(r·(q − k) + 1) − tanh(r·(q − k) − 1), that is high where q and k agree in a random direction r.
[[nodiscard]] at::Additive<float> agreement(Index dimension, double factor, std::uint64_t seed) {
  constexpr Index directions = 32;
  Vectors r = Vectors::Zero(directions, dimension);
  for (Index h = 0; h < directions; ++h) add_signs(r.row(h), static_cast<std::uint64_t>(h), seed, 1.0f);
  Vectors w(2 * directions, dimension);
  w << r, r;
  Eigen::VectorXf a(2 * directions), bias(2 * directions);
  auto const weight = static_cast<float>(factor) / static_cast<float>(directions);
  a << Eigen::VectorXf::Constant(directions, weight), Eigen::VectorXf::Constant(directions, -weight);
  bias << Eigen::VectorXf::Ones(directions), -Eigen::VectorXf::Ones(directions);
  return at::Additive<float>{w, -w, a, bias};
}

}  // namespace

std::vector<Kind> kinds(Vectors const& x, Index reach, std::uint64_t seed, at::ThreadPool& pool) {
  auto const find = [&](auto&& policies_at) {
    return sharpness(x.rows(), [&](double factor, Rows const& rows) -> Vectors {
      return policies_at(factor).weights(x, x, rows, pool);
    });
  };
  double const beta = find([](double factor) { return at::Attention{at::ScaledDot{factor}}; });
  double const gamma = find([](double factor) { return at::Attention{at::Euclidean{factor}}; });
  double const sparse = find([](double factor) { return at::Attention{at::ScaledDot{factor}, at::Sparsemax{}}; });
  double const added = find([&](double factor) { return at::Attention{agreement(x.cols(), factor, seed)}; });
  at::ScaledDot const dot{beta};
  auto const others = [](auto p) { return p.key != p.query; };
  return {
      kind("scaled dot", "softmax(" + at::number_label(beta) + " q·k): every word looks at every word.", dot),
      kind("others only", "Scaled dot product with a mask of one line: p.key != p.query.", dot, others),
      kind("causal", "Scaled dot product; a word sees only itself and what stands before it.", dot, at::Causal{}),
      kind("local", "Scaled dot product, but only " + std::to_string(reach) + " tokens to each side.", dot,
           at::SlidingWindow{reach, reach}),
      kind("additive", "softmax(aᵀ tanh(w q + u k + b)), set by hand to be high where q and k agree.",
           agreement(x.cols(), added, seed)),
      kind("distance",
           "softmax(−" + at::number_label(gamma) +
               " ‖q − k‖²): near is strong; short vectors (frequent words) are near everything.",
           at::Euclidean{gamma}),
      kind("sparsemax", "sparsemax(" + at::number_label(sparse) + " q·k): weak links are exactly zero.",
           at::ScaledDot{sparse}, at::Sparsemax{}),
      kind("hard pick", "argmax over the others: each word picks one.", dot, others, at::Argmax{}),
      kind("sampled pick",
           "Each word picks one of the others by chance, with the probability that softmax gives it (Gumbel-max).", dot,
           others, at::GumbelMax{seed}),
  };
}

}  // namespace look
