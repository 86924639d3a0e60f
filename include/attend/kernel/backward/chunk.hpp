#pragma once

#include <attend/kernel/backward/rows.hpp>
#include <attend/kernel/block_scores.hpp>
#include <attend/kernel/values.hpp>

/// The fused backward pass over one chunk of keys: each tile of scores is computed again, differentiated and used three
/// times while it is in the cache. Beside the lines of forward, in reverse:
///
///   out = Σ_j w_j · v_j          →   d_value_j += w_j · d_output          d_w_j = d_output · v_j
///   w   = normalise(s)           →   d_s                                  (rows.hpp)
///   s   = q · k                  →   d_key_j += d_s_j · q                 d_query += Σ_j d_s_j · k_j

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// One chunk of keys of a unit against all of its queries.
template <class Call>
struct DifferentiateChunk {
  using Number = typename Call::Number;

  Call const& call;
  GradientUnit const& unit;
  Index chunk;
  std::byte* packed;
  std::byte* memory;
  Number* d_query;           // [row][feature_stride]: what this chunk adds, from 0
  BlockSpan span;            // the rows of d_query that it sets; holds all blocks that see a key of the chunk
  std::byte* policy_memory;  // what it adds to the gradients of policies
  Heads<Number> d_values;    // the caller's

  /// The pairs of a chunk.
  [[nodiscard]] static GradientPlace place_of(Call const& call, GradientUnit const& unit, Index chunk) {
    Segment const& s = unit.segment;
    Index const first = chunk * GradientUnit::chunk;
    return {s.batch,    unit.key_head * call.group,
            call.group, s.rows,
            s.row,      s.start,
            first,      std::min(GradientUnit::chunk, s.keys - first),
            s.key};
  }

  /// The blocks with a query that may see a key of the chunk, and how many pairs they have with it.
  [[nodiscard]] static ChunkPart part_of(Call const& call, GradientUnit const& unit, Index chunk) {
    GradientPlace const place = place_of(call, unit, chunk);
    if constexpr (Call::has_masks && Call::Normalizer::family != Family::pick) {
      ChunkPart part;
      for (Index number = 0; number < unit.blocks; ++number) {
        int const rows = unit.rows_of(number);
        if (coverage_of_rows(call, unit.segment, unit.key_head, unit.first_row(number), rows, place.first_key,
                             place.keys) == Coverage::none)
          continue;
        if (part.pairs == 0) part.span.begin = number;
        part.span.end = number + 1;
        part.pairs += rows * place.keys;
      }
      return part;
    } else {
      return {{0, unit.blocks}, unit.rows * place.keys};
    }
  }

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, Number>;
    Carver carver(packed);
    GradientPack<T, Call> const packs(carver, call, unit);
    Carver work(memory);
    GradientScratch<T, Call> scratch(work, call);
    GradientPlace const place = place_of(call, unit, chunk);
    Carver policy_carver(policy_memory);
    PolicySums<T, Call> const sums(policy_carver, call, place);
    std::fill_n(sums.begin, sums.bytes, std::byte{0});
    scratch.pairs.weights = sums.weights;
    constexpr Index block = GradientUnit::block;
    for (Index i = span.begin * block * packs.feature_stride; i < span.end * block * packs.feature_stride;
         i += T::lanes)
      pack<Number, T::lanes>(Number(0)).store(d_query + i);
    Index const end = std::min((chunk + 1) * GradientUnit::chunk, unit.segment.keys);
    for (Index tile = chunk * GradientUnit::chunk; tile < end; tile += T::tile)
      differentiate_tile<T>(packs, scratch, sums, place, tile, std::min(T::tile, end - tile));
  }

 private:
  template <class T, class Packs, class Scratch, class Sums>
  ATTEND_INLINE void differentiate_tile(Packs const& packs, Scratch const& scratch, Sums const& sums,
                                        GradientPlace const& place, Index tile, Index keys) const {
    using Vector = pack<Number, T::lanes>;
    Number* const d_key = packs.d_key + tile * packs.feature_stride;
    for (Index i = 0; i < keys * packs.feature_stride; i += T::lanes) Vector(Number(0)).store(d_key + i);
    for (Index i = 0; i < keys * packs.value_stride; i += T::lanes) Vector(Number(0)).store(scratch.d_value + i);
    if constexpr (!is_dot_product<typename Call::Similarity>)
      for (Index i = 0; i < T::tile * call.features.count; i += T::lanes)
        Vector(Number(0)).store(scratch.pairs.d_keys + i);
    for (Index number = span.begin; number < span.end; ++number) {
      if constexpr (Call::Normalizer::family == Family::pick)
        differentiate_picks<T>(packs, scratch, number, tile, keys);
      else
        differentiate_block<T>(packs, scratch, sums, place, number, tile, keys);
    }
    if constexpr (!is_dot_product<typename Call::Similarity>)
      for (Index j = 0; j < keys; ++j)
        for (Index f = 0; f < call.features.count; ++f)
          d_key[j * packs.feature_stride + f] =
              scratch.pairs.d_keys[(j / T::panel * T::panel) * call.features.count + f * T::panel + j % T::panel];
    auto const target = d_values.mutable_head(unit.segment.batch, unit.key_head);
    for (Index j = 0; j < keys; ++j)
      store_row(scratch.d_value + j * packs.value_stride, target, unit.segment.key + tile + j);
  }

  /// pick: the value of the key that was picked has the whole gradient, and scores none.
  template <class T, class Packs, class Scratch>
  ATTEND_INLINE void differentiate_picks(Packs const& packs, Scratch const& scratch, Index number, Index tile,
                                         Index keys) const {
    Index const at = number * GradientUnit::block;
    for (int r = 0; r < unit.rows_of(number); ++r) {
      Index const key = packs.picked[at + r] - tile;
      if (key < 0 || key >= keys) continue;
      for (Index f = 0; f < packs.value_stride; ++f)
        scratch.d_value[key * packs.value_stride + f] += packs.d_output_rows[(at + r) * packs.value_stride + f];
    }
  }

  template <class T, class Packs, class Scratch, class Sums>
  ATTEND_INLINE void differentiate_block(Packs const& packs, Scratch const& scratch, Sums const& sums,
                                         GradientPlace const& place, Index number, Index tile, Index keys) const {
    Index const at = number * GradientUnit::block, features = call.features.count, e = call.value.dim();
    Index const stride = T::score_stride;
    int const count = unit.rows_of(number);
    StripMemory<Number> const strips{packs.query_strips + at * features, nullptr, stride, Scratch::slope_plane};
    using BlockOfRows = Block<T, Call, StripMemory<Number>>;
    BlockOfRows const block{call,  unit.segment, strips,  unit.key_head, unit.first_row(number),
                            count, nullptr,      nullptr, nullptr,       nullptr};
    Coverage const coverage = block.coverage(0, count, tile, keys);
    if (coverage == Coverage::none) return;

    auto const range = score_block<T, GradientUnit::block>(block, tile, keys, packs.key_panels + tile * features,
                                                           scratch.weights, scratch.slopes);
    if (range.empty()) return;

    bool const careful = (coverage == Coverage::some || Call::has_adjusters) &&
                         !(packs.finite_rows[number] != 0 && packs.finite_keys[tile / T::tile] != 0);
    for (int strip = 0; strip < count; strip += T::rows)
      differentiate_strip<T>(block, packs, scratch, sums, place, at, strip, std::min(T::rows, count - strip), tile,
                             range, careful, packs.value_panels + tile * e);

    Index const end = std::min(range.last_key, keys);
    ValueTile<Number> const d_outputs{packs.d_output_rows + at * packs.value_stride, packs.value_stride, count};
    ValueTile<Number> const queries{packs.query_rows + at * packs.feature_stride, packs.feature_stride, count};
    ValueTile<Number> const key_rows{packs.key_rows + tile * packs.feature_stride, packs.feature_stride, keys};
    Number const* const weights = scratch.weights + range.begin;
    Number const* const d_scores = scratch.d_scores + range.begin;
    std::uint8_t const* const seen = scratch.seen + range.begin;
    Number* const d_value = scratch.d_value + range.begin * packs.value_stride;
    Number* const d_key = packs.d_key + (tile + range.begin) * packs.feature_stride;
    Number* const d_queries = d_query + at * packs.feature_stride;
    Index const met = end - range.begin;
    if (careful) {
      accumulate_seen<T, true, true>(met, weights, stride, seen, d_outputs, 0, count, d_value, packs.value_stride);
    } else {
      accumulate_rows<T, true, true>(met, weights, stride, d_outputs, 0, count, d_value, packs.value_stride);
    }
    if constexpr (!is_dot_product<typename Call::Similarity>) {
      differentiate_features<T>(call.similarity, count, strips.queries, packs.key_panels + tile * features,
                                call.features.weights, features, range.begin, range.end, scratch.d_scores,
                                scratch.pairs, d_queries, packs.feature_stride);
    } else if (careful) {
      accumulate_seen<T, true, true>(met, d_scores, stride, seen, queries, 0, count, d_key, packs.feature_stride);
      accumulate_seen<T, false, true>(count, scratch.d_scores, stride, scratch.seen, key_rows, range.begin, end,
                                      d_queries, packs.feature_stride);
    } else {
      accumulate_rows<T, true, true>(met, d_scores, stride, queries, 0, count, d_key, packs.feature_stride);
      accumulate_rows<T, false, true>(count, scratch.d_scores, stride, key_rows, range.begin, end, d_queries,
                                      packs.feature_stride);
    }
  }

  /// The gradients of weights, then of scores, of one strip; zeros where nothing was computed.
  template <class T, class BlockOfRows, class Packs, class Scratch, class Sums, class Range>
  ATTEND_INLINE void differentiate_strip(BlockOfRows const& block, Packs const& packs, Scratch const& scratch,
                                         Sums const& sums, GradientPlace const& place, Index at, int strip, int rows,
                                         Index tile, Range const& range, bool careful,
                                         Number const* value_panels) const {
    Index const stride = T::score_stride, e = call.value.dim();
    Number* const weights = scratch.weights + strip * stride;
    Number* const d_scores = scratch.d_scores + strip * stride;
    for_each_panel<T>(
        block, range, strip, rows, scratch.weights, scratch.d_scores,
        scratch.slopes, [&](Index panel) __attribute__((always_inline)) {
          // d_weights: the product that scores are, of other arrays.
          Number const* const none = nullptr;
          score_rows_of_strip<T, 2>(Dot{}, rows, packs.d_output_strips + (at + strip) * e, value_panels + panel * e,
                                    none, e, d_scores + panel, stride);
        });
    if (careful) note_seen_pairs<T>(block, range, strip, rows, scratch.weights, scratch.seen);
    for (int r = 0; r < rows; ++r) {
      Index const row = at + strip + r;
      RowGradient<Number, typename Packs::State> const gradient{
          packs.log_sum_exp[row], packs.delta[row],
          Call::Normalizer::family == Family::whole_row ? packs.states + row : nullptr};
      differentiate_row<T>(block, gradient, tile, range.begin, range.end, weights + r * stride, d_scores + r * stride,
                           Call::has_adjusters ? scratch.slopes + (strip + r) * stride : nullptr, scratch.d_adjusted,
                           sums.normalizer);
      if constexpr (Call::learned_adjusters > 0)
        add_adjuster_gradients<T>(block, scratch, sums, place, strip + r, tile, range);
    }
  }

  /// What one row gives the parameters of the adjusters that learn.
  template <class T, class BlockOfRows, class Scratch, class Sums, class Range>
  ATTEND_INLINE void add_adjuster_gradients(BlockOfRows const& block, Scratch const& scratch, Sums const& sums,
                                            GradientPlace const& place, int r, Index tile, Range const& range) const {
    using Vector = typename BlockOfRows::Pack;
    using Whole = typename BlockOfRows::Whole;
    QueryPlace const at = block.place(r);
    Position<Whole> p = block.position(at);
    Index const row = (at.head - place.first_head) * place.rows + at.row;
    for (Index j = range.begin; j < range.end; j += T::lanes) {
      Vector const d_adjusted = Vector::load(scratch.d_adjusted + j);
      auto const meets = d_adjusted != Vector(Number(0));
      if (!any_of(meets)) continue;
      p.key = Whole::consecutive(static_cast<integer_like<Number>>(tile + j));
      p.column = Whole::consecutive(static_cast<integer_like<Number>>(unit.segment.key + tile + j));
      Number const* slope = scratch.slopes + r * T::score_stride + j;
      auto const add = [&](auto const& adjuster, Number* sum) __attribute__((always_inline)) {
        if constexpr (Learned<decltype(adjuster)>) {
          slope += Scratch::slope_plane;
          Vector const d_score = select(meets, d_adjusted * Vector::load(slope), Vector(Number(0)));
          adjuster.add_gradient(sum, place, row, d_score, p);
        }
      };
      [&]<std::size_t... index>(std::index_sequence<index...>) __attribute__((always_inline)) {
        (add(std::get<index>(call.adjusters), sums.adjusters[index]), ...);
      }
      (std::make_index_sequence<Sums::adjuster_count>());
    }
  }
};

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
