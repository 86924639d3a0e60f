#include <attend/core/freeze.hpp>

#include "core/sentence.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace freeze_tests {

struct Part {
  attend::Vector<double> gain = attend::Vector<double>::Ones(2);
  float offset = 1;

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    function("gain", attend::parameter_span(self.gain));
    function("offset", attend::parameter_span(self.offset));
  }
};

struct Whole {
  std::vector<Part> blocks = std::vector<Part>(11);
  Part head;

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    for (std::size_t i = 0; i < self.blocks.size(); ++i)
      attend::each_parameter(self.blocks[i], "blocks." + std::to_string(i), function);
    attend::each_parameter(self.head, "head", function);
  }
};

/// The groups that still have derivatives.
std::vector<std::string> moving(Whole const& gradient) {
  std::vector<std::string> names;
  attend::each_parameter(gradient, [&](std::string_view name, auto numbers) {
    bool const all = std::ranges::all_of(numbers, [](auto number) { return number == 1; });
    bool const none = std::ranges::all_of(numbers, [](auto number) { return number == 0; });
    EXPECT_NE(all, none) << name;
    if (all) names.emplace_back(name);
  });
  return names;
}

TEST(Freeze, ChoosesByNameUpToADot) {
  Whole gradient;
  attend::freeze(gradient, {"blocks"});
  EXPECT_EQ(moving(gradient), (std::vector<std::string>{"head.gain", "head.offset"}));

  gradient = {};
  attend::freeze(gradient, {"blocks.1", "head.gain"});
  EXPECT_EQ(moving(gradient).size(), 24u - 3u);
  EXPECT_EQ(gradient.blocks[1].gain, Eigen::Vector2d::Zero());
  EXPECT_EQ(gradient.blocks[10].gain, Eigen::Vector2d::Ones());

  gradient = {};
  attend::freeze_all_but(gradient, {"head", "blocks.10.offset"});
  EXPECT_EQ(moving(gradient), (std::vector<std::string>{"blocks.10.offset", "head.gain", "head.offset"}));

  gradient = {};
  attend::freeze(gradient, {});
  EXPECT_EQ(moving(gradient).size(), 24u);
  attend::freeze_all_but(gradient, {});
  EXPECT_TRUE(moving(gradient).empty());
}

TEST(Freeze, RefusesNamesOfNothing) {
  for (char const* const name : {"bloks", "blocks.", "blocks.11", "head.gai", "gain", ""}) {
    Whole gradient;
    sentences::expect_sentence([&] { attend::freeze(gradient, {"head", name}); },
                               {"no parameters \"" + std::string(name) + "\""});
    EXPECT_EQ(moving(gradient).size(), 24u) << name;
    EXPECT_THROW(attend::freeze_all_but(gradient, {name}), attend::Error);
  }
}

}  // namespace freeze_tests
