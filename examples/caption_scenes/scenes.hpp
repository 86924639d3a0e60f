#pragma once

#include "../train/draw.hpp"

#include <attend/core/random.hpp>
#include <attend/core/types.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Grids of coloured shapes, and what is said of them.

namespace caption_scenes {

using attend::Index;
using attend::Matrix;
using attend::Vector;

inline constexpr Index side = 4, cells = side * side;
inline constexpr Index kinds = 4;         // of colours, and of shapes
inline constexpr Index what = 2 * kinds;  // features of what a cell shows: its colour, its shape

/// Colours, then shapes, then what stands between and around objects.
inline constexpr std::array<std::string_view, 13> words{
    "red", "green", "blue", "yellow", "circle", "square", "triangle", "star", "above", "below", "beside", ".", "^"};
inline constexpr Index above = 8, below = 9, beside = 10, full_stop = 11, beginning = 12;

struct Object {
  Index cell = 0, color = 0, shape = 0;

  [[nodiscard]] Index row() const { return cell / side; }
  [[nodiscard]] Index column() const { return cell % side; }
};

/// What is on the grid, how it looks, and what is said of it.
struct Scene {
  std::vector<Object> objects;  // from left to right
  Matrix<float> looks;          // (16, 8)  what each cell shows
  std::vector<Index> caption;   // words: "red circle above blue star ."
  std::vector<Index> cells;     // of each word: the cell of the object that it speaks of, or −1
};

/// One arrangement of every ten is never trained on.
[[nodiscard]] inline bool is_held_out(std::vector<Object> const& objects) {
  std::uint64_t number = 1;
  for (Object const& object : objects)
    number = number * 256 + static_cast<std::uint64_t>((object.cell * kinds + object.color) * kinds + object.shape);
  return attend::detail::mix(number) % 10 == 0;
}

/// The word between two objects.
[[nodiscard]] inline Index relation_of(Object const& left, Object const& right) {
  return left.row() < right.row() ? above : left.row() > right.row() ? below : beside;
}

/// Names all objects from left to right.
inline void describe(Scene& scene) {
  for (std::size_t i = 0; i < scene.objects.size(); ++i) {
    Object const& object = scene.objects[i];
    bool const is_last = i + 1 == scene.objects.size();
    Index const between = is_last ? full_stop : relation_of(object, scene.objects[i + 1]);
    for (Index const word : {object.color, kinds + object.shape, between}) {
      scene.caption.push_back(word);
      scene.cells.push_back(word < 2 * kinds ? object.cell : -1);
    }
  }
}

/// `count` objects, each in a column of its own. Every feature has noise, of cells without an object too. With twice as
/// much the order of objects is learned far later: a third of the captions were wrong after 4000 steps (seed 1).
[[nodiscard]] inline Scene draw_scene(train::Draw& draw, Index count, bool held_out) {
  Scene scene;
  do {
    scene.objects.clear();
    while (std::ssize(scene.objects) < count) {
      Object const object{draw.below(cells), draw.below(kinds), draw.below(kinds)};
      auto const is_there = [&](Object const& other) { return other.column() == object.column(); };
      if (std::ranges::none_of(scene.objects, is_there)) scene.objects.push_back(object);
    }
    std::ranges::sort(scene.objects, {}, &Object::column);
  } while (is_held_out(scene.objects) != held_out);
  scene.looks.resize(cells, what);
  for (float& number : scene.looks.reshaped()) number = static_cast<float>(0.4 * draw.uniform() - 0.2);
  for (Object const& object : scene.objects) {
    scene.looks(object.cell, object.color) += 1;
    scene.looks(object.cell, kinds + object.shape) += 1;
  }
  describe(scene);
  return scene;
}

/// "red circle above blue star ."
[[nodiscard]] inline std::string text_of(std::vector<Index> const& caption) {
  std::string text;
  for (Index const word : caption)
    text += (text.empty() ? "" : " ") + std::string(words[static_cast<std::size_t>(word)]);
  return text;
}

}  // namespace caption_scenes
