#pragma once

#include <attend/core/dual.hpp>
#include <attend/core/executor.hpp>
#include <attend/core/policies.hpp>
#include <attend/simd/pack.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// Policies behind one type each. A kernel is compiled for every distinct list of policies and for three instruction
/// sets, some seconds each; with the mask chosen at run time one kernel serves all masks. The calls go through a
/// pointer to a function that takes and gives packs, which also shows that such functions need not be inlined.

namespace laws {

using attend::Index;

namespace detail {

template <class Keys>
struct answer {
  using type = bool;
};
template <class Integer, int lanes>
struct answer<attend::pack<Integer, lanes>> {
  using type = attend::pack_mask<Integer, lanes>;
};

template <class Score>
struct keys_beside {
  using type = attend::Ordinal;
};
template <class Number, int lanes>
struct keys_beside<attend::pack<Number, lanes>> {
  using type = attend::pack<attend::integer_like<Number>, lanes>;
};
template <class Number>
struct keys_beside<attend::Dual<Number>> : keys_beside<Number> {};

}  // namespace detail

ATTEND_QUIET_BEGIN

/// Any mask: `AnyMask("causal", attend::Causal{})`. Without one every query sees every key.
class AnyMask {
 public:
  AnyMask() : AnyMask("none", Everything{}) {}
  template <attend::Mask Held>
  AnyMask(std::string name, Held held);

  [[nodiscard]] std::string const& name() const { return name_; }
  void check_sizes(attend::CallShape const& shape) const { check_(held_.get(), shape); }

  template <class Keys>
  [[nodiscard]] auto operator()(attend::Position<Keys> const& p) const {
    return std::get<Question<Keys>>(ask_)(held_.get(), p);
  }
  [[nodiscard]] attend::Coverage coverage(attend::Tile const& tile) const { return cover_(held_.get(), tile); }

 private:
  template <class Keys>
  using Question = typename detail::answer<Keys>::type (*)(void const*, attend::Position<Keys> const&);
  template <int lanes>
  using Int32 = attend::pack<std::int32_t, lanes>;
  template <int lanes>
  using Int64 = attend::pack<std::int64_t, lanes>;
  using Questions = std::tuple<Question<attend::Ordinal>, Question<Int32<4>>, Question<Int32<8>>, Question<Int32<16>>,
                               Question<Int64<2>>, Question<Int64<4>>, Question<Int64<8>>>;

  template <class Held>
  struct Ask {
    template <class Keys>
    static typename detail::answer<Keys>::type one(void const* mask, attend::Position<Keys> const& p) {
      return typename detail::answer<Keys>::type((*static_cast<Held const*>(mask))(p));
    }
    static Questions all() {
      return {one<attend::Ordinal>, one<Int32<4>>, one<Int32<8>>, one<Int32<16>>,
              one<Int64<2>>,        one<Int64<4>>, one<Int64<8>>};
    }
  };
  struct Everything {
    bool operator()(auto const&) const { return true; }
    [[nodiscard]] attend::Coverage coverage(attend::Tile const&) const { return attend::Coverage::all; }
  };

  std::string name_;
  std::shared_ptr<void const> held_;
  Questions ask_;
  attend::Coverage (*cover_)(void const*, attend::Tile const&);
  void (*check_)(void const*, attend::CallShape const&);
};

// Not in the class, where it would be inline: then each unit would compile it again, whatever `extern template` says.
template <attend::Mask Held>
AnyMask::AnyMask(std::string name, Held held)
    : name_(std::move(name)), held_(std::make_shared<Held const>(std::move(held))), ask_(Ask<Held>::all()) {
  cover_ = [](void const* mask, attend::Tile const& tile) {
    return attend::coverage_of(*static_cast<Held const*>(mask), tile);
  };
  check_ = [](void const* mask, attend::CallShape const& shape) {
    attend::check_policy(*static_cast<Held const*>(mask), shape);
  };
}

/// Any number of adjusters, one after another: `AnyAdjuster().then(SoftCap(5)).then(Alibi(0.1))`. None: the score
/// stays.
class AnyAdjuster {
 public:
  template <class Held>
  [[nodiscard]] AnyAdjuster then(Held held) const;

  [[nodiscard]] Index size() const { return static_cast<Index>(parts_.size()); }
  void check_sizes(attend::CallShape const& shape) const {
    for (Part const& part : parts_) part.check(part.held.get(), shape);
  }

  template <class Score, class Keys>
  [[nodiscard]] Score operator()(Score const& score, attend::Position<Keys> const& p) const {
    Score adjusted = score;
    for (Part const& part : parts_) adjusted = std::get<Function<Score>>(part.adjust)(part.held.get(), adjusted, p);
    return adjusted;
  }

  /// Σ of the sizes of a score on its way through the adjusters: what their roundings are relative to.
  template <class Score>
  [[nodiscard]] Score travelled(Score score, attend::Position<> const& p) const {
    Score sum = score < 0 ? -score : score;
    for (Part const& part : parts_) {
      score = std::get<Function<Score>>(part.adjust)(part.held.get(), score, p);
      sum += score < 0 ? -score : score;
    }
    return sum;
  }

 private:
  template <class Score>
  using Function = Score (*)(void const*, Score const&,
                             attend::Position<typename detail::keys_beside<Score>::type> const&);
  template <int lanes>
  using Float = attend::pack<float, lanes>;
  template <int lanes>
  using Double = attend::pack<double, lanes>;
  template <class... Scores>
  struct List {
    using Functions = std::tuple<Function<Scores>..., Function<attend::Dual<Scores>>...>;  // backward asks dual numbers
    template <class Adjust>
    static Functions all() {
      return {Adjust::template one<Scores>..., Adjust::template one<attend::Dual<Scores>>...};
    }
  };
  using Scores = List<float, double, long double, Float<4>, Float<8>, Float<16>, Double<2>, Double<4>, Double<8>>;
  using Functions = Scores::Functions;

  template <class Held>
  struct Adjust {
    template <class Score>
    static Score one(void const* adjuster, Score const& score,
                     attend::Position<typename detail::keys_beside<Score>::type> const& p) {
      return Score((*static_cast<Held const*>(adjuster))(score, p));
    }
    static Functions all() { return Scores::template all<Adjust>(); }
  };
  struct Part {
    std::shared_ptr<void const> held;
    Functions adjust;
    void (*check)(void const*, attend::CallShape const&);
  };

  std::vector<Part> parts_;
};

template <class Held>
AnyAdjuster AnyAdjuster::then(Held held) const {
  AnyAdjuster longer = *this;
  longer.parts_.push_back(Part{std::make_shared<Held const>(std::move(held)), Adjust<Held>::all(),
                               [](void const* adjuster, attend::CallShape const& shape) {
                                 attend::check_policy(*static_cast<Held const*>(adjuster), shape);
                               }});
  return longer;
}

ATTEND_QUIET_END

/// Any executor, by reference. Does not touch the heap.
class AnyExecutor {
 public:
  AnyExecutor() : AnyExecutor(serial()) {}
  template <class Executor>
    requires(!std::same_as<Executor, AnyExecutor>)
  explicit AnyExecutor(Executor& executor)
      : executor_(&executor), concurrency_(static_cast<Index>(executor.concurrency())) {
    run_ = [](void* held, Index count, void* function, Task task) {
      static_cast<Executor*>(held)->for_each(count, [function, task](Index number) { task(function, number); });
    };
  }

  template <class Function>
  void for_each(Index count, Function&& function) const {
    using Bare = std::remove_reference_t<Function>;
    run_(executor_, count, const_cast<void*>(static_cast<void const*>(&function)),
         [](void* held, Index number) { (*static_cast<Bare*>(held))(number); });
  }
  [[nodiscard]] Index concurrency() const { return concurrency_; }

 private:
  using Task = void (*)(void*, Index);
  static attend::Serial& serial() {
    static attend::Serial serial;
    return serial;
  }

  void* executor_;
  Index concurrency_;
  void (*run_)(void*, Index, void*, Task);
};

}  // namespace laws
