#pragma once

#include <attend/core/call_shape.hpp>
#include <attend/core/check.hpp>

#include <utility>
#include <vector>

namespace attend::detail {

/// One number for all sequences of a batch, or one for each.
class PerSequence {
 public:
  PerSequence() = default;
  explicit PerSequence(Index number) : numbers_{number} {}
  explicit PerSequence(std::vector<Index> numbers) : numbers_(std::move(numbers)) {}

  [[nodiscard]] bool empty() const { return numbers_.empty(); }
  [[nodiscard]] std::vector<Index> const& numbers() const { return numbers_; }
  [[nodiscard]] Index operator[](Index batch) const {
    return numbers_[numbers_.size() == 1 ? 0 : static_cast<std::size_t>(batch)];
  }

  void check_sizes(CallShape const& shape, char const* name, char const* what) const {
    check(numbers_.size() == 1 || std::cmp_equal(numbers_.size(), shape.batch), name, ": ", numbers_.size(), " ", what,
          " for a batch of ", shape.batch, "; give one, or one a sequence.");
  }

 private:
  std::vector<Index> numbers_;
};

}  // namespace attend::detail
