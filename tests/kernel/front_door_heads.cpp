#include "front_door.hpp"

#include <attend/mask/block_sparse.hpp>
#include <attend/reference/heads.hpp>

#include <cstdint>
#include <vector>

/// Batches of heads in the caller's memory, with any strides and with fewer heads of keys than of queries.

namespace front_door_heads_tests {

using namespace front_door;

constexpr laws::Shape shape{.n = 11, .m = 29, .d = 12, .e = 6, .batch = 2, .heads = 6, .kv_heads = 2};

/// The same numbers as (batch, length, heads, features), features `inner` apart, as projections leave them; what lies
/// between is `fill`.
class Interleaved {
 public:
  Interleaved(at::HeadsShape const& sizes, Index inner, float fill)
      : sizes_(sizes),
        strides_{sizes.length * sizes.heads * sizes.dim * inner, sizes.dim * inner, sizes.heads * sizes.dim * inner,
                 inner},
        sheet_(static_cast<std::size_t>(laws::size_of(sizes) * inner), fill) {}
  Interleaved(at::Heads<float const> const& x, Index inner) : Interleaved(x.shape(), inner, not_a_number) {
    for_each([&](Index b, Index h, Index i, Index f) { heads()(b, h, i, f) = x(b, h, i, f); });
  }
  [[nodiscard]] at::Heads<float> heads() { return at::heads(sheet_.data(), sizes_, strides_); }
  [[nodiscard]] std::vector<float> const& sheet() const { return sheet_; }

  /// Contiguous again.
  [[nodiscard]] std::vector<float> packed() {
    std::vector<float> numbers;
    for_each([&](Index b, Index h, Index i, Index f) { numbers.push_back(heads()(b, h, i, f)); });
    return numbers;
  }

 private:
  template <class Function>
  void for_each(Function const& function) const {
    for (Index b = 0; b < sizes_.batch; ++b)
      for (Index h = 0; h < sizes_.heads; ++h)
        for (Index i = 0; i < sizes_.length; ++i)
          for (Index f = 0; f < sizes_.dim; ++f) function(b, h, i, f);
  }

  at::HeadsShape sizes_;
  at::HeadsStrides strides_;
  std::vector<float> sheet_;
};

TEST(FrontDoor, HeadsAgreeWithTheReferenceAndWithOneHeadAtATime) {
  laws::Problem<float> const problem(shape, 11);
  auto const in = problem.inputs();
  std::vector<float> out(static_cast<std::size_t>(laws::size_of(shape.output())));
  auto const out4 = at::heads(out.data(), shape.output());
  at::attention_into(out4, in.q, in.k, in.v);

  auto const wanted = at::reference::attention<double>(in.q, in.k, in.v);
  for (std::size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], wanted[i], 4e-6) << "element " << i;

  // Query heads 0 to 2 read key head 0, query heads 3 to 5 read key head 1.
  auto const one = [](at::Heads<float const> const& x, Index b, Index h) {
    return Eigen::Map<RowMajor<float> const>(&x(b, h, 0, 0), x.length(), x.dim());
  };
  for (Index b = 0; b < shape.batch; ++b)
    for (Index h = 0; h < shape.heads; ++h)
      EXPECT_TRUE(same_bits(at::attention(one(in.q, b, h), one(in.k, b, h / 3), one(in.v, b, h / 3)), one(out4, b, h)))
          << "sequence " << b << ", head " << h;
  EXPECT_EQ(at::Attention{at::Softmax{}}.forward(in.q, in.k, in.v).output, out);
}

TEST(FrontDoor, HeadsAreReadAndWrittenThroughStrides) {
  laws::Problem<float> const problem(shape, 12);
  auto const in = problem.inputs();
  std::vector<float> out(static_cast<std::size_t>(laws::size_of(shape.output())));
  at::attention_into(at::heads(out.data(), shape.output()), in.q, in.k, in.v);
  for (Index const inner : {1, 2}) {
    Interleaved q(in.q, inner), k(in.k, inner), v(in.v, inner), o(shape.output(), inner, untouched);
    at::Workspace workspace(at::workspace_size(o.heads(), q.heads(), k.heads(), v.heads()));
    std::size_t const announced = workspace.size();
    at::attention_into(o.heads(), q.heads(), k.heads(), v.heads(), workspace);
    EXPECT_EQ(workspace.size(), announced);
    EXPECT_EQ(o.packed(), out) << "features " << inner << " apart";
    for (std::size_t i = 0; inner == 2 && i < o.sheet().size(); i += 2) ASSERT_EQ(o.sheet()[i + 1], untouched);
  }
}

/// In decoding, heads that share keys are computed together: what one of them sees whole, another may not see at all.
TEST(FrontDoor, HeadsOfAGroupHaveMasksOfTheirOwn) {
  constexpr laws::Shape few{.n = 3, .m = 64, .d = 12, .e = 6, .heads = 4, .kv_heads = 2};
  laws::Problem<float> const problem(few, 18);
  auto const in = problem.inputs();
  at::Matrix<bool> blocks(4, 2);  // half of the keys for each head
  blocks << true, false, false, true, false, true, true, false;
  at::BlockSparse const halves(at::Grid<std::uint8_t>(blocks, {1, 4, 1, 2}), 3, 32);
  std::vector<float> out(static_cast<std::size_t>(laws::size_of(few.output())));
  at::attention_into(at::heads(out.data(), few.output()), in.q, in.k, in.v, halves);
  auto const wanted = at::reference::attention<double>(in.q, in.k, in.v, halves);
  for (std::size_t i = 0; i < out.size(); ++i) ASSERT_NEAR(out[i], wanted[i], 4e-6) << "element " << i;
}

TEST(FrontDoor, ColumnsOfAMatrixAreHeads) {
  // Sequence 0 as a projection would leave it: one row a token, its heads side by side.
  RowMajor<float> const q = numbers(11, 6 * 12, 13), k = numbers(29, 2 * 12, 14), v = numbers(29, 2 * 6, 15);
  RowMajor<float> out(11, 6 * 6);
  at::attention_into(at::heads(out, 6), at::heads(q, 6), at::heads(k, 2), at::heads(v, 2));
  for (Index h = 0; h < 6; ++h)
    EXPECT_TRUE(
        same_bits(out.middleCols(h * 6, 6),
                  at::attention(q.middleCols(h * 12, 12), k.middleCols(h / 3 * 12, 12), v.middleCols(h / 3 * 6, 6))));
}

TEST(FrontDoor, WeightsOfHeads) {
  laws::Problem<float> const problem(shape, 16);
  auto const in = problem.inputs();
  at::Attention const op{at::Softmax{}};
  std::vector<float> w(static_cast<std::size_t>(laws::size_of(shape.weights())));
  op.weights_into(at::heads(w.data(), shape.weights()), in.q, in.k);
  auto const wanted = at::reference::weights<double>(in.q, in.k);
  for (std::size_t i = 0; i < w.size(); ++i) ASSERT_NEAR(w[i], wanted[i], 64 * 0x1p-24 * wanted[i]) << "element " << i;

  Interleaved q(in.q, 2), k(in.k, 1), strided(shape.weights(), 2, untouched);
  op.weights_into(strided.heads(), q.heads(), k.heads());
  EXPECT_EQ(strided.packed(), w);
  for (std::size_t i = 1; i < strided.sheet().size(); i += 2) ASSERT_EQ(strided.sheet()[i], untouched);
}

TEST(FrontDoor, BatchesOfNothing) {
  laws::Problem<float> const problem(shape, 17);
  auto const in = problem.inputs();
  std::vector<float> out(static_cast<std::size_t>(laws::size_of(shape.output())), untouched);
  auto const none = laws::tokens(in.k, 0, 0);
  at::attention_into(at::heads(out.data(), shape.output()), in.q, none, laws::tokens(in.v, 0, 0));
  for (float const number : out) ASSERT_EQ(number, 0.f);
  at::attention_into(at::heads(out.data(), {0, 6, 11, 6}), laws::part(in.q, 0, 0, 0, 6, 0, 11),
                     laws::part(in.k, 0, 0, 0, 2, 0, 29), laws::part(in.v, 0, 0, 0, 2, 0, 29));
  at::attention_into(at::heads(out.data(), {2, 6, 0, 6}), laws::tokens(in.q, 0, 0), in.k, in.v);
  for (float const number : out) ASSERT_EQ(number, 0.f);
}

}  // namespace front_door_heads_tests
