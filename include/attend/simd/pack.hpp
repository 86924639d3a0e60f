#pragma once

#include <attend/core/config.hpp>
#include <attend/core/position.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// The compilers' own vector of `lanes` numbers: what micro-kernels keep in registers.
template <class Number, int lanes>
struct raw_vector_of {
  typedef Number type __attribute__((vector_size(lanes * sizeof(Number))));
};
template <class Number, int lanes>
using raw_vector = typename raw_vector_of<Number, lanes>::type;

/// The integer as wide as a number: what comparisons and positions are counted in.
template <class Number>
using integer_like = std::conditional_t<sizeof(Number) == 8, std::int64_t, std::int32_t>;
template <class Integer>
using real_like = std::conditional_t<sizeof(Integer) == 8, double, float>;

template <class Number, int lanes>
class pack;
template <class Integer, int lanes>
class pack_mask;

template <class Type>
inline constexpr bool is_pack = false;
template <class Number, int lanes>
inline constexpr bool is_pack<pack<Number, lanes>> = true;
/// What joins a pack as one number for all lanes.
template <class Type>
inline constexpr bool is_plain_number = std::is_arithmetic_v<Type> || std::is_same_v<Type, Ordinal>;

template <class Type>
inline constexpr bool is_pack_mask = false;
template <class Integer, int lanes>
inline constexpr bool is_pack_mask<pack_mask<Integer, lanes>> = true;

/// The outcome of a comparison, lane by lane (all bits set or none). Combine with `&&`, `||`, `!`; choose with
/// `select(mask, a, b)`.
template <class Integer, int lanes>
class pack_mask {
 public:
  using raw = raw_vector<Integer, lanes>;

  pack_mask() = default;
  ATTEND_INLINE explicit pack_mask(raw const& bits) : bits_(bits) {}
  ATTEND_INLINE pack_mask(bool all) : bits_(raw{} - Integer(all ? 1 : 0)) {}
  // User-provided, so that every calling convention passes the class in memory (see pack).
  ATTEND_INLINE pack_mask(pack_mask const& other) : bits_(other.bits_) {}
  ATTEND_INLINE pack_mask& operator=(pack_mask const& other) {
    bits_ = other.bits_;
    return *this;
  }

  [[nodiscard]] ATTEND_INLINE raw const& bits() const { return bits_; }
  [[nodiscard]] ATTEND_INLINE bool operator[](int lane) const { return bits_[lane] != 0; }

  /// A vector of outcomes is not one bool: `if`, `?:` and short circuits cannot follow it.
  template <class Bool>
    requires std::is_same_v<Bool, bool>
  explicit operator Bool() const {
    static_assert(!std::is_same_v<Bool, bool>,
                  "attend: a score or mask function sees many keys at once, so a comparison has no single answer: "
                  "write attend::select(condition, a, b) instead of `condition ? a : b` or `if (condition)`.");
    return false;
  }

  friend ATTEND_INLINE pack_mask operator&&(pack_mask const& a, pack_mask const& b) {
    return pack_mask(raw(a.opaque().bits_ & b.opaque().bits_));
  }
  friend ATTEND_INLINE pack_mask operator||(pack_mask const& a, pack_mask const& b) {
    return pack_mask(raw(a.opaque().bits_ | b.opaque().bits_));
  }
  // One answer for all lanes joins many. Templates, so that a pack_mask is not turned into a bool to get here.
  template <std::same_as<bool> Bool>
  friend ATTEND_INLINE pack_mask operator&&(pack_mask const& a, Bool b) {
    return a && pack_mask(b);
  }
  template <std::same_as<bool> Bool>
  friend ATTEND_INLINE pack_mask operator&&(Bool a, pack_mask const& b) {
    return pack_mask(a) && b;
  }
  template <std::same_as<bool> Bool>
  friend ATTEND_INLINE pack_mask operator||(pack_mask const& a, Bool b) {
    return a || pack_mask(b);
  }
  template <std::same_as<bool> Bool>
  friend ATTEND_INLINE pack_mask operator||(Bool a, pack_mask const& b) {
    return pack_mask(a) || b;
  }
  friend ATTEND_INLINE pack_mask operator&(pack_mask const& a, pack_mask const& b) { return a && b; }
  friend ATTEND_INLINE pack_mask operator|(pack_mask const& a, pack_mask const& b) { return a || b; }
  friend ATTEND_INLINE pack_mask operator!(pack_mask const& a) { return pack_mask(raw(~a.bits_)); }
  friend ATTEND_INLINE pack_mask operator!=(pack_mask const& a, pack_mask const& b) {
    return pack_mask(raw(a.bits_ ^ b.bits_));
  }
  friend ATTEND_INLINE pack_mask operator==(pack_mask const& a, pack_mask const& b) { return !(a != b); }

 private:
  /// The same bits, of which GCC does not know that they come from a comparison. It joins two comparisons before the
  /// function is inlined where vectors of 64 bytes are, and then lane by lane: a mask of the user's own took 1.8 times
  /// as long as none, a boolean matrix 3.8 times; now it is 1.1 and 1.25.
  [[nodiscard]] ATTEND_INLINE pack_mask opaque() const {
#if !defined(__clang__) && ATTEND_UNIT_LEVEL < 2
    if constexpr (sizeof(raw) == 64) {
      Integer all = -1;
      asm("" : "+r"(all));
      return pack_mask(raw(bits_ ? all - raw{} : raw{}));
    }
#endif
    return *this;
  }

  raw bits_;
};

namespace pack_detail {

/// 0, 1, 2, …: loaded, because Clang 14 would count it up anew in every vector.
template <class Number, int lanes>
struct Ramp {
  Number lane[lanes];
  constexpr Ramp() : lane{} {
    for (int i = 0; i < lanes; ++i) lane[i] = static_cast<Number>(i);
  }
};
template <class Number, int lanes>
inline constexpr Ramp<Number, lanes> ramp;

}  // namespace pack_detail

/// `lanes` numbers that are computed on together: what a user's score or mask function is called with.
///
/// The copy constructor is user-provided so that the class is passed in memory by every calling convention. Then a
/// function that the compiler leaves out of line (at -O0, say), compiled for the baseline, still agrees with a kernel
/// that was compiled for AVX-512.
template <class Number, int lanes>
class pack {
 public:
  using raw = raw_vector<Number, lanes>;
  using number = Number;
  using mask = pack_mask<integer_like<Number>, lanes>;
  static constexpr int size = lanes;

  pack() = default;
  ATTEND_INLINE explicit pack(raw const& value) : value_(value) {}
  ATTEND_INLINE pack(pack const& other) : value_(other.value_) {}
  ATTEND_INLINE pack& operator=(pack const& other) {
    value_ = other.value_;
    return *this;
  }
  template <class Other>
    requires is_plain_number<Other>
  ATTEND_INLINE pack(Other x) {
    broadcast(static_cast<Number>(x), value_);
  }
  /// Whole numbers become reals of the same width, never the other way round.
  template <class Integer>
    requires(std::is_integral_v<Integer> && std::is_floating_point_v<Number> && sizeof(Integer) == sizeof(Number))
  ATTEND_INLINE pack(pack<Integer, lanes> const& whole) : value_(__builtin_convertvector(whole.value(), raw)) {}

  [[nodiscard]] ATTEND_INLINE raw const& value() const { return value_; }
  [[nodiscard]] ATTEND_INLINE Number operator[](int lane) const { return value_[lane]; }
  ATTEND_INLINE void set(int lane, Number x) { value_[lane] = x; }

  [[nodiscard]] static ATTEND_INLINE pack load(Number const* from) {
    raw value;
    std::memcpy(&value, from, sizeof value);
    return pack(value);
  }
  ATTEND_INLINE void store(Number* to) const { std::memcpy(to, &value_, sizeof value_); }

  /// first, first + 1, …
  [[nodiscard]] static ATTEND_INLINE pack consecutive(Number first) {
    return load(pack_detail::ramp<Number, lanes>.lane) + pack(first);
  }

  // By reference: a raw vector that is returned makes GCC warn at the end of the unit, where no pragma reaches.
  static ATTEND_INLINE void broadcast(Number x, raw& value) {
#if defined(__clang__)
    value = x - raw{};  // x − 0 keeps the sign of a zero, x + 0 would not
#else
    // GCC 12 splits `x - raw{}`, once it is stored in a class that is wider than the unit's own registers, into one
    // store a lane before the function is inlined where wide registers are (measured: 19 instead of 86 GFLOP/s). A
    // shuffle it leaves alone.
    raw first{};
    first[0] = x;
    value = __builtin_shuffle(first, raw_vector<integer_like<Number>, lanes>{});
#endif
  }

  ATTEND_INLINE pack operator-() const { return pack(raw(-value_)); }
  ATTEND_INLINE pack operator+() const { return *this; }

 private:
  raw value_;
};

namespace pack_detail {

/// What two operands of an arithmetic operator are brought to: reals win over whole numbers.
template <class Left, class Right>
struct common_pack {};
template <class Number, int lanes>
struct common_pack<pack<Number, lanes>, pack<Number, lanes>> {
  using type = pack<Number, lanes>;
};
template <class Left, class Right, int lanes>
  requires(!std::is_same_v<Left, Right> && sizeof(Left) == sizeof(Right))
struct common_pack<pack<Left, lanes>, pack<Right, lanes>> {
  using type = pack<real_like<Left>, lanes>;
};
template <class Number, int lanes, class Plain>
  requires is_plain_number<Plain>
struct common_pack<pack<Number, lanes>, Plain> {
  using type = pack<std::conditional_t<std::is_floating_point_v<Plain>, real_like<Number>, Number>, lanes>;
};
template <class Plain, class Number, int lanes>
  requires is_plain_number<Plain>
struct common_pack<Plain, pack<Number, lanes>> : common_pack<pack<Number, lanes>, Plain> {};

template <class Left, class Right>
using common_pack_t = typename common_pack<Left, Right>::type;

}  // namespace pack_detail

// The operators of numbers, lane by lane, between packs and between a pack and a plain number.
#define ATTEND_PACK_OPERATOR(op)                                                                           \
  template <class Left, class Right>                                                                       \
    requires(is_pack<Left> || is_pack<Right>)                                                              \
  ATTEND_INLINE auto operator op(Left const& a, Right const& b)->pack_detail::common_pack_t<Left, Right> { \
    using Pack = pack_detail::common_pack_t<Left, Right>;                                                  \
    return Pack(typename Pack::raw(Pack(a).value() op Pack(b).value()));                                   \
  }                                                                                                        \
  template <class Number, int lanes, class Right>                                                          \
  ATTEND_INLINE pack<Number, lanes>& operator op##=(pack<Number, lanes>& a, Right const& b) {              \
    return a = a op b;                                                                                     \
  }
#define ATTEND_PACK_COMPARISON(op)                                                            \
  template <class Left, class Right>                                                          \
    requires(is_pack<Left> || is_pack<Right>)                                                 \
  ATTEND_INLINE auto operator op(Left const& a, Right const& b)                               \
      ->typename pack_detail::common_pack_t<Left, Right>::mask {                              \
    using Pack = pack_detail::common_pack_t<Left, Right>;                                     \
    return typename Pack::mask(typename Pack::mask::raw(Pack(a).value() op Pack(b).value())); \
  }
ATTEND_PACK_OPERATOR(+)
ATTEND_PACK_OPERATOR(-)
ATTEND_PACK_OPERATOR(*)
ATTEND_PACK_OPERATOR(/)
ATTEND_PACK_OPERATOR(%)
ATTEND_PACK_OPERATOR(&)
ATTEND_PACK_OPERATOR(|)
ATTEND_PACK_OPERATOR(^)
ATTEND_PACK_OPERATOR(<<)
ATTEND_PACK_OPERATOR(>>)
ATTEND_PACK_COMPARISON(<)
ATTEND_PACK_COMPARISON(<=)
ATTEND_PACK_COMPARISON(>)
ATTEND_PACK_COMPARISON(>=)
ATTEND_PACK_COMPARISON(==)
ATTEND_PACK_COMPARISON(!=)
#undef ATTEND_PACK_OPERATOR
#undef ATTEND_PACK_COMPARISON

/// condition ? a : b, lane by lane. One of a and b may be a plain number.
template <class Integer, int lanes, class Left, class Right>
  requires(is_pack<Left> || is_pack<Right>)
[[nodiscard]] ATTEND_INLINE auto select(pack_mask<Integer, lanes> const& condition, Left const& a,
                                        Right const& b) -> pack_detail::common_pack_t<Left, Right> {
  using Pack = pack_detail::common_pack_t<Left, Right>;
  using Raw = typename Pack::raw;
  Raw const chosen = Pack(a).value(), other = Pack(b).value();
  return Pack(Raw(condition.bits() ? chosen : other));
}
/// Two plain numbers become reals as wide as the mask's lanes.
template <class Integer, int lanes, class Left, class Right>
  requires(is_plain_number<Left> && is_plain_number<Right>)
[[nodiscard]] ATTEND_INLINE auto select(pack_mask<Integer, lanes> const& condition, Left a, Right b) {
  using Pack = pack<real_like<Integer>, lanes>;
  return select(condition, Pack(a), Pack(b));
}
template <class Left, class Right>
  requires(is_pack<Left> || is_pack<Right>)
[[nodiscard]] ATTEND_INLINE auto select(bool condition, Left const& a,
                                        Right const& b) -> pack_detail::common_pack_t<Left, Right> {
  using Pack = pack_detail::common_pack_t<Left, Right>;
  return condition ? Pack(a) : Pack(b);
}

/// a·b + c, rounded once where the instruction set can. Clang joins the two only within one expression.
template <class Number, int lanes>
[[nodiscard]] ATTEND_INLINE pack<Number, lanes> fma(pack<Number, lanes> const& a, pack<Number, lanes> const& b,
                                                    pack<Number, lanes> const& c) {
  return pack<Number, lanes>(raw_vector<Number, lanes>(a.value() * b.value() + c.value()));
}

/// The larger of two; where one is not a number, b.
template <class Number, int lanes>
[[nodiscard]] ATTEND_INLINE pack<Number, lanes> larger(pack<Number, lanes> const& a, pack<Number, lanes> const& b) {
  return pack<Number, lanes>(raw_vector<Number, lanes>(a.value() > b.value() ? a.value() : b.value()));
}

/// The bits of a number, and back.
template <class To, class From>
[[nodiscard]] ATTEND_INLINE To bits_of(From const& from) {
  static_assert(sizeof(typename To::raw) == sizeof(typename From::raw));
  return To(reinterpret_cast<typename To::raw>(from.value()));
}

namespace pack_detail {

/// Joins the lanes in halves: the same tree wherever it is inlined, so the result is fixed for one instruction set.
template <class Number, int lanes, class Join>
[[nodiscard]] ATTEND_INLINE Number fold(raw_vector<Number, lanes> const& x, Join const& join) {
  if constexpr (lanes == 1) {
    return x[0];
  } else {
    using Half = raw_vector<Number, lanes / 2>;
    Half half[2];
    std::memcpy(half, &x, sizeof x);
    join(half[0], half[1]);
    return fold<Number, lanes / 2>(half[0], join);
  }
}

}  // namespace pack_detail

template <class Number, int lanes>
[[nodiscard]] ATTEND_INLINE Number sum_of(pack<Number, lanes> const& x) {
  return pack_detail::fold<Number, lanes>(
      x.value(), [](auto& a, auto const& b) __attribute__((always_inline)) { a += b; });
}

/// The largest lane, where none is NaN.
template <class Number, int lanes>
[[nodiscard]] ATTEND_INLINE Number largest_of(pack<Number, lanes> const& x) {
  return pack_detail::fold<Number, lanes>(
      x.value(), [](auto& a, auto const& b) __attribute__((always_inline)) { a = a > b ? a : b; });
}

template <class Integer, int lanes>
[[nodiscard]] ATTEND_INLINE bool any_of(pack_mask<Integer, lanes> const& mask) {
  return pack_detail::fold<Integer, lanes>(
             mask.bits(), [](auto& a, auto const& b) __attribute__((always_inline)) { a |= b; }) != 0;
}

namespace pack_detail {

/// The lanes as another number. Whole numbers widen by doubling: GCC 12 takes a step from 8 to 32 bits lane by lane.
template <class Number, int lanes, class Raw>
[[nodiscard]] ATTEND_INLINE pack<Number, lanes> converted(Raw const& from) {
  constexpr std::size_t bytes = sizeof(from) / lanes;
  if constexpr (std::is_integral_v<Number> && bytes == 1 && sizeof(Number) > 2)
    return converted<Number, lanes>(__builtin_convertvector(from, raw_vector<std::int16_t, lanes>));
  else if constexpr (std::is_integral_v<Number> && bytes == 2 && sizeof(Number) > 4)
    return converted<Number, lanes>(__builtin_convertvector(from, raw_vector<std::int32_t, lanes>));
  else
    return pack<Number, lanes>(__builtin_convertvector(from, raw_vector<Number, lanes>));
}

}  // namespace pack_detail

/// Reads one line of a bias or a mask at consecutive columns; zeros past its end. See lookup in core/position.hpp.
template <class Scalar, class Integer, int lanes>
[[nodiscard]] ATTEND_INLINE auto lookup(Scalar const* line, Index stride, Index count,
                                        pack<Integer, lanes> const& column) {
  using Number = std::conditional_t<std::is_integral_v<Scalar>, Integer, real_like<Integer>>;
  Index const first = column[0];
  if constexpr (std::is_arithmetic_v<Scalar>) {
    if (stride == 0) return pack<Number, lanes>(*line);
    if (stride == 1 && first + lanes <= count) {
      // Bytes of a boolean matrix, or numbers of another width, are widened a whole vector at a time.
      using Stored = std::conditional_t<std::is_same_v<Scalar, bool>, std::uint8_t, Scalar>;
      raw_vector<Stored, lanes> stored;
      std::memcpy(&stored, line + first, sizeof stored);
      return pack_detail::converted<Number, lanes>(stored);
    }
  }
  Number lane[lanes];
  for (int i = 0; i < lanes; ++i)
    lane[i] = first + i < count ? static_cast<Number>(line[(first + i) * stride]) : Number(0);
  return pack<Number, lanes>::load(lane);
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
