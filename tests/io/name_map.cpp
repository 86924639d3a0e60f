#include <attend/io/name_map.hpp>

#include <attend/io/convert.hpp>

#include "files.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace name_map_tests {

using namespace attend::io;
using attend::Index;

constexpr std::array<float, 12> numbers{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

Tensor matrix(std::string name, Index rows = 6, Index columns = 2) {
  return tensor_of(std::move(name), std::span(numbers).first(static_cast<std::size_t>(rows * columns)),
                   {rows, columns});
}
std::vector<Tensor> some(std::vector<std::string> const& names) {
  std::vector<Tensor> tensors;
  for (std::string const& name : names) tensors.push_back(matrix(name));
  return tensors;
}
std::vector<std::string> names_of(std::vector<Tensor> const& tensors) {
  std::vector<std::string> names;
  for (Tensor const& tensor : tensors) names.push_back(tensor.name);
  return names;
}
using Names = std::vector<std::string>;

TEST(NameMap, AnEmptyOneChangesNothing) {
  EXPECT_EQ(names_of(NameMap().apply(some({"b", "a"}))), (Names{"b", "a"}));
  EXPECT_EQ(names_of(NameMap().apply({})), Names{});
}

TEST(NameMap, RulesFollowOneAnother) {
  NameMap map;
  map.ignore_prefix("head.")
      .rename_prefix("model.layers.0.", "")
      .rename_prefix("attn.", "attention.")
      .rename("attention.o", "attention.output.weight")
      .ignore("ids");
  auto const given = some({"model.layers.0.attn.q", "head.weight", "ids", "model.layers.0.attn.o", "head.bias"});
  EXPECT_EQ(names_of(map.apply(given)), (Names{"attention.q", "attention.output.weight"}));
  EXPECT_EQ(names_of(map.apply(given)), (Names{"attention.q", "attention.output.weight"}));  // it can be used again
  EXPECT_EQ(names_of(NameMap().rename_prefix("", "x.").apply(some({"a", "b"}))), (Names{"x.a", "x.b"}));
  // Two tensors change their names through a third.
  EXPECT_EQ(names_of(NameMap().rename("a", "c").rename("b", "a").rename("c", "b").apply(some({"a", "b"}))),
            (Names{"b", "a"}));
}

TEST(NameMap, WhatOnlySomeFilesHold) {
  NameMap map;
  map.rename_suffix_if_there(".gamma", ".weight").ignore_if_there("pooler.");
  EXPECT_EQ(names_of(map.apply(some({"a.gamma", "gamma.b", "pooler.c"}))), (Names{"a.weight", "gamma.b"}));
  EXPECT_EQ(names_of(map.apply(some({"a"}))), (Names{"a"}));
  files::expect_refused([&] { (void)map.apply(some({"a.gamma", "a.weight"})); }, "two tensors are named \"a.weight\"");
}

/// GPT-2: one map for q, k and v, kept as (in, out).
TEST(NameMap, TransposeThenSplit) {
  NameMap map;
  map.transpose("c_attn.weight").split("c_attn.weight", {"q", "k", "v"});
  std::vector<Tensor> const parts = map.apply(std::vector{matrix("c_attn.weight", 2, 6)});
  EXPECT_EQ(names_of(parts), (Names{"q", "k", "v"}));
  attend::Matrix<float> wanted(2, 2);
  wanted << 2, 8, 3, 9;  // columns 2 and 3 of (2, 6), as rows
  EXPECT_EQ(to_matrix<float>(parts[1]), wanted);
}

/// Two names in braces are two names, not the two ends of a range.
TEST(NameMap, SplitIntoTwo) {
  EXPECT_EQ(names_of(NameMap().split("kv", {"k", "v"}).apply(some({"kv"}))), (Names{"k", "v"}));
}

TEST(NameMap, SplitByRowsThenConcat) {
  NameMap map;
  map.split_rows("packed", {{"q", 4}, {"k", 2}}).concat({"k", "q"}, "turned");
  std::vector<Tensor> const all = map.apply(some({"packed"}));
  EXPECT_EQ(names_of(all), (Names{"turned"}));
  EXPECT_EQ(to_flat<float>(all[0])[0], 8.f);
}

TEST(NameMap, ARuleThatFindsNothingIsRefused) {
  auto const given = some({"a", "b"});
  auto const refused = [&](NameMap const& map, std::string_view fragment) {
    files::expect_refused([&] { (void)map.apply(given); }, fragment);
  };
  refused(NameMap().rename("c", "d"), "NameMap: there is no tensor \"c\"; rename must find it");
  refused(NameMap().rename("a", "c").rename("a", "d"), "there is no tensor \"a\"; rename must");
  refused(NameMap().rename_prefix("c", "d"), "no tensor's name begins with \"c\"; rename_prefix must find one");
  refused(NameMap().ignore("c"), "there is no tensor \"c\"; ignore must");
  refused(NameMap().ignore_prefix("c"), "no tensor's name begins with \"c\"; ignore_prefix must");
  refused(NameMap().transpose("c"), "there is no tensor \"c\"; transpose must");
  refused(NameMap().split("c", {"d", "e", "f"}), "there is no tensor \"c\"; split must");
  refused(NameMap().split_rows("c", {{"d", 4}, {"e", 2}}), "there is no tensor \"c\"; split_rows must");
  refused(NameMap().split_rows("a", {{"d", 4}, {"e", 3}}), "has 6 rows, of which 2 are left for \"e\"");
  refused(NameMap().concat({"a", "c"}, "d"), "there is no tensor \"c\"; concat must");
  refused(NameMap().concat({"a", "a"}, "d"), "there is no tensor \"a\"; concat must");
  refused(NameMap().rename("a", "b"), "NameMap: two tensors are named \"b\"");
  refused(NameMap().rename_prefix("a", "b"), "two tensors are named \"b\"");
  refused(NameMap().split("a", {"b", "c", "d"}), "two tensors are named \"b\"");
  refused(NameMap().split("a", {"x", "y", "z", "u"}), "cannot be cut into 4 equal parts");
}

}  // namespace name_map_tests
