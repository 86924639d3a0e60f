#pragma once

#include <attend/core/dual_math.hpp>
#include <attend/linear/forward.hpp>
#include <attend/simd/transpose.hpp>

/// The walk back. Beside the lines of forward, in reverse, with A the memory as a token finds it, diag(decay)·S:
///
///   out = Sᵀ q                 →   d_S += q·d_outᵀ            d_q = S·d_out
///   S = A + k·uᵀ               →   d_u = d_Sᵀ k               d_k = d_S·u          d_A = d_S
///   u = rate·(v − Aᵀ k)        →   d_v = rate·d_u             d_rate = (v − Aᵀ k)·d_u
///                                  d_A −= k·d_vᵀ              d_k −= A·d_v
///   A = diag(decay)·S'         →   d_S' = diag(decay)·d_A     d_decay = Σ_c d_A ∘ A, of its logarithm
///
/// S is not undone, which would divide by decays: it is kept at every √steps-th step and walked again from there.

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace linear_detail {

/// What backward reads besides the arrays of forward, and where gradients go; no data where nobody asks.
template <class Number, class OutputGradient>
struct GradientArrays {
  Heads<OutputGradient const> d_output;                    // (b, h, n, e)
  Heads<Number const> before;                              // (b, h_kv, d, e): the memory that forward began with
  Heads<Number const> d_after;                             // (b, h_kv, d, e): of the loss by the memory it left
  Heads<Number> d_query, d_key, d_value, d_decay, d_rate;  // like what they are gradients of
  Heads<Number> d_before;                                  // (b, h_kv, d, e)
};

/// map′(x)
template <class Pack, class FeatureMap>
[[nodiscard]] ATTEND_INLINE Pack slope_of(FeatureMap const& map, Pack const& x) {
  auto const y = map(Dual<Pack>{x, Pack(1)});
  if constexpr (requires { y.derivative; })
    return y.derivative;
  else
    return Pack(0);  // a map that ignores its argument
}

/// One head.
template <class Call, class OutputGradient>
struct WalkBackward {
  using Number = typename Call::Number;
  static constexpr int most = 4;  // vectors of columns at a time; with two, sums along rows cost a third of the time

  /// Steps between memories that are kept.
  [[nodiscard]] static Index stretch_of(Index steps) {
    Index stretch = 8;
    while (stretch * stretch < steps) stretch *= 2;
    return stretch;
  }

  template <int lanes>
  struct Memory {
    PackedSteps<Call, lanes> steps;
    Number* d_output = nullptr;  // [group][steps][value_stride], divided as outputs are
    Number* prefix = nullptr;    // [steps][stride]: z as each query sees it
    Number* d_query = nullptr;   // [group][steps][stride], of φ(q)·scale
    Number* d_key = nullptr;     // [steps][stride], of φ(k)
    Number* d_decay = nullptr;   // [steps][stride]
    Number* d_rate = nullptr;    // [steps]
    Number* d_value = nullptr;   // [steps][value_stride]
    // Of one piece of columns:
    Number* kept = nullptr;      // memories at every stretch-th step
    Number* walked = nullptr;    // those of one stretch, before each step and after the last
    Number* missed = nullptr;    // [stretch][columns]: v − Aᵀ k
    Number* d_state = nullptr;   // [d][columns]
    Number* products = nullptr;  // two of [stride][lanes]: of rows, to be summed along
    Number* sums = nullptr;      // [stride]
    Index stretch, piece;        // piece: numbers of a memory's columns

    Memory(kernel::Carver& carver, Call const& call, Index count)
        : steps(carver, call, count), stretch(stretch_of(count)), piece(call.key.dim() * most * lanes) {
      d_output = carver.take<Number>(call.group() * count * steps.value_stride);
      prefix = carver.take<Number>(Call::normalized ? count * steps.stride : 0);
      d_query = carver.take<Number>(call.group() * count * steps.stride);
      d_key = carver.take<Number>(count * steps.stride);
      d_decay = carver.take<Number>(call.decays() ? count * steps.stride : 0);
      d_rate = carver.take<Number>(call.corrects() ? count : 0);
      d_value = carver.take<Number>(count * steps.value_stride);
      kept = carver.take<Number>((count + stretch - 1) / stretch * piece);
      walked = carver.take<Number>((stretch + 1) * piece);
      missed = carver.take<Number>(stretch * most * lanes);
      d_state = carver.take<Number>(piece);
      products = carver.take<Number>(std::max(2 * steps.stride * lanes, steps.value_stride));
      sums = carver.take<Number>(steps.stride);
    }
  };

  Call const& call;
  GradientArrays<Number, OutputGradient> const& arrays;
  Index unit;
  std::byte* memory;

  template <class Set>
  ATTEND_INLINE void run() const {
    constexpr int lanes = Set::vector_bytes / static_cast<int>(sizeof(Number));
    Index const batch = unit / call.key.heads(), head = unit % call.key.heads();
    auto const steps = call.steps(batch);
    kernel::Carver carver(memory);
    Memory<lanes> const room(carver, call, steps.count());
    prepare(room, steps, batch, head);
    with_gates(
        call, [&]<bool decays, bool corrects>() __attribute__((always_inline)) {
          for_each_columns<most, lanes>(
              0, room.steps.value_stride, [&]<int vectors>(Index column) __attribute__((always_inline)) {
                differentiate_columns<Columns<Number, lanes, vectors>, decays, corrects>(room, steps, batch, head,
                                                                                         column);
              });
        });
    if constexpr (Call::normalized) differentiate_divisors<lanes>(room, steps);
    finish<lanes>(room, steps, batch, head);
  }

 private:
  template <int lanes>
  ATTEND_INLINE void prepare(Memory<lanes> const& room, Steps const& steps, Index batch, Index head) const {
    Index const count = steps.count(), stride = room.steps.stride;
    std::fill_n(room.sums, stride, Number(0));
    room.steps.pack_tokens(call, batch, head, 0, count, room.sums, room.prefix);
    for (Index g = 0; g < call.group(); ++g)
      for (Index s = 0; s < count; ++s) {
        if (steps.query(s) < 0) continue;
        Number* const row = room.d_output + (g * count + s) * room.steps.value_stride;
        Number factor = 1;
        if constexpr (Call::normalized) {
          Number const divisor = room.steps.divisor[g * count + s];
          factor = divisor == Number(0) ? Number(0) : Number(1) / divisor;
        }
        if (factor == Number(0))
          std::fill_n(row, room.steps.value_stride, Number(0));
        else
          map_token<lanes>(arrays.d_output.head(batch, head * call.group() + g), steps.query(s), AsTheyAre{}, factor,
                           row);
      }
    std::fill_n(room.d_query, call.group() * count * stride, Number(0));
    std::fill_n(room.d_key, count * stride, Number(0));
    if (call.decays()) std::fill_n(room.d_decay, count * stride, Number(0));
    if (call.corrects()) std::fill_n(room.d_rate, count, Number(0));
    std::fill_n(room.products, 2 * stride * lanes, Number(0));
  }

  /// to[f] += the sum of products[f]
  template <int lanes>
  static ATTEND_INLINE void add_sums(Number const* products, Index stride, Number* to) {
    using Raw = raw_vector<Number, lanes>;
    for (Index f = 0; f < stride; f += lanes) {
      Raw square[lanes], sum;
      ATTEND_UNROLL
      for (int i = 0; i < lanes; ++i) kernel::load(square[i], products + (f + i) * lanes);
      transpose<Number, lanes>(square);
      kernel::load(sum, to + f);
      ATTEND_UNROLL
      for (int half = lanes / 2; half > 0; half /= 2) {
        ATTEND_UNROLL
        for (int i = 0; i < half; ++i) square[i] = square[i] + square[i + half];
      }
      kernel::store(to + f, Raw(sum + square[0]));
    }
  }

  template <class Part, bool decays, bool corrects, class Memory>
  ATTEND_INLINE void differentiate_columns(Memory const& room, Steps const& steps, Index batch, Index head,
                                           Index column) const {
    Index const d = call.key.dim(), size = d * Part::width, count = steps.count();
    Part::load(arrays.before, batch, head, d, column, room.walked);
    for (Index first = 0, number = 0; first < count; first += room.stretch, ++number) {
      std::copy_n(room.walked, size, room.kept + number * size);
      for (Index s = first; s < std::min(first + room.stretch, count); ++s)
        step<Part, decays, corrects>(room, steps, batch, head, column, s, room.walked, room.walked, nullptr);
    }
    Part::load(arrays.d_after, batch, head, d, column, room.d_state);
    for (Index number = (count + room.stretch - 1) / room.stretch; number-- > 0;) {
      Index const first = number * room.stretch, end = std::min(first + room.stretch, count);
      std::copy_n(room.kept + number * size, size, room.walked);
      for (Index s = first; s < end; ++s) {
        Number* const from = room.walked + (s - first) * size;
        if (steps.key(s) < 0) std::copy_n(from, size, from + size);
        step<Part, decays, corrects>(room, steps, batch, head, column, s, from, from + size,
                                     room.missed + (s - first) * Part::width);
      }
      for (Index s = end; s-- > first;) {
        Number const* const before = room.walked + (s - first) * size;
        if (steps.query(s) >= 0)
          for (Index g = 0; g < call.group(); ++g) differentiate_answer<Part>(room, g, s, column, before + size);
        if (Index const j = steps.key(s); j >= 0)
          differentiate_entry<Part, decays, corrects>(room, s, corrects ? call.rate(batch, head, j, 0) : Number(0),
                                                      column, before, room.missed + (s - first) * Part::width);
      }
    }
    Part::store(arrays.d_before, batch, head, d, column, room.d_state);
  }

  /// One step of the memory alone.
  template <class Part, bool decays, bool corrects, class Memory>
  ATTEND_INLINE void step(Memory const& room, Steps const& steps, Index batch, Index head, Index column, Index s,
                          Number const* from, Number* to, Number* missed) const {
    if (Index const j = steps.key(s); j >= 0)
      Part::template enter<decays, corrects, false>(
          from, to, call.key.dim(), room.steps.key_at(s), decays ? room.steps.decay_at(s) : nullptr,
          room.steps.value_at(s) + column, corrects ? call.rate(batch, head, j, 0) : Number(0), missed, nullptr,
          nullptr);
  }

  template <class Part, class Memory>
  ATTEND_INLINE void differentiate_answer(Memory const& room, Index g, Index s, Index column,
                                          Number const* state) const {
    using Raw = typename Part::Raw;
    constexpr int vectors = Part::width / Part::lanes;
    Index const d = call.key.dim();
    Number const* const query = room.steps.query_at(g, s);
    Raw d_output[vectors];
    Part::read(d_output, room.d_output + (g * room.steps.room + s) * room.steps.value_stride + column);
    for (Index f = 0; f < d; ++f) {
      Raw row[vectors], d_row[vectors], product{};
      Part::read(row, state + f * Part::width);
      Part::read(d_row, room.d_state + f * Part::width);
      ATTEND_UNROLL
      for (int v = 0; v < vectors; ++v) {
        product = product + row[v] * d_output[v];
        d_row[v] = d_row[v] + query[f] * d_output[v];
      }
      Part::write(room.d_state + f * Part::width, d_row);
      kernel::store(room.products + f * Part::lanes, product);
    }
    add_sums<Part::lanes>(room.products, room.steps.stride,
                          room.d_query + (g * room.steps.room + s) * room.steps.stride);
  }

  template <class Part, bool decays, bool corrects, class Memory>
  ATTEND_INLINE void differentiate_entry(Memory const& room, Index s, Number rate, Index column, Number const* before,
                                         Number const* missed) const {
    using Raw = typename Part::Raw;
    constexpr int vectors = Part::width / Part::lanes, lanes = Part::lanes;
    Index const d = call.key.dim(), stride = room.steps.stride;
    Number const* const key = room.steps.key_at(s);
    Number* const products = room.products;
    Number* const d_decay = room.products + stride * lanes;
    Raw added[vectors], d_added[vectors], part[vectors];
    Part::read(added, corrects ? missed : room.steps.value_at(s) + column);
    if constexpr (corrects) {
      ATTEND_UNROLL
      for (int v = 0; v < vectors; ++v) added[v] = rate * added[v];
    }
    Part::clear(d_added);
    Part::clear(part);
    for_each_chain(
        d,
        [&](Index f) __attribute__((always_inline)) {
          Raw d_row[vectors], product{};
          Part::read(d_row, room.d_state + f * Part::width);
          ATTEND_UNROLL
          for (int v = 0; v < vectors; ++v) {
            product = product + d_row[v] * added[v];
            part[v] = part[v] + key[f] * d_row[v];
          }
          kernel::store(products + f * lanes, product);
        },
        [&]() __attribute__((always_inline)) { Part::add(d_added, part); });
    Raw d_value[vectors];
    ATTEND_UNROLL
    for (int v = 0; v < vectors; ++v) d_value[v] = corrects ? Raw(rate * d_added[v]) : d_added[v];
    if constexpr (corrects) {
      Raw behind[vectors], sum{};
      Part::read(behind, missed);
      ATTEND_UNROLL
      for (int v = 0; v < vectors; ++v) sum = sum + behind[v] * d_added[v];
      room.d_rate[s] += sum_of(pack<Number, lanes>(sum));
    }
    if constexpr (decays || corrects) {
      Number const* const decay = decays ? room.steps.decay_at(s) : nullptr;
      for (Index f = 0; f < d; ++f) {
        Raw row[vectors], d_row[vectors], product, of_decay{};
        Part::read(row, before + f * Part::width);
        Part::read(d_row, room.d_state + f * Part::width);
        kernel::load(product, products + f * lanes);
        ATTEND_UNROLL
        for (int v = 0; v < vectors; ++v) {
          if constexpr (decays) row[v] = decay[f] * row[v];
          if constexpr (corrects) {
            product = product - row[v] * d_value[v];
            d_row[v] = d_row[v] - key[f] * d_value[v];
          }
          if constexpr (decays) {
            of_decay = of_decay + d_row[v] * row[v];
            d_row[v] = decay[f] * d_row[v];
          }
        }
        Part::write(room.d_state + f * Part::width, d_row);
        if constexpr (corrects) kernel::store(products + f * lanes, product);
        if constexpr (decays) kernel::store(d_decay + f * lanes, of_decay);
      }
    }
    Part::write(room.d_value + s * room.steps.value_stride + column, d_value);
    add_sums<lanes>(products, stride, room.d_key + s * stride);
    if constexpr (decays) add_sums<lanes>(d_decay, stride, room.d_decay + s * stride);
  }

  /// out = Sᵀq / (z·q)  →  d(z·q) = −(Sᵀq · d_out) / (z·q)², in which Sᵀq · d_out is q·d_q of the line above.
  template <int lanes>
  ATTEND_INLINE void differentiate_divisors(Memory<lanes> const& room, Steps const& steps) const {
    using Pack = pack<Number, lanes>;
    Index const stride = room.steps.stride, count = steps.count();
    Number* const d_sums = room.sums;
    std::fill_n(d_sums, stride, Number(0));
    for (Index s = count; s-- > 0;) {
      if (steps.query(s) >= 0)
        for (Index g = 0; g < call.group(); ++g) {
          Number const divisor = room.steps.divisor[g * count + s];
          if (divisor == Number(0)) continue;
          Number const* const query = room.steps.query_at(g, s);
          Number* const d_query = room.d_query + (g * count + s) * stride;
          Pack sum(Number(0));
          for (Index f = 0; f < stride; f += lanes) sum = fma(Pack::load(query + f), Pack::load(d_query + f), sum);
          Pack const d_divisor(-sum_of(sum) / divisor);
          for (Index f = 0; f < stride; f += lanes) {
            fma(d_divisor, Pack::load(room.prefix + s * stride + f), Pack::load(d_query + f)).store(d_query + f);
            fma(d_divisor, Pack::load(query + f), Pack::load(d_sums + f)).store(d_sums + f);
          }
        }
      if (steps.key(s) >= 0)
        for (Index f = 0; f < stride; f += lanes)
          (Pack::load(room.d_key + s * stride + f) + Pack::load(d_sums + f)).store(room.d_key + s * stride + f);
    }
  }

  /// A row of a gradient by φ(x)·scale becomes one by x, in the caller's memory.
  template <int lanes, class Storage>
  ATTEND_INLINE void finish_features(View<Storage> const& tokens, Index token, Number scale, Number* d_features,
                                     MutableView<Number> const& target) const {
    using Pack = pack<Number, lanes>;
    for (Index f = 0; f < tokens.columns; f += lanes) {
      Pack const x = load_features<Number, lanes>(tokens, token, f);
      (Pack::load(d_features + f) * Pack(scale) * slope_of(call.map, x)).store(d_features + f);
    }
    kernel::store_row(d_features, target, token);
  }

  template <int lanes>
  ATTEND_INLINE void finish(Memory<lanes> const& room, Steps const& steps, Index batch, Index head) const {
    Index const count = steps.count(), stride = room.steps.stride;
    auto const d_keys = arrays.d_key.mutable_head(batch, head), d_values = arrays.d_value.mutable_head(batch, head);
    Number* const zeros = room.products;  // of keys that no query sees
    std::fill_n(zeros, std::max(stride, room.steps.value_stride), Number(0));
    for (Index j = steps.keys(); j < call.key.length(); ++j) {
      kernel::store_row(zeros, d_keys, j);
      kernel::store_row(zeros, d_values, j);
      if (arrays.d_decay.data() != nullptr) kernel::store_row(zeros, arrays.d_decay.mutable_head(batch, head), j);
      if (arrays.d_rate.data() != nullptr) arrays.d_rate(batch, head, j, 0) = 0;
    }
    for (Index s = 0; s < count; ++s) {
      if (Index const i = steps.query(s); i >= 0)
        for (Index g = 0; g < call.group(); ++g) {
          Index const of = head * call.group() + g;
          finish_features<lanes>(call.query.head(batch, of), i, call.scale, room.d_query + (g * count + s) * stride,
                                 arrays.d_query.mutable_head(batch, of));
        }
      Index const j = steps.key(s);
      if (j < 0) continue;
      finish_features<lanes>(call.key.head(batch, head), j, Number(1), room.d_key + s * stride, d_keys);
      kernel::store_row(room.d_value + s * room.steps.value_stride, d_values, j);
      if (arrays.d_decay.data() != nullptr) {
        Number const* const row = room.d_decay + s * stride;
        if (arrays.d_decay.dim() == 1) {
          Number sum = 0;
          for (Index f = 0; f < call.key.dim(); ++f) sum += row[f];
          arrays.d_decay(batch, head, j, 0) = sum;
        } else {
          kernel::store_row(row, arrays.d_decay.mutable_head(batch, head), j);
        }
      }
      if (arrays.d_rate.data() != nullptr) arrays.d_rate(batch, head, j, 0) = room.d_rate[s];
    }
  }
};

/// Steps of the longest walk.
template <class Call>
[[nodiscard]] Index most_steps(Call const& call) {
  Index most = 0;
  for (Index batch = 0; batch < call.key.batch(); ++batch) most = std::max(most, call.steps(batch).count());
  return most;
}

/// Differentiates a call on the instruction set in use; a head is a task.
template <class Call, class OutputGradient, class Executor>
void run_backward(Call const& call, GradientArrays<typename Call::Number, OutputGradient> const& arrays,
                  Executor& executor, Workspace& workspace) {
  with_set(active_isa(), [&]<class Set>() {
    using Walk = WalkBackward<Call, OutputGradient>;
    constexpr int lanes = Set::vector_bytes / static_cast<int>(sizeof(typename Call::Number));
    if (call.units() == 0) return;
    kernel::Carver one;
    typename Walk::template Memory<lanes>(one, call, most_steps(call));
    Index const slot_count = std::min({kernel::workers_of(executor), call.units(), kernel::Slots::most});
    std::byte* const memory = workspace.reserve(one.used() * static_cast<std::size_t>(slot_count));
    kernel::Slots slots(slot_count);
    executor.for_each(call.units(), [&](Index unit) {
      kernel::Slots::Lease const lease(slots);
      enter<Set>(Walk{call, arrays, unit, memory + static_cast<std::size_t>(lease.slot()) * one.used()});
    });
  });
}

}  // namespace linear_detail
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
