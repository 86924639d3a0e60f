#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

/// Types of numbers that files hold.

namespace attend::io {

static_assert(std::endian::native == std::endian::little,
              "attend: io/ reads and writes little-endian files in place; this machine is big-endian.");

/// Ordered as the safetensors package orders them: what needs the widest alignment is last.
enum class Dtype { boolean, u8, i8, i16, u16, f16, bf16, i32, u32, f32, f64, i64, u64 };

namespace detail {

struct DtypeFacts {
  std::string_view name;  // in safetensors
  std::string_view npy;   // in .npy, without the byte order; empty where NumPy has none
  std::size_t size;       // bytes of one number
};

inline constexpr std::array<DtypeFacts, 13> dtype_facts{{{"BOOL", "b1", 1},
                                                         {"U8", "u1", 1},
                                                         {"I8", "i1", 1},
                                                         {"I16", "i2", 2},
                                                         {"U16", "u2", 2},
                                                         {"F16", "f2", 2},
                                                         {"BF16", "", 2},
                                                         {"I32", "i4", 4},
                                                         {"U32", "u4", 4},
                                                         {"F32", "f4", 4},
                                                         {"F64", "f8", 8},
                                                         {"I64", "i8", 8},
                                                         {"U64", "u8", 8}}};

[[nodiscard]] constexpr DtypeFacts const& facts_of(Dtype dtype) { return dtype_facts[static_cast<std::size_t>(dtype)]; }

/// Letters are no numbers, though the language counts them among the integral types.
template <class Scalar>
concept Letter = std::same_as<Scalar, char> || std::same_as<Scalar, wchar_t> || std::same_as<Scalar, char8_t> ||
                 std::same_as<Scalar, char16_t> || std::same_as<Scalar, char32_t>;

template <class Scalar>
[[nodiscard]] constexpr std::optional<Dtype> find_dtype() {
  if constexpr (Letter<Scalar>) return std::nullopt;
  if constexpr (std::same_as<Scalar, bool>) return Dtype::boolean;
  if constexpr (std::same_as<Scalar, Eigen::half>) return Dtype::f16;
  if constexpr (std::same_as<Scalar, Eigen::bfloat16>) return Dtype::bf16;
  if constexpr (std::same_as<Scalar, float>) return Dtype::f32;
  if constexpr (std::same_as<Scalar, double>) return Dtype::f64;
  // By size: long and long long are two types of the same numbers.
  if constexpr (std::integral<Scalar> && std::is_signed_v<Scalar>)
    return sizeof(Scalar) == 1   ? Dtype::i8
           : sizeof(Scalar) == 2 ? Dtype::i16
           : sizeof(Scalar) == 4 ? Dtype::i32
                                 : Dtype::i64;
  if constexpr (std::integral<Scalar> && std::is_unsigned_v<Scalar>)
    return sizeof(Scalar) == 1   ? Dtype::u8
           : sizeof(Scalar) == 2 ? Dtype::u16
           : sizeof(Scalar) == 4 ? Dtype::u32
                                 : Dtype::u64;
  return std::nullopt;
}

}  // namespace detail

/// "F32": the name that safetensors gives it.
[[nodiscard]] constexpr std::string_view name_of(Dtype dtype) { return detail::facts_of(dtype).name; }

/// Bytes of one number.
[[nodiscard]] constexpr std::size_t size_of(Dtype dtype) { return detail::facts_of(dtype).size; }

/// Numbers that files can hold: bool, whole numbers, Eigen::half, Eigen::bfloat16, float, double.
template <class Scalar>
concept Storable = detail::find_dtype<std::remove_cv_t<Scalar>>().has_value();

template <Storable Scalar>
inline constexpr Dtype dtype_of = *detail::find_dtype<std::remove_cv_t<Scalar>>();

/// Calls function(std::type_identity<Number>{}) with the C++ type of the numbers.
template <class Function>
decltype(auto) with_type_of(Dtype dtype, Function&& function) {
  switch (dtype) {
    case Dtype::boolean:
      return function(std::type_identity<bool>{});
    case Dtype::u8:
      return function(std::type_identity<std::uint8_t>{});
    case Dtype::i8:
      return function(std::type_identity<std::int8_t>{});
    case Dtype::i16:
      return function(std::type_identity<std::int16_t>{});
    case Dtype::u16:
      return function(std::type_identity<std::uint16_t>{});
    case Dtype::f16:
      return function(std::type_identity<Eigen::half>{});
    case Dtype::bf16:
      return function(std::type_identity<Eigen::bfloat16>{});
    case Dtype::i32:
      return function(std::type_identity<std::int32_t>{});
    case Dtype::u32:
      return function(std::type_identity<std::uint32_t>{});
    case Dtype::f32:
      return function(std::type_identity<float>{});
    case Dtype::f64:
      return function(std::type_identity<double>{});
    case Dtype::i64:
      return function(std::type_identity<std::int64_t>{});
    case Dtype::u64:
      return function(std::type_identity<std::uint64_t>{});
  }
  fail("Dtype: ", static_cast<int>(dtype), " is no type of numbers.");
}

}  // namespace attend::io
