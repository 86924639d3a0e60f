#pragma once

#include "../train/draw.hpp"
#include "alphabet.hpp"

#include <attend/io.hpp>
#include <attend/layer/initialize.hpp>
#include <attend/model/gpt2.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace write_like {

using attend::Matrix;

/// A small Gpt2 over characters, with the alphabet that it writes in.
struct Writer {
  Alphabet alphabet;
  attend::Gpt2Shape shape;
  attend::Gpt2<float> model;

  Writer(Alphabet characters, attend::Gpt2Shape sizes) : alphabet(std::move(characters)), shape(sizes) {
    shape.words = alphabet.size();
    model = attend::gpt2<float>(shape);
  }

  /// As many characters as the model can look back on.
  [[nodiscard]] Index context() const { return shape.positions; }

  /// Small tables, matrices by Glorot's rule; norms stay 1.
  void initialize(std::uint64_t seed) {
    attend::initialize_uniform(model.words, 0.05, seed);
    attend::initialize_uniform(model.positions, 0.05, seed + 1);
    for (auto& block : model.blocks.blocks) {
      block.attention.initialize(seed += 10);
      attend::initialize_glorot(block.feed_forward.expand.weight, ++seed);
      attend::initialize_glorot(block.feed_forward.contract.weight, ++seed);
    }
  }

  void save(std::string const& path) const {
    attend::io::save_parameters(path, model,
                                {{"characters", alphabet.characters()},
                                 {"context", std::to_string(shape.positions)},
                                 {"features", std::to_string(shape.features)},
                                 {"layers", std::to_string(shape.layers)},
                                 {"heads", std::to_string(shape.heads)}});
  }
  /// Throws   when the file was not written by `save`
  [[nodiscard]] static Writer load(std::string const& path) {
    auto const metadata = attend::io::read_safetensors(path).metadata;
    auto const text = [&](std::string const& key) {
      auto const found = metadata.find(key);
      attend::check(found != metadata.end(), path, " does not say its \"", key, "\"; it was not saved by write_like.");
      return found->second;
    };
    auto const number = [&](std::string const& key) {
      std::string const said = text(key);
      Index value = 0;
      auto const [end, fault] = std::from_chars(said.data(), said.data() + said.size(), value);
      attend::check(fault == std::errc() && end == said.data() + said.size() && value > 0 && value <= 65536, path,
                    ": its \"", key, "\" is \"", said, "\"; it must be a number from 1 to 65536.");
      return value;
    };
    Writer writer(Alphabet(text("characters")), {.positions = number("context"),
                                                 .features = number("features"),
                                                 .layers = number("layers"),
                                                 .heads = number("heads")});
    attend::io::load_parameters(path, writer.model);
    return writer;
  }
};

/// One of the words, by their logits: the likeliest at temperature 0, and the more evenly the higher it is.
[[nodiscard]] inline Index pick(std::span<float const> logits, double temperature, train::Draw& draw) {
  auto const best = std::max_element(logits.begin(), logits.end());
  if (temperature <= 0) return best - logits.begin();
  std::vector<double> weights;
  double sum = 0;
  for (float const logit : logits) sum += weights.emplace_back(std::exp((logit - *best) / temperature));
  double left = draw.uniform() * sum;
  for (std::size_t i = 0; i < weights.size(); ++i)
    if ((left -= weights[i]) < 0) return static_cast<Index>(i);
  return best - logits.begin();
}

/// Goes on from a prompt. With the cache a character costs one step; without it, all that went before once more. Where
/// the context is full, the older half of it is forgotten.
[[nodiscard]] inline std::vector<Index> write(Writer const& writer, std::vector<Index> tokens, Index count,
                                              double temperature, std::uint64_t seed, bool with_cache,
                                              Matrix<float>* last_logits = nullptr) {
  train::Draw draw(seed, 3);
  auto caches = writer.model.caches(writer.context());
  Index begin = std::max<Index>(0, std::ssize(tokens) - writer.context() / 2), cached = begin;
  attend::Serial serial;
  attend::Workspace workspace;
  for (Index i = 0; i < count; ++i) {
    if (std::ssize(tokens) - begin > writer.context()) {
      begin = cached = std::ssize(tokens) - writer.context() / 2;
      for (auto& cache : caches) cache.truncate(0);
    }
    Index const from = with_cache ? cached : begin;
    auto const next = std::span(tokens).subspan(static_cast<std::size_t>(from));
    Matrix<float> logits = with_cache ? writer.model.decode(next, caches, serial, workspace)
                                      : writer.model.run(next, 1, serial, workspace);
    cached = std::ssize(tokens);
    auto const last = logits.row(logits.rows() - 1);
    if (last_logits != nullptr) last_logits->row(i) = last;
    tokens.push_back(pick({last.data(), static_cast<std::size_t>(last.size())}, temperature, draw));
  }
  return tokens;
}

}  // namespace write_like
