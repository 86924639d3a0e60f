#pragma once

#include "word_vectors.hpp"

#include <attend/core/check.hpp>
#include <attend/core/thread_pool.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace look {

namespace at = attend;
using Rows = std::vector<Index>;

/// One kind of attention of a text over itself.
struct Kind {
  std::string name;
  std::string says;                                                              // what it does, for people
  std::function<Vectors(Vectors const&, at::ThreadPool&)> output;                // (tokens, d) → (tokens, d)
  std::function<Vectors(Vectors const&, Rows const&, at::ThreadPool&)> weights;  // of these rows → (rows, tokens)
};

/// All kinds, each as sharp as `sharpness` says for these vectors. The second one is "others only".
///
/// `reach`: how many tokens to each side local attention sees.
[[nodiscard]] std::vector<Kind> kinds(Vectors const& x, Index reach, std::uint64_t seed, at::ThreadPool& pool);

/// Where the kind of this name stands.
///
/// Throws   when there is none; the sentence names all
[[nodiscard]] inline std::size_t find_kind(std::vector<Kind> const& kinds, std::string const& name) {
  std::string names;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i].name == name) return i;
    names += (i == 0 ? "" : ", ") + kinds[i].name;
  }
  at::fail("--kind is \"", name, "\"; it must be one of: ", names, ".");
}

}  // namespace look
