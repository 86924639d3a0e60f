#pragma once

#include <attend/core/check.hpp>
#include <attend/core/types.hpp>
#include <attend/io/dtype.hpp>
#include <attend/io/in_quotes.hpp>
#include <attend/io/tensor.hpp>

#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

/// The numbers of a tensor as those of a program.
///
///   Matrix<float>  w = io::to_matrix<float>(tensor);                             // refused when a number would change
///   Matrix<float>  w = io::to_matrix<float>(tensor, io::Rounding::to_nearest);   // of F64, say

namespace attend::io {

/// What happens to floating-point numbers of a wider type than the one that is asked for.
enum class Rounding {
  none,       ///< they are refused by their type, whatever their values
  to_nearest  ///< ties to even, once; too large ones become infinite
};

namespace detail {

template <class Number>
inline constexpr bool is_floating =
    std::floating_point<Number> || std::same_as<Number, Eigen::half> || std::same_as<Number, Eigen::bfloat16>;

/// Every From is a To. Half has the finer steps, bfloat16 the wider range: neither holds the other.
template <class To, class From>
inline constexpr bool holds_every = std::numeric_limits<To>::digits >= std::numeric_limits<From>::digits &&
                                    std::numeric_limits<To>::max_exponent >= std::numeric_limits<From>::max_exponent &&
                                    std::numeric_limits<To>::min_exponent <= std::numeric_limits<From>::min_exponent;

/// The float next to x towards 0, its last bit set where x lies beyond it: rounding that once more to half or bfloat16,
/// which have at least two digits less, gives what rounding x itself would.
///
/// Source   Boldo and Melquiond 2008, When double rounding is odd, theorem 3
[[nodiscard]] inline float rounded_to_odd(double x) {
  auto const nearest = static_cast<float>(x);
  if (std::isnan(x) || static_cast<double>(nearest) == x || std::isinf(x)) return nearest;
  bool const is_beyond = std::abs(static_cast<double>(nearest)) > std::abs(x);
  auto bits = std::bit_cast<std::uint32_t>(nearest);
  if (is_beyond) --bits;  // of sign and magnitude: towards 0
  return std::bit_cast<float>(bits | 1u);
}

template <class To, class From>
[[nodiscard]] To converted_float(From x) {
  if constexpr (std::same_as<From, double> && !std::floating_point<To>)
    return To(rounded_to_odd(x));
  else
    return static_cast<To>(static_cast<compute_t<From>>(x));
}

/// A whole number as a To, if that holds it.
template <class To, class From>
[[nodiscard]] bool convert_whole(From x, To& result) {
  if constexpr (is_floating<To>) {
    // As an unsigned number, whose negative is defined for the least one too.
    std::uint64_t magnitude = static_cast<std::uint64_t>(x);
    if (std::cmp_less(x, 0)) magnitude = 0 - magnitude;
    int const width = static_cast<int>(std::bit_width(magnitude));
    int const trailing = magnitude == 0 ? 0 : std::countr_zero(magnitude);
    if (width - trailing > std::numeric_limits<To>::digits || width > std::numeric_limits<To>::max_exponent)
      return false;
    result = static_cast<To>(static_cast<compute_t<To>>(x));
  } else if constexpr (std::same_as<To, bool>) {
    if (x != 0 && x != 1) return false;
    result = x != 0;
  } else {
    if (!std::in_range<To>(x)) return false;
    result = static_cast<To>(x);
  }
  return true;
}

/// What a bool is stored as; reading any other byte than 0 and 1 as a bool is undefined.
template <class Number>
using stored_t = std::conditional_t<std::same_as<Number, bool>, std::uint8_t, Number>;

template <class From, class To>
void copy_numbers_from(Tensor const& tensor, std::span<To> numbers, Rounding rounding) {
  if constexpr (is_floating<From> && !is_floating<To>) {
    fail("io: tensor ", in_quotes(tensor.name), " is ", name_of(tensor.dtype), ", which ", name_of(dtype_of<To>),
         " cannot hold; read it as a floating-point type.");
  } else {
    if constexpr (is_floating<From>)
      check(holds_every<To, From> || rounding == Rounding::to_nearest, "io: tensor ", in_quotes(tensor.name), " is ",
            name_of(tensor.dtype), ", of which ", name_of(dtype_of<To>),
            " cannot hold every number; read it as a wider type, or ask for Rounding::to_nearest.");
    if constexpr (std::same_as<From, To> && !std::same_as<To, bool>) {
      // Byte for byte, which keeps the bits of NaN too.
      if (!numbers.empty()) std::memcpy(static_cast<void*>(numbers.data()), tensor.bytes.data(), tensor.bytes.size());
      return;
    }
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      stored_t<From> x;  // files align nothing
      std::memcpy(static_cast<void*>(&x), tensor.bytes.data() + i * sizeof(x), sizeof(x));
      if constexpr (is_floating<From>) {
        numbers[i] = converted_float<To>(x);
      } else {
        if constexpr (std::same_as<From, bool>)
          if (x > 1)
            fail("io: tensor ", in_quotes(tensor.name), " is BOOL, but number ", i, " is the byte ", x,
                 "; it must be 0 or 1.");
        if (!convert_whole(x, numbers[i]))
          fail("io: tensor ", in_quotes(tensor.name), " holds ", x, " as number ", i, ", which ", name_of(dtype_of<To>),
               " cannot hold exactly; read it as a wider type.");
      }
    }
  }
}

}  // namespace detail

/// Writes the numbers of a tensor, in row-major order, over `numbers`.
///
/// Whole numbers and bools (0 and 1) are exact or refused, each by its value. Floating-point numbers are refused by
/// their type unless it fits or rounding is asked for, and never become whole ones. Of the same type they keep all
/// bits.
///
/// Throws   when `numbers` are not as many, when a number cannot be held; what was written before is then there
/// Cost     one pass, no memory
template <Storable Scalar>
void copy_numbers(Tensor const& tensor, std::span<Scalar> numbers, Rounding rounding = Rounding::none) {
  check_tensor(tensor, "io");
  check(std::cmp_equal(tensor.size(), numbers.size()), "io: tensor ", in_quotes(tensor.name), " of shape ",
        shape_text(tensor.shape), " has ", tensor.size(), " numbers; wanted are ", numbers.size(), ".");
  with_type_of(tensor.dtype,
               [&](auto type) { detail::copy_numbers_from<typename decltype(type)::type>(tensor, numbers, rounding); });
}

/// All numbers of a tensor of any rank, in row-major order.
///
/// Throws   as copy_numbers does
template <Storable Scalar>
[[nodiscard]] Vector<Scalar> to_flat(Tensor const& tensor, Rounding rounding = Rounding::none) {
  check_tensor(tensor, "io");  // before memory is asked for
  Vector<Scalar> numbers(tensor.size());
  copy_numbers(tensor, std::span(numbers.data(), static_cast<std::size_t>(numbers.size())), rounding);
  return numbers;
}

/// A tensor of rank 1.
///
/// Throws   when it has another rank, and as copy_numbers does
template <Storable Scalar>
[[nodiscard]] Vector<Scalar> to_vector(Tensor const& tensor, Rounding rounding = Rounding::none) {
  check(tensor.rank() == 1, "io: tensor ", in_quotes(tensor.name), " has shape ", shape_text(tensor.shape),
        "; a vector must have 1 size.");
  return to_flat<Scalar>(tensor, rounding);
}

/// A tensor of rank 2.
///
/// Shapes   tensor (rows, columns)  →  (rows, columns)
/// Throws   when it has another rank, and as copy_numbers does
template <Storable Scalar>
[[nodiscard]] Matrix<Scalar> to_matrix(Tensor const& tensor, Rounding rounding = Rounding::none) {
  check(tensor.rank() == 2, "io: tensor ", in_quotes(tensor.name), " has shape ", shape_text(tensor.shape),
        "; a matrix must have 2 sizes.");
  check_tensor(tensor, "io");
  Matrix<Scalar> matrix(tensor.shape[0], tensor.shape[1]);
  copy_numbers(tensor, std::span(matrix.data(), static_cast<std::size_t>(matrix.size())), rounding);
  return matrix;
}

}  // namespace attend::io
