#pragma once

#include <attend/core/random.hpp>
#include <attend/simd/log.hpp>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {

/// The pack twin of `uniform` in core/random.hpp: each lane is exactly what the call with that lane's key gives.
///
/// Cost     12 instructions on AVX-512
template <std::integral Integer, int lanes>
[[nodiscard]] ATTEND_INLINE pack<real_like<Integer>, lanes> uniform(RandomStream stream,
                                                                    pack<Integer, lanes> const& key) {
  using Real = real_like<Integer>;
  using Pack = pack<Real, lanes>;
  using Unsigned = raw_vector<std::uint32_t, lanes>;
  using Signed = raw_vector<std::int32_t, lanes>;  // the instruction sets convert these, not the unsigned ones
  Unsigned x = __builtin_convertvector(key.value(), Unsigned);
  detail::mix_key(x, stream);
  Pack const whole(__builtin_convertvector(reinterpret_cast<Signed>(Unsigned(x >> 9)), typename Pack::raw));
  return fma(whole, Pack(Real(0x1p-23)), Pack(Real(0x1p-24)));  // exact, fused or not
}
template <std::integral Integer, int lanes>
[[nodiscard]] ATTEND_INLINE pack<real_like<Integer>, lanes> uniform(std::uint64_t seed, Index batch, Index head,
                                                                    Index query, pack<Integer, lanes> const& key) {
  return uniform(random_stream(seed, batch, head, query), key);
}

/// −log(−log(u)), the pack twin of `gumbel` in core/random.hpp.
///
/// Cost     46 instructions on AVX-512 for floats, two of them divisions
template <std::integral Integer, int lanes>
[[nodiscard]] ATTEND_INLINE pack<real_like<Integer>, lanes> gumbel(RandomStream stream,
                                                                   pack<Integer, lanes> const& key) {
  return -pack_detail::log_normal(-pack_detail::log_normal(uniform(stream, key)));
}
template <std::integral Integer, int lanes>
[[nodiscard]] ATTEND_INLINE pack<real_like<Integer>, lanes> gumbel(std::uint64_t seed, Index batch, Index head,
                                                                   Index query, pack<Integer, lanes> const& key) {
  return gumbel(random_stream(seed, batch, head, query), key);
}

}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
