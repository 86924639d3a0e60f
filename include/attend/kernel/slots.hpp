#pragma once

#include <attend/core/config.hpp>
#include <attend/core/types.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <thread>

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// Hands out numbers below `count`, each to one task at a time: which working memory it may use. Executors need not
/// know who they are. An executor that runs more tasks at once than it says makes the surplus wait.
class Slots {
 public:
  static constexpr Index most = 256;

  explicit Slots(Index count) : count_(count) {
    for (auto& word : taken_) word.store(0, std::memory_order_relaxed);
  }

  class Lease {
   public:
    explicit Lease(Slots& slots) : slots_(slots), slot_(slots.acquire()) {}
    ~Lease() { slots_.release(slot_); }
    Lease(Lease const&) = delete;
    Lease& operator=(Lease const&) = delete;
    [[nodiscard]] Index slot() const { return slot_; }

   private:
    Slots& slots_;
    Index slot_;
  };

 private:
  [[nodiscard]] Index acquire() {
    for (;;) {
      for (Index word = 0; word * 64 < count_; ++word) {
        std::uint64_t const usable =
            count_ - word * 64 >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << (count_ - word * 64)) - 1;
        auto& taken = taken_[static_cast<std::size_t>(word)];
        std::uint64_t now = taken.load(std::memory_order_relaxed);
        while ((~now & usable) != 0) {
          int const bit = std::countr_zero(~now & usable);
          if (taken.compare_exchange_weak(now, now | (std::uint64_t{1} << bit), std::memory_order_acquire,
                                          std::memory_order_relaxed))
            return word * 64 + bit;
        }
      }
      std::this_thread::yield();
    }
  }
  void release(Index slot) {
    taken_[static_cast<std::size_t>(slot / 64)].fetch_and(~(std::uint64_t{1} << (slot % 64)),
                                                          std::memory_order_release);
  }

  Index count_;
  std::array<std::atomic<std::uint64_t>, most / 64> taken_;
};

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend
