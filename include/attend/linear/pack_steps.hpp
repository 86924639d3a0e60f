#pragma once

#include <attend/kernel/scratch.hpp>
#include <attend/linear/call.hpp>
#include <attend/linear/memory_matrix.hpp>

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace linear_detail {

/// A vector of a token's features from f on, zeros behind the last.
template <class Number, int lanes, class Storage>
[[nodiscard]] ATTEND_INLINE pack<Number, lanes> load_features(View<Storage> const& tokens, Index token, Index f) {
  return kernel::load_some<Number, lanes>(tokens.row(token) + f * tokens.column_stride, tokens.column_stride,
                                          tokens.columns - f);
}

/// One token as numbers, map(x) · scale each, and zeros up to the next whole vector.
template <int lanes, class Number, class Storage, class FeatureMap>
ATTEND_INLINE void map_token(View<Storage> const& tokens, Index token, FeatureMap const& map, Number scale,
                             Number* to) {
  using Pack = pack<Number, lanes>;
  Index const features = tokens.columns;
  for (Index f = 0; f < features; f += lanes) {
    Pack const x = load_features<Number, lanes>(tokens, token, f);
    (Pack(map(x)) * Pack(scale)).store(to + f);
  }
  for (Index f = features; f < kernel::round_up(features, lanes); ++f) to[f] = 0;
}

/// Some steps of a head as numbers in contiguous rows, which are counted by step.
template <class Call, int lanes>
struct PackedSteps {
  using Number = typename Call::Number;

  Number* query = nullptr;    // [group][steps][stride]: φ(q)·scale
  Number* key = nullptr;      // [steps][stride]: φ(k)
  Number* decay = nullptr;    // [steps][stride]: exp(decay), where tokens have one
  Number* value = nullptr;    // [steps][value_stride]
  Number* divisor = nullptr;  // [group][steps]: z · φ(q)·scale, where outputs are divided
  Index room = 0;             // steps
  Index stride = 0, value_stride = 0;

  PackedSteps(kernel::Carver& carver, Call const& call, Index steps) : room(steps) {
    stride = kernel::round_up(call.key.dim(), lanes);
    value_stride = kernel::round_up(call.value.dim(), lanes);
    query = carver.take<Number>(call.group() * steps * stride);
    key = carver.take<Number>(steps * stride);
    decay = carver.take<Number>(call.decays() ? steps * stride : 0);
    value = carver.take<Number>(steps * value_stride);
    divisor = carver.take<Number>(Call::normalized ? call.group() * steps : 0);
  }

  [[nodiscard]] Number* query_at(Index head, Index step) const { return query + (head * room + step) * stride; }
  [[nodiscard]] Number* key_at(Index step) const { return key + step * stride; }
  [[nodiscard]] Number* decay_at(Index step) const { return decay + step * stride; }
  [[nodiscard]] Number* value_at(Index step) const { return value + step * value_stride; }

  /// Packs steps [first, first + count) of a head. `sums` is z before them and becomes z after them; where `prefix` is
  /// not null, z as each query sees it goes there, [steps][stride].
  ATTEND_INLINE void pack_tokens(Call const& call, Index batch, Index key_head, Index first, Index count, Number* sums,
                                 Number* prefix) const {
    using Pack = pack<Number, lanes>;
    auto const steps = call.steps(batch);
    auto const keys = call.key.head(batch, key_head);
    auto const values = call.value.head(batch, key_head);
    for (Index s = 0; s < count; ++s) {
      Index const j = steps.key(first + s), i = steps.query(first + s);
      if (j >= 0) {
        map_token<lanes>(keys, j, call.map, Number(1), key_at(s));
        map_token<lanes>(values, j, AsTheyAre{}, Number(1), value_at(s));
        if (call.decays()) pack_decay(call, batch, key_head, j, decay_at(s));
        if constexpr (Call::normalized)
          for (Index f = 0; f < stride; f += lanes) (Pack::load(sums + f) + Pack::load(key_at(s) + f)).store(sums + f);
      }
      if (i < 0) continue;
      for (Index g = 0; g < call.group(); ++g) {
        map_token<lanes>(call.query.head(batch, key_head * call.group() + g), i, call.map, call.scale, query_at(g, s));
        if constexpr (Call::normalized) {
          Pack sum(Number(0));
          for (Index f = 0; f < stride; f += lanes)
            sum = fma(Pack::load(sums + f), Pack::load(query_at(g, s) + f), sum);
          divisor[g * room + s] = sum_of(sum);
        }
      }
      if (prefix != nullptr) std::copy_n(sums, stride, prefix + s * stride);
    }
  }

 private:
  ATTEND_INLINE void pack_decay(Call const& call, Index batch, Index head, Index token, Number* to) const {
    using Pack = pack<Number, lanes>;
    auto const decays = call.decay.head(batch, head);
    bool const one = decays.columns == 1;
    for (Index f = 0; f < stride; f += lanes) {
      Pack const x = one ? Pack(decays(token, 0)) : load_features<Number, lanes>(decays, token, f);
      exp(x).store(to + f);
    }
  }
};

}  // namespace linear_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
