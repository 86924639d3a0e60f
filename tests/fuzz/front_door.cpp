#include "fuzz.hpp"

#include "../laws/policies.hpp"

#include <attend/attention.hpp>
#include <attend/core/thread_pool.hpp>
#include <attend/reference.hpp>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

/// Attention of any sizes, strides and policies, over numbers of which some are infinite or none, against the dense
/// formulas in double: the same numbers, NaN in the same places, the same refusals, and nothing written before one.

namespace {

namespace at = attend;
using at::Index;
using fuzz::Choices;

/// Scores of a few hundred at most, so that their rounding stays below the tolerance.
float number(Choices& choices) {
  std::uint8_t const choice = choices.byte();
  if (choice == 255) return std::numeric_limits<float>::quiet_NaN();
  if (choice == 254) return std::numeric_limits<float>::infinity();
  if (choice == 253) return -std::numeric_limits<float>::infinity();
  if (choice == 252) return 1e-40f;
  return static_cast<float>(choice - 126) / 32;
}

/// Four dimensions in any order of memory, some with gaps.
struct Array {
  at::HeadsShape shape;
  at::HeadsStrides strides;
  std::vector<float> numbers;

  Array(at::HeadsShape const& sizes, Choices& choices) : shape(sizes) {
    std::array<Index, 4> const extent{shape.batch, shape.heads, shape.length, shape.dim};
    std::array<Index, 4> order{3, 2, 1, 0}, stride{};
    if (long const swapped = choices.below(8); swapped < 3)
      std::swap(order[0], order[static_cast<std::size_t>(swapped) + 1]);
    Index step = 1;
    for (Index const axis : order) {
      stride[static_cast<std::size_t>(axis)] = step;
      step = step * extent[static_cast<std::size_t>(axis)] + (choices.below(8) == 7 ? 3 : 0);
    }
    strides = {stride[0], stride[1], stride[2], stride[3]};
    numbers.assign(static_cast<std::size_t>(step) + 1, std::numeric_limits<float>::quiet_NaN());
  }
  void fill(Choices& choices) {
    // A few bytes say all numbers: longer inputs are not more interesting ones.
    std::array<float, 16> some{};
    for (float& x : some) x = number(choices);
    laws::Random random(choices.byte());
    for (Index b = 0; b < shape.batch; ++b)
      for (Index h = 0; h < shape.heads; ++h)
        for (Index i = 0; i < shape.length; ++i)
          for (Index f = 0; f < shape.dim; ++f) view()(b, h, i, f) = some[static_cast<std::size_t>(random.below(16))];
  }
  [[nodiscard]] at::Heads<float> view() { return {numbers.data(), shape, strides}; }
};

/// Nothing, or the sentence of the refusal.
template <class Call>
std::string refusal(Call const& call) {
  try {
    call();
    return "";
  } catch (at::Error const& error) {
    fuzz::require(error.what()[0] != '\0');
    return error.what();
  }
}

bool is_near(float found, double wanted, double tolerance) {
  if (std::isnan(wanted)) return std::isnan(found);
  if (std::isinf(wanted)) return static_cast<double>(found) == wanted;
  return std::abs(static_cast<double>(found) - wanted) <= tolerance;
}

template <class... Policies>
void compare(Array& q, Array& k, Array& v, Choices& choices, Policies const&... policies) {
  Array out({q.shape.batch, q.shape.heads, q.shape.length, v.shape.dim}, choices);
  std::vector<float> const before = out.numbers;
  at::Heads<float const> const queries = q.view(), keys = k.view(), values = v.view();
  at::reference::HeadsForward<double> wanted;
  std::string const expected_refusal =
      refusal([&] { wanted = at::reference::forward<double>(queries, keys, values, policies...); });
  at::Workspace workspace;
  std::string const found_refusal =
      refusal([&] { at::attention_into(out.view(), queries, keys, values, policies..., workspace); });
  fuzz::require(found_refusal.empty() == expected_refusal.empty());
  if (!found_refusal.empty()) {
    fuzz::require(std::memcmp(before.data(), out.numbers.data(), before.size() * sizeof(float)) == 0);
    return;
  }
  std::size_t place = 0;
  for (Index b = 0; b < out.shape.batch; ++b)
    for (Index h = 0; h < out.shape.heads; ++h)
      for (Index i = 0; i < out.shape.length; ++i)
        for (Index f = 0; f < out.shape.dim; ++f)
          fuzz::require(is_near(out.view()(b, h, i, f), wanted.output[place++], 4e-3));

  static at::ThreadPool pool(2);
  Array again = out;
  std::ranges::fill(again.numbers, std::numeric_limits<float>::quiet_NaN());
  at::attention_into(again.view(), queries, keys, values, policies..., pool, workspace);
  fuzz::require(std::memcmp(again.numbers.data(), out.numbers.data(), out.numbers.size() * sizeof(float)) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  Choices choices(data, size);
  long const kernel = choices.below(4);
  laws::Shape shape;
  shape.n = choices.below(70);
  shape.m = choices.below(80);
  shape.d = choices.below(34);
  shape.e = choices.below(34);
  shape.batch = choices.below(3);
  shape.kv_heads = 1 + choices.below(2);
  shape.heads = shape.kv_heads * (1 + choices.below(2));
  auto const masks = laws::every_mask(shape);
  auto const adjusters = laws::every_adjuster(shape);
  laws::AnyMask const& mask = masks[static_cast<std::size_t>(choices.below(std::ssize(masks)))];
  laws::AnyAdjuster adjuster;
  if (choices.below(2) == 1)
    adjuster = adjusters[static_cast<std::size_t>(choices.below(std::ssize(adjusters)))].second;
  at::QueryStart const start(choices.below(5) == 0 ? Index{choices.below(9)} - 3 : 0);

  // Now and then sizes that do not fit.
  at::HeadsShape q_shape = shape.query(), k_shape = shape.key(), v_shape = shape.value();
  switch (choices.below(32)) {
    case 27:
      ++k_shape.dim;
      break;
    case 28:
      ++v_shape.length;
      break;
    case 29:
      ++v_shape.batch;
      break;
    case 30:
      ++k_shape.heads;
      break;
    case 31:
      ++q_shape.batch;
      break;
    default:
      break;
  }
  Array q(q_shape, choices), k(k_shape, choices), v(v_shape, choices);
  for (Array* const array : {&q, &k, &v}) array->fill(choices);
  switch (kernel) {
    case 0:
      compare(q, k, v, choices, at::ScaledDot(), at::Softmax(), adjuster, mask, start);
      break;
    case 1:
      compare(q, k, v, choices, at::Euclidean(0.05), at::Sigmoid{.bias = -2}, adjuster, mask, start);
      break;
    case 2:
      compare(q, k, v, choices, at::ScaledDot(), at::Sparsemax(), adjuster, mask, start);
      break;
    default:
      compare(q, k, v, choices, at::L1(), at::Softmax{.sinks = {0.5}}, adjuster, mask, start);
      break;
  }
  return 0;
}
