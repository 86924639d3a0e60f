#pragma once

#include "onnx/cases.hpp"

#include <attend/core/heads.hpp>
#include <attend/core/query_start.hpp>
#include <attend/mask.hpp>
#include <attend/normalize.hpp>
#include <attend/score.hpp>

#include <limits>
#include <vector>

namespace onnx {

namespace at = attend;

/// `softcap` of Attention, or the `score_mod` of a FlexAttention case: one function of a score and its place.
struct ScoreModifier {
  enum class Kind { none, soft_cap, add, distance };

  Kind kind = Kind::none;
  double number = 0;

  template <class Score>
  Score operator()(Score const& score, auto const& p) const {
    if (kind == Kind::soft_cap) return at::SoftCap(number)(score, p);
    if (kind == Kind::add) return score + Score(number);
    if (kind == Kind::distance) return score + (p.row - p.column);
    return score;
  }
};

/// An array (batch, heads, length, dim), however the operator lays it out.
template <class Storage>
struct HeadsArray {
  std::vector<Storage> numbers;
  at::HeadsShape shape;
  at::HeadsStrides strides;

  [[nodiscard]] at::Heads<Storage const> view() const { return {numbers.data(), shape, strides}; }
};

/// Rank 4 is (batch, heads, length, dim); rank 3 is (batch, length, heads · dim).
template <class Storage>
HeadsArray<Storage> laid_out(Array const& array, Index heads) {
  std::vector<Index> const& s = array.shape;
  if (s.size() == 4)
    return {array.stored<Storage>(), {s[0], s[1], s[2], s[3]}, {s[1] * s[2] * s[3], s[2] * s[3], s[3], 1}};
  return {array.stored<Storage>(), {s[0], heads, s[1], s[2] / heads}, {s[1] * s[2], s[2] / heads, s[2], 1}};
}

/// past, then new, along the length.
template <class Storage>
HeadsArray<Storage> joined(HeadsArray<Storage> const& past, HeadsArray<Storage> const& now) {
  HeadsArray<Storage> both;
  both.shape = now.shape;
  both.shape.length += past.shape.length;
  both.strides = {both.shape.heads * both.shape.length * both.shape.dim, both.shape.length * both.shape.dim,
                  both.shape.dim, 1};
  for (Index b = 0; b < both.shape.batch; ++b)
    for (Index h = 0; h < both.shape.heads; ++h)
      for (HeadsArray<Storage> const* const part : {&past, &now})
        for (Index i = 0; i < part->shape.length; ++i)
          for (Index f = 0; f < both.shape.dim; ++f) both.numbers.push_back(part->view()(b, h, i, f));
  return both;
}

/// A case in the words of the library. All cases have the same types of policies, those they do not need are neutral:
/// so the tests compile one call for each scalar, not one for each combination.
template <class Storage>
struct Problem {
  using Number = at::compute_t<Storage>;

  HeadsArray<Storage> q, k, v;
  at::ScaledDot similarity;
  ScoreModifier modifier;
  std::vector<Number> bias{Number(0)};
  at::GridShape bias_shape{1, 1, 1, 1};
  std::vector<char> keep{1};
  at::GridShape keep_shape{1, 1, 1, 1};
  at::Causal causal;
  at::SlidingWindow window;
  at::Lengths lengths{Index(0)};
  at::QueryStart start;

  explicit Problem(Case const& given)
      : q(laid_out<Storage>(given.in.at("Q"), given.attribute<Index>("q_num_heads", 0))),
        k(laid_out<Storage>(given.in.at("K"), given.attribute<Index>("kv_num_heads", 0))),
        v(laid_out<Storage>(given.in.at("V"), given.attribute<Index>("kv_num_heads", 0))) {
    // A query stands behind the past, or so that the last query stands at the last real key, or i at i.
    Index past = 0;
    if (given.has("past_key")) {
      past = given.in.at("past_key").shape[2];
      k = joined(laid_out<Storage>(given.in.at("past_key"), 0), k);
      v = joined(laid_out<Storage>(given.in.at("past_value"), 0), v);
    }
    Index const n = q.shape.length, m = k.shape.length;
    start = at::QueryStart(past);
    lengths = at::Lengths(m);
    if (given.has("nonpad_kv_seqlen")) {
      std::vector<Index> real_keys, starts;
      for (double const length : given.in.at("nonpad_kv_seqlen").numbers()) {
        real_keys.push_back(static_cast<Index>(length));
        starts.push_back(real_keys.back() - n);
      }
      lengths = at::Lengths(real_keys);
      start = at::QueryStart(starts);
    }

    if (given.attributes.contains("scale")) similarity = at::ScaledDot(given.attributes["scale"].get<double>());
    double const cap = given.attribute("softcap", 0.0);
    if (cap > 0) modifier = {ScoreModifier::Kind::soft_cap, cap};
    if (given.has("attn_mask")) read_mask(given.in.at("attn_mask"));
    if (given.attribute("is_causal", 0) == 0) causal = at::Causal::from(m);  // every key
    Index const before = given.attribute<Index>("left_window_size", -1);
    Index const after = given.attribute<Index>("right_window_size", -1);
    if (before >= 0) window.before = before;
    if (after >= 0) window.after = after;
    if (given.attributes.contains("score_mod")) read_score_modifier(given.attributes["score_mod"]);
  }

  /// Calls call(policies…).
  template <class Call>
  auto with_policies(Call const& call) const {
    return call(at::Keep(reinterpret_cast<bool const*>(keep.data()), keep_shape), similarity, start, modifier, lengths,
                at::Bias<Number>(bias.data(), bias_shape), causal, window);
  }

  /// The same problem without what comes after the scores (0), after the soft cap (1), after bias and mask (2).
  [[nodiscard]] Problem only_until(int mode) const {
    Problem part = *this;
    part.lengths = at::Lengths(k.shape.length);
    part.causal = at::Causal::from(k.shape.length);
    part.window = at::SlidingWindow{};
    if (mode < 2) {
      part.bias = {Number(0)};
      part.keep = {1};
      part.bias_shape = part.keep_shape = {1, 1, 1, 1};
    }
    if (mode < 1) part.modifier = {};
    return part;
  }

 private:
  /// Bool means "attend", numbers are added. Sizes are right-aligned; what is missing of a short last one is hidden.
  void read_mask(Array const& mask) {
    std::vector<Index> shape = mask.shape;
    while (shape.size() < 4) shape.insert(shape.begin(), 1);
    Index const given_keys = shape[3], m = k.shape.length, keys = given_keys == 1 ? 1 : m;
    bool const is_bool = mask.type == "b1";
    std::vector<double> const numbers = mask.numbers();
    at::GridShape const grid{shape[0], shape[1], shape[2], keys};
    bias.clear();
    keep.clear();
    for (Index line = 0; line < grid.batch * grid.heads * grid.rows; ++line)
      for (Index j = 0; j < keys; ++j) {
        double const number = j < given_keys ? numbers[static_cast<std::size_t>(line * given_keys + j)]
                                             : (is_bool ? 0.0 : -std::numeric_limits<double>::infinity());
        if (is_bool)
          keep.push_back(number != 0);
        else
          bias.push_back(static_cast<Number>(number));
      }
    (is_bool ? keep_shape : bias_shape) = grid;
    if (is_bool)
      bias = {Number(0)};
    else
      keep = {1};
  }

  /// The graphs of the suite by their names; their constants are in the graph.
  void read_score_modifier(nlohmann::json const& graph) {
    auto const constant = [&graph](std::string const& name) -> double {
      for (nlohmann::json const& tensor : graph.at("initializer"))
        if (tensor.at("name") == name) return tensor.at("vals").at(0);
      throw std::runtime_error("no constant " + name);
    };
    std::string const name = graph.at("name");
    if (name == "score_mod_bias")
      modifier = {ScoreModifier::Kind::add, constant("bias")};
    else if (name == "score_mod_soft_cap")
      modifier = {ScoreModifier::Kind::soft_cap, constant("cap")};
    else if (name == "score_mod_relative_positional")
      modifier = {ScoreModifier::Kind::distance, 0};
    else if (name == "score_mod_causal_mask")
      causal = at::Causal::top_left();
    else
      throw std::runtime_error("unknown modifier " + name);
  }
};

/// What a FlexAttention case does to the weights: the factor of `prob_mod_scale`, 1 where there is none.
inline double factor_of_weights(Case const& given) {
  if (!given.attributes.contains("prob_mod")) return 1;
  nlohmann::json const& graph = given.attributes["prob_mod"];
  if (graph.at("name") != "prob_mod_scale") throw std::runtime_error("unknown modifier of weights");
  return graph.at("initializer").at(0).at("vals").at(0);
}

}  // namespace onnx
