#pragma once

#include <attend/core/executor.hpp>
#include <attend/core/workspace.hpp>
#include <attend/kernel/features.hpp>
#include <attend/kernel/micro.hpp>
#include <attend/kernel/scratch.hpp>
#include <attend/kernel/slots.hpp>
#include <attend/kernel/workers.hpp>

#include <algorithm>
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

template <class Left, class Right, class Compute>
struct Product {
  using Number = Compute;

  View<Left> left;               // (n, depth)
  View<Right> right;             // (columns, depth)
  MutableView<Number> out;       // (n, columns), whose rows are contiguous
  Number const* bias = nullptr;  // (columns): what a row of out begins with, or zeros …
  bool adds = false;             // … or what stands there

  [[nodiscard]] Index depth() const { return left.columns; }
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
template <class T, int offset = 0, class Number, class Storage>
ATTEND_INLINE void pack_strip(View<Storage> const& tokens, Index first, Index begin, Index end, Number* target) {
  if constexpr (offset < T::rows) {
    constexpr int columns = T::rows - offset < T::lanes ? T::rows - offset : T::lanes;
    Storage const* token[T::lanes];
    for (int i = 0; i < T::lanes; ++i) {
      Index const row = first + offset + i;
      token[i] = i < columns && row < tokens.rows ? tokens.row(row) + begin * tokens.column_stride : nullptr;
    }
    transpose_tokens<columns>(token, tokens.column_stride, end - begin, pack<Number, T::lanes>(1), target + offset,
                              T::rows);
    pack_strip<T, offset + T::lanes>(tokens, first, begin, end, target);
  }
}

/// One strip × one panel over one stretch of depth, into `out`.
template <class T, class Call>
ATTEND_INLINE void multiply_panel(Call const& call, typename Call::Number const* strip,
                                  typename Call::Number const* panel, Index row, Index column, Index begin, Index end) {
  using Number = typename Call::Number;
  using Raw = raw_vector<Number, T::lanes>;
  Number part[T::rows][T::panel];
  int const rows = static_cast<int>(std::min<Index>(T::rows, call.left.rows - row));
  Number const* const none = nullptr;
  Index const depth = end - begin;
  int r = 0;
  for (; r + T::score_rows <= rows; r += T::score_rows)
    score_panel<T, T::score_rows, 2>(Dot{}, strip + r, panel, none, depth, part[r], T::panel);
  for (; r + 4 <= rows; r += 4) score_panel<T, 4, 2>(Dot{}, strip + r, panel, none, depth, part[r], T::panel);
  for (; r < rows; ++r) score_panel<T, 1, 2>(Dot{}, strip + r, panel, none, depth, part[r], T::panel);

  bool const fresh = begin == 0 && !call.adds;
  Index const columns = std::min<Index>(T::panel, call.right.rows - column);
  for (r = 0; r < rows; ++r) {
    Number* const to = call.out.data + (row + r) * call.out.row_stride + column;
    Number const* const before = !fresh ? to : call.bias == nullptr ? nullptr : call.bias + column;
    if (columns == T::panel) {
      for (int c = 0; c < T::panel; c += T::lanes) {
        Raw sum, start{};
        load(sum, part[r] + c);
        if (before != nullptr) load(start, before + c);
        store(to + c, Raw(start + sum));
      }
    } else {
      for (Index c = 0; c < columns; ++c) to[c] = (before == nullptr ? Number(0) : before[c]) + part[r][c];
    }
  }
}

/// Few rows: every panel is packed once, where it is used. One task is one panel.
template <class Call>
struct MultiplyFewRows {
  using Number = typename Call::Number;

  Call const& call;
  Number const* strips;  // [strip][depth][rows]
  Index column;
  Number* panel;  // [depth_step][panel]

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, Number>;
    Index const depth = call.depth();
    for (Index begin = 0; begin == 0 || begin < depth; begin += depth_step) {
      Index const end = std::min(begin + depth_step, depth);
      pack_panel<T>(call.right, column, begin, end, panel);
      for (Index row = 0; row < call.left.rows; row += T::rows)
        multiply_panel<T>(call, strips + row * depth + begin * T::rows, panel, row, column, begin, end);
    }
  }
};

/// A row or a few, as in decoding: `right` is read once, as fast as memory gives it, and turned in registers; nothing
/// is packed. The sums are those of the other paths, number by number.
template <class Call>
struct MultiplyRows {
  using Number = typename Call::Number;
  /// More rows are served faster by panels.
  static constexpr Index most = 4;

  Call const& call;
  Index first, last;  // columns of out

  [[nodiscard]] static bool serves(Call const& call) {
    return call.left.rows <= most && call.left.column_stride == 1 && call.right.column_stride == 1;
  }

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, Number>;
    using Raw = raw_vector<Number, T::lanes>;
    for (Index column = first; column < last; column += T::lanes) {
      Index const columns = std::min<Index>(T::lanes, last - column);
      for (Index row = 0; row < call.left.rows; ++row) {
        Number* const to = call.out.data + row * call.out.row_stride + column;
        Number sums[T::lanes] = {};
        Number const* const before = call.adds ? to : call.bias == nullptr ? nullptr : call.bias + column;
        if (before != nullptr) std::copy_n(before, columns, sums);
        Raw total;
        load(total, sums);
        for (Index begin = 0; begin < call.depth(); begin += depth_step)
          add_stretch<T>(row, column, columns, begin, std::min(begin + depth_step, call.depth()), total);
        store(sums, total);
        std::copy_n(sums, columns, to);
      }
    }
  }

 private:
  template <class T, class Raw>
  ATTEND_INLINE void add_stretch(Index row, Index column, Index columns, Index begin, Index end, Raw& total) const {
    constexpr int lanes = T::lanes;
    auto const* const x = call.left.row(row);
    auto const* const weights = call.right.row(column);
    Index const stride = call.right.row_stride;
    Raw part{};
    for (Index chain = begin; chain < end; chain += T::chain) {
      Index const chain_end = std::min<Index>(chain + T::chain, end);
      Raw sum{};
      for (Index f = chain; f < chain_end; f += lanes) {
        Index const count = std::min<Index>(lanes, chain_end - f);
        Raw square[lanes];
        if (columns == lanes && count == lanes) {
          if constexpr (std::is_same_v<std::remove_cv_t<std::remove_reference_t<decltype(*weights)>>, Number>) {
            load_transposed<
                Number, lanes>([&](int i) __attribute__((always_inline)) { return weights + i * stride + f; }, square);
          } else {
            ATTEND_UNROLL
            for (int i = 0; i < lanes; ++i) square[i] = load_as<lanes>(weights + i * stride + f).value();
            transpose<Number, lanes>(square);
          }
          ATTEND_UNROLL
          for (int g = 0; g < lanes; ++g) sum = static_cast<Number>(x[f + g]) * square[g] + sum;
        } else {
          for (int i = 0; i < lanes; ++i) {
            square[i] = Raw{};
            if (i < columns) square[i] = load_some<Number, lanes>(weights + i * stride + f, 1, count).value();
          }
          transpose<Number, lanes>(square);
          for (int g = 0; g < count; ++g) sum = static_cast<Number>(x[f + g]) * square[g] + sum;
        }
      }
      part = part + sum;
    }
    total = total + part;
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

/// Packs one panel over the whole depth: [stretch][panel][feature][column].
template <class Call>
struct PackColumns {
  using Number = typename Call::Number;

  Call const& call;
  Index first, columns;  // of the group of panels
  Index column;
  Number* packed;

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, Number>;
    for (Index begin = 0; begin < call.depth(); begin += depth_step) {
      Index const end = std::min(begin + depth_step, call.depth());
      pack_panel<T>(call.right, column, begin, end, packed + begin * columns + (column - first) * (end - begin));
    }
  }
};

/// Many rows: a block of them against a group of packed panels.
template <class Call>
struct MultiplyBlock {
  using Number = typename Call::Number;

  Call const& call;
  Number const* packed;
  Index first, columns;
  Index row, rows;
  Number* strip;  // [depth_step][rows]

  template <class Set>
  ATTEND_INLINE void run() const {
    using T = Tiling<Set, Number>;
    Index const depth = call.depth(), last = std::min(first + columns, call.right.rows);
    for (Index begin = 0; begin == 0 || begin < depth; begin += depth_step) {
      Index const end = std::min(begin + depth_step, depth);
      for (Index r = row; r < row + rows; r += T::rows) {
        pack_strip<T>(call.left, r, begin, end, strip);
        for (Index column = first; column < last; column += T::panel)
          multiply_panel<T>(call, strip, packed + begin * columns + (column - first) * (end - begin), r, column, begin,
                            end);
      }
    }
  }
};

template <class Set, class Call, class Executor>
void run_product(Call const& call, Executor& executor, Workspace& workspace) {
  using Number = typename Call::Number;
  using T = Tiling<Set, Number>;
  Index const n = call.left.rows, depth = call.depth(), all = round_up(call.right.rows, T::panel);
  if (n == 0 || all == 0) return;
  constexpr Index few = 4 * T::rows, block = 8 * T::rows;
  Index const workers = std::min(workers_of(executor), Slots::most);
  if (MultiplyRows<Call>::serves(call)) {
    Index const columns = call.right.rows, share = round_up((columns + 8 * workers - 1) / (8 * workers), T::lanes);
    executor.for_each((columns + share - 1) / share, [&](Index task) {
      enter<Set>(MultiplyRows<Call>{call, task * share, std::min(columns, (task + 1) * share)});
    });
    return;
  }
  constexpr Index panel_size = depth_step * T::panel;
  if (n <= few) {
    Index const strips = round_up(n, T::rows) * depth;
    Carver count;
    count.take<Number>(strips);
    count.take<Number>(panel_size * workers);
    Carver carver(workspace.reserve(count.used()));
    Number* const packed = carver.take<Number>(strips);
    Number* const panels = carver.take<Number>(panel_size * workers);
    Slots slots(workers);
    executor.for_each((n + T::rows - 1) / T::rows, [&](Index task) {
      enter<Set>(PackStrip<Call>{call, task * T::rows, packed + task * T::rows * depth});
    });
    // Several panels a task where there are many, so that handing out tasks costs nothing.
    Index const group = std::max<Index>(1, all / T::panel / (8 * workers));
    executor.for_each((all / T::panel + group - 1) / group, [&](Index task) {
      Slots::Lease const lease(slots);
      for (Index p = task * group; p < std::min((task + 1) * group, all / T::panel); ++p)
        enter<Set>(MultiplyFewRows<Call>{call, packed, p * T::panel, panels + lease.slot() * panel_size});
    });
    return;
  }
  // Panels of one stretch of a group stay in a cache of 1 MiB.
  constexpr Index most = (Index{3} << 18) / (depth_step * static_cast<Index>(sizeof(Number)));
  Index const columns = std::min(all, most / T::panel * T::panel), strip_size = depth_step * T::rows;
  Carver count;
  count.take<Number>(columns * depth);
  count.take<Number>(strip_size * workers);
  Carver carver(workspace.reserve(count.used()));
  Number* const packed = carver.take<Number>(columns * depth);
  Number* const strips = carver.take<Number>(strip_size * workers);
  Slots slots(workers);
  for (Index first = 0; first < all; first += columns) {
    Index const here = std::min(columns, all - first);
    executor.for_each(here / T::panel, [&](Index task) {
      enter<Set>(PackColumns<Call>{call, first, here, first + task * T::panel, packed});
    });
    executor.for_each((n + block - 1) / block, [&](Index task) {
      Slots::Lease const lease(slots);
      Index const row = task * block;
      enter<Set>(MultiplyBlock<Call>{call, packed, first, here, row, std::min(block, n - row),
                                     strips + lease.slot() * strip_size});
    });
  }
}

/// out = left · rightᵀ + bias, or out += left · rightᵀ, on the instruction set in use.
template <class Left, class Right, class Number, class Executor>
void multiply(Product<Left, Right, Number> const& call, Executor& executor, Workspace& workspace) {
  with_set(active_isa(), [&]<class Set>() { run_product<Set>(call, executor, workspace); });
}

}  // namespace kernel
}  // namespace ATTEND_UNIT_NAME
}  // namespace attend

ATTEND_QUIET_END
