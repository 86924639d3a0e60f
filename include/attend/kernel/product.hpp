#pragma once

#include <attend/core/executor.hpp>
#include <attend/core/workspace.hpp>
#include <attend/kernel/features.hpp>
#include <attend/kernel/micro.hpp>
#include <attend/kernel/scratch.hpp>
#include <attend/kernel/slots.hpp>
#include <attend/kernel/stored.hpp>
#include <attend/kernel/workers.hpp>

#include <algorithm>
#include <span>
#include <type_traits>

/// The products of layers: left · rightᵀ, which is what scores are, of other arrays.
///
///   out(i, j) = Σ_f left(i, f) · right(j, f)       left (n, depth)  right (columns, depth)  →  out (n, columns)
///
/// Both are read through strides, so the derivatives of a projection are the same product of transposed views. Depth is
/// cut in stretches of `depth_step`, each summed as scores are and added to what the ones before it gave. So the bits
/// of a row depend on that row and on `right` alone: not on the rows beside it, on the path taken or on threads.

ATTEND_QUIET_BEGIN

namespace attend {
inline namespace ATTEND_UNIT_NAME {
namespace kernel {

/// What tokens are multiplied by: one projection of them.
template <class Right, class Number>
struct Factor {
  View<Right> right;             // (columns, depth)
  MutableView<Number> out;       // (n, columns), whose rows are contiguous
  Number const* bias = nullptr;  // (columns): what a row of out begins with, or zeros
};

/// Tokens and all that they are multiplied by; several projections of the same tokens are one call, which packs the
/// tokens once.
template <class Left, class Right, class Compute>
struct Product {
  using Number = Compute;
  using Each = Factor<Right, Number>;

  View<Left> left;  // (n, depth)
  std::span<Each const> factors;
  bool adds = false;  // to what stands in `out`, instead of to a bias

  [[nodiscard]] Index depth() const { return left.columns; }

  /// Columns are shared out in pieces of `width`, of which none belongs to two factors.
  [[nodiscard]] Index pieces(Index width) const {
    Index count = 0;
    for (Each const& factor : factors) count += (factor.right.rows + width - 1) / width;
    return count;
  }
  /// Where piece `index` is.
  struct Place {
    Each const& factor;
    Index column;
  };
  [[nodiscard]] Place piece(Index index, Index width) const {
    for (Each const& factor : factors) {
      Index const here = (factor.right.rows + width - 1) / width;
      if (index < here) return {factor, index * width};
      index -= here;
    }
    return {factors.back(), 0};  // never
  }
};

/// Floats of one stretch: a panel (32 KiB) stays in L1 for a strip or more, a group of panels in L2.
inline constexpr Index depth_step = 256;

/// Packs tokens [first, first + T::panel) of `right`, features [begin, end), to a panel [feature][panel].
template <class T, class Number, class Storage>
ATTEND_INLINE void pack_panel(View<Storage> const& tokens, Index first, Index begin, Index end, Number* target) {
  for (int half = 0; half < 2; ++half) {
    Storage const* token[T::lanes];
    for (int i = 0; i < T::lanes; ++i) {
      Index const row = first + half * T::lanes + i;
      token[i] = row < tokens.rows ? tokens.row(row) + begin * tokens.column_stride : nullptr;
      if (row + T::panel < tokens.rows)
        prefetch_token(tokens.row(row + T::panel) + begin * tokens.column_stride, tokens.column_stride, end - begin);
    }
    transpose_tokens<T::lanes>(token, tokens.column_stride, end - begin, pack<Number, T::lanes>(1),
                               target + half * T::lanes, T::panel);
  }
}

/// Packs up to T::rows tokens of `left` to a strip [feature][rows].
template <class T, class Number, class Storage>
ATTEND_INLINE void pack_strip(View<Storage> const& tokens, Index first, Index begin, Index end, Number* target) {
  transpose_strip<T>(
      [&](int r) __attribute__((always_inline)) {
        return first + r < tokens.rows ? tokens.row(first + r) + begin * tokens.column_stride : nullptr;
      },
      tokens.column_stride, end - begin, target);
}

/// One strip × one panel over one stretch of depth, into `out`. `part` is room for a strip × panel; as an array of this
/// function it made GCC 12 keep keys on the stack beside it: 0.78 of the machine's peak instead of 0.87.
template <class T, class Call>
ATTEND_INLINE void multiply_panel(Call const& call, typename Call::Place const& place,
                                  typename Call::Number const* strip, typename Call::Number const* panel,
                                  typename Call::Number* part, Index row, Index begin, Index end) {
  using Number = typename Call::Number;
  using Raw = raw_vector<Number, T::lanes>;
  int const rows = static_cast<int>(std::min<Index>(T::rows, call.left.rows - row));
  Number const* const none = nullptr;
  Index const depth = end - begin;
  auto const& [factor, column] = place;
  for (int r = 0; r < rows; ++r) {
    Number* const to = factor.out.row(row + r) + column;
    __builtin_prefetch(to, 1);
    __builtin_prefetch(to + T::panel - 1, 1);
  }
  int done = 0;
  for (; done + T::score_rows <= rows; done += T::score_rows)
    score_panel<T, T::score_rows, 2>(Dot{}, strip + done, panel, none, depth, part + done * T::panel, T::panel);
  for (; done + 4 <= rows; done += 4)
    score_panel<T, 4, 2>(Dot{}, strip + done, panel, none, depth, part + done * T::panel, T::panel);
  for (; done < rows; ++done)
    score_panel<T, 1, 2>(Dot{}, strip + done, panel, none, depth, part + done * T::panel, T::panel);

  bool const fresh = begin == 0 && !call.adds;
  Index const columns = std::min<Index>(T::panel, factor.right.rows - column);
  for (int r = 0; r < rows; ++r) {
    Number* const to = factor.out.row(row + r) + column;
    Number const* const before = !fresh ? to : factor.bias == nullptr ? nullptr : factor.bias + column;
    if (columns == T::panel) {
      for (int c = 0; c < T::panel; c += T::lanes) {
        Raw sum, start{};
        load(sum, part + r * T::panel + c);
        if (before != nullptr) load(start, before + c);
        store(to + c, Raw(start + sum));
      }
    } else {
      for (Index c = 0; c < columns; ++c) to[c] = (before == nullptr ? Number(0) : before[c]) + part[r * T::panel + c];
    }
  }
}

/// Few rows: every panel is packed once, where it is used.
template <class Call>
struct MultiplyFewRows {
  using Number = typename Call::Number;

  Call const& call;
  Number const* strips;  // [strip][depth][rows]
  Index index;           // of the panel
  Number* panel;         // [depth_step][panel]
  Number* part;

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, Number>;
    Index const depth = call.depth();
    auto const place = call.piece(index, T::panel);
    for (Index begin = 0; begin == 0 || begin < depth; begin += depth_step) {
      Index const end = std::min(begin + depth_step, depth);
      pack_panel<T>(place.factor.right, place.column, begin, end, panel);
      for (Index row = 0; row < call.left.rows; row += T::rows)
        multiply_panel<T>(call, place, strips + row * depth + begin * T::rows, panel, part, row, begin, end);
    }
  }
};

/// A row or a few, as in decoding: `right` is read once, as fast as memory gives it, and nothing is packed. The sums
/// are those of the other paths, number by number.
template <class Call>
struct MultiplyRows {
  using Number = typename Call::Number;

  Call const& call;
  Index first, last;  // pieces of one vector of columns

  [[nodiscard]] static bool serves(Call const& call) {
    bool contiguous = call.left.column_stride == 1;
    for (auto const& factor : call.factors) contiguous = contiguous && factor.right.column_stride == 1;
    return call.left.rows <= most_few_rows && contiguous;
  }

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, Number>;
    for (Index index = first; index < last; ++index) {
      auto const place = call.piece(index, T::lanes);
      if (call.left.rows == most_few_rows)
        multiply<T, most_few_rows>(place, 0);
      else
        for (Index row = 0; row < call.left.rows; ++row) multiply<T, 1>(place, row);
    }
  }

 private:
  template <class T, int rows>
  ATTEND_INLINE void multiply(typename Call::Place const& place, Index row) const {
    using Raw = raw_vector<Number, T::lanes>;
    auto const& [factor, column] = place;
    auto const& right = factor.right;
    Index const columns = std::min<Index>(T::lanes, right.rows - column), depth = call.depth();
    Raw total[rows];
    Number sums[T::lanes] = {};
    for (int r = 0; r < rows; ++r) {
      Number const* const before = call.adds                ? factor.out.row(row + r) + column
                                   : factor.bias == nullptr ? nullptr
                                                            : factor.bias + column;
      if (before != nullptr) std::copy_n(before, columns, sums);
      load(total[r], sums);
    }
    FewRows<std::remove_cvref_t<decltype(*call.left.data)>> const few{call.left.row(row), 1, call.left.row_stride};
    auto const tokens = right.middle_rows(column, right.rows - column);
    for (Index begin = 0; begin < depth; begin += depth_step) {
      Raw part[rows] = {};
      add_stored_products<T, rows, Number>(few, tokens, columns, begin, std::min(begin + depth_step, depth), part);
      ATTEND_UNROLL
      for (int r = 0; r < rows; ++r) total[r] = total[r] + part[r];
    }
    for (int r = 0; r < rows; ++r) {
      store(sums, total[r]);
      std::copy_n(sums, columns, factor.out.row(row + r) + column);
    }
  }
};

template <class Call>
struct PackStrip {
  using Number = typename Call::Number;

  Call const& call;
  Index row;
  Number* strip;  // [depth][rows]

  template <class Set>
  ATTEND_INLINE void run() const {
    pack_strip<Tiling<Set, Number>>(call.left, row, 0, call.depth(), strip);
  }
};

/// Packs one panel of a group over the whole depth: [stretch][panel][feature][column].
template <class Call>
struct PackPanel {
  using Number = typename Call::Number;

  Call const& call;
  Index first, count;  // panels of the group
  Index index;
  Number* packed;

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, Number>;
    auto const place = call.piece(index, T::panel);
    for (Index begin = 0; begin < call.depth(); begin += depth_step) {
      Index const end = std::min(begin + depth_step, call.depth());
      pack_panel<T>(place.factor.right, place.column, begin, end,
                    packed + T::panel * (begin * count + (index - first) * (end - begin)));
    }
  }
};

/// Many rows: a block of them against a group of packed panels. A panel stays in L1 while the strips of the block pass
/// by, the strips and the group in L2.
template <class Call>
struct MultiplyBlock {
  using Number = typename Call::Number;

  Call const& call;
  Number const* packed;
  Index first, count;  // panels of the group
  Index row, rows;
  Number* strips;  // [strip][depth_step][rows]
  Number* part;

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, Number>;
    Index const depth = call.depth();
    for (Index begin = 0; begin == 0 || begin < depth; begin += depth_step) {
      Index const end = std::min(begin + depth_step, depth), step = end - begin;
      for (Index r = 0; r < rows; r += T::rows) pack_strip<T>(call.left, row + r, begin, end, strips + r * step);
      for (Index p = 0; p < count; ++p) {
        auto const place = call.piece(first + p, T::panel);
        Number const* const panel = packed + T::panel * (begin * count + p * step);
        for (Index r = 0; r < rows; r += T::rows)
          multiply_panel<T>(call, place, strips + r * step, panel, part, row + r, begin, end);
      }
    }
  }
};

template <class Set, class Call, class Executor>
void run_product(Call const& call, Executor& executor, Workspace& workspace) {
  using Number = typename Call::Number;
  using T = Tiling<Set, Number>;
  Index const n = call.left.rows, depth = call.depth(), panels = call.pieces(T::panel);
  if (n == 0 || panels == 0) return;
  constexpr Index few = 4 * T::rows, block = 8 * T::rows, part_size = T::rows * T::panel;
  Index const workers = std::min(workers_of(executor), Slots::most);
  // Several pieces a task, so that handing out tasks costs nothing.
  auto const shared_out = [&](Index pieces, auto const& task) {
    Index const share = (pieces + 8 * workers - 1) / (8 * workers);
    executor.for_each((pieces + share - 1) / share,
                      [&](Index i) { task(i * share, std::min(pieces, (i + 1) * share)); });
  };
  if (MultiplyRows<Call>::serves(call)) {
    shared_out(call.pieces(T::lanes),
               [&](Index begin, Index end) { enter<Set>(MultiplyRows<Call>{call, begin, end}); });
    return;
  }
  if (n <= few) {
    constexpr Index panel_size = depth_step * T::panel;
    Index const strips = round_up(n, T::rows) * depth;
    Carver count;
    count.take<Number>(strips);
    count.take<Number>(panel_size * workers);
    count.take<Number>(part_size * workers);
    Carver carver(workspace.reserve(count.used()));
    Number* const packed = carver.take<Number>(strips);
    Number* const room = carver.take<Number>(panel_size * workers);
    Number* const parts = carver.take<Number>(part_size * workers);
    Slots slots(workers);
    executor.for_each((n + T::rows - 1) / T::rows, [&](Index task) {
      enter<Set>(PackStrip<Call>{call, task * T::rows, packed + task * T::rows * depth});
    });
    shared_out(panels, [&](Index begin, Index end) {
      Slots::Lease const lease(slots);
      for (Index p = begin; p < end; ++p)
        enter<Set>(
            MultiplyFewRows<Call>{call, packed, p, room + lease.slot() * panel_size, parts + lease.slot() * part_size});
    });
    return;
  }
  // Panels of one stretch of a group stay in a cache of 1 MiB, beside the strips.
  constexpr Index most = (Index{3} << 18) / (depth_step * T::panel * static_cast<Index>(sizeof(Number)));
  Index const group = std::min(panels, most), strips_size = depth_step * block;
  Carver count;
  count.take<Number>(group * T::panel * depth);
  count.take<Number>(strips_size * workers);
  count.take<Number>(part_size * workers);
  Carver carver(workspace.reserve(count.used()));
  Number* const packed = carver.take<Number>(group * T::panel * depth);
  Number* const strips = carver.take<Number>(strips_size * workers);
  Number* const parts = carver.take<Number>(part_size * workers);
  Slots slots(workers);
  // As many blocks for each worker: 11 of 1024 rows would leave the second of two without work for an eighth of the
  // time.
  Index const row_strips = (n + T::rows - 1) / T::rows,
              tasks = std::min(row_strips, round_up((n + block - 1) / block, workers));
  for (Index first = 0; first < panels; first += group) {
    Index const here = std::min(group, panels - first);
    executor.for_each(here, [&](Index p) { enter<Set>(PackPanel<Call>{call, first, here, first + p, packed}); });
    executor.for_each(tasks, [&](Index task) {
      Slots::Lease const lease(slots);
      Index const row = task * row_strips / tasks * T::rows, end = (task + 1) * row_strips / tasks * T::rows;
      enter<Set>(MultiplyBlock<Call>{call, packed, first, here, row, std::min(end, n) - row,
                                     strips + lease.slot() * strips_size, parts + lease.slot() * part_size});
    });
  }
}

/// out = left · rightᵀ + bias, or out += left · rightᵀ, for each factor, on the instruction set in use.
template <class Left, class Right, class Number, class Executor>
void multiply(Product<Left, Right, Number> const& call, Executor& executor, Workspace& workspace) {
  with_set(active_isa(), [&]<class Set>() { run_product<Set>(call, executor, workspace); });
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
