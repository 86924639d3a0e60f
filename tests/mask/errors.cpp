#include <limits>

#include "core/sentence.hpp"
#include "mask/mask_laws.hpp"

/// What wrong sizes say.

namespace errors_tests {

using namespace attend;
using sentences::sentence_of;

Matrix<bool> all_false(Index n, Index m) { return Matrix<bool>::Constant(n, m, false); }

CallShape const shape{.batch = 3, .heads = 4, .queries = 5, .keys = 6};

template <class Mask>
std::string sentence(Mask const& mask) {
  return sentence_of([&] { mask.check_sizes(shape); });
}

TEST(MaskErrors, NameWhatWasGivenPerSequence) {
  EXPECT_EQ(sentence(Causal::from({1, 2})), "Causal: 2 offsets for a batch of 3; give one, or one a sequence.");
  EXPECT_EQ(sentence(Prefix{{1, 2}}), "Prefix: 2 lengths for a batch of 3; give one, or one a sequence.");
  EXPECT_EQ(sentence(Lengths{{1, 2, 3, 4}}), "Lengths: 4 lengths for a batch of 3; give one, or one a sequence.");
  EXPECT_EQ(sentence(Lengths{std::vector<Index>{}}),
            "Lengths: 0 lengths for a batch of 3; give one, or one a sequence.");
  EXPECT_EQ(sentence(Causal{}), "no error");
  EXPECT_EQ(sentence(Causal::from({1, 2, 3})), "no error");
  EXPECT_EQ(sentence(Lengths{{1, 2, 3}}), "no error");
}

TEST(MaskErrors, NameTheNumberThatIsOutOfRange) {
  EXPECT_EQ(sentence(Causal::from(Index(1) << 40)),
            "Causal: an offset is 1099511627776; the first query may stand at most 1073741824 tokens from the first "
            "key.");
  EXPECT_EQ(sentence(SlidingWindow{-3, 0}),
            "SlidingWindow: before is -3 and after 0; both are numbers of neighbours, 0 or more (the own position is "
            "always included).");
  EXPECT_EQ(sentence(Dilated{4, 0}), "Dilated: reach is 4 and step 0; reach must be 0 or more and step 1 or more.");
  EXPECT_EQ(sentence(Dilated{-4, 2}), "Dilated: reach is -4 and step 2; reach must be 0 or more and step 1 or more.");
  EXPECT_EQ(sentence(Prefix{-1}), "Prefix: a length is -1; it must be 0 or more.");
  EXPECT_EQ(sentence(Lengths{7}), "Lengths: a length is 7 but there are 6 keys; it must be between 0 and that.");
  EXPECT_EQ(sentence(Lengths{{3, -2, 1}}),
            "Lengths: a length is -2 but there are 6 keys; it must be between 0 and that.");
  EXPECT_EQ(sentence(GlobalTokens{-1}), "GlobalTokens: the count is -1; it must be 0 or more.");
  EXPECT_EQ(sentence(Chunked{0}), "Chunked: a chunk has 0 tokens; it must have 1 or more.");
  EXPECT_EQ(sentence(Summaries{4, 5}),
            "Summaries: the last 5 of every 4 positions; the first number must be between 0 and the second, and that 1 "
            "or more.");
}

TEST(MaskErrors, NameTheSizesOfAMatrix) {
  EXPECT_EQ(sentence(Keep{all_false(4, 6)}), "Keep: 4 rows for 5 queries; give one, or one a query.");
  EXPECT_EQ(sentence(Drop{all_false(5, 7)}), "Drop: 7 columns for 6 keys; give one, or one a key.");
  bool const memory[120] = {};
  EXPECT_EQ(sentence(Keep{memory, {2, 1, 5, 6}}),
            "Keep: 2 batch entries for 3 sequences; give one, or one a sequence.");
  EXPECT_EQ(sentence(Keep{memory, {1, 2, 1, 6}}), "Keep: 2 heads for 4 heads; give one, or one a head.");
  EXPECT_EQ(sentence(Keep{memory, {1, 4, 5, 6}}), "no error");
  EXPECT_EQ(sentence(BlockSparse{all_false(2, 2), 2, 3}),
            "BlockSparse: (2, 2) blocks of (2, 3) for 5 queries and 6 keys; there must be (3, 2).");
  EXPECT_EQ(sentence(BlockSparse{Grid<std::uint8_t>(all_false(2 * 3, 2), {1, 2, 3, 2}), 2, 3}),
            "BlockSparse: 2 heads for 4 heads; give one, or one a head.");
  EXPECT_EQ(sentence(BlockSparse{all_false(3, 2), 2, 3}), "no error");
}

TEST(MaskErrors, SayWhenSomethingCannotBeMade) {
  EXPECT_EQ(sentence_of([] { BlockSparse{all_false(3, 2), 0, 3}; }),
            "BlockSparse: a block is (0, 3); both must be 1 or more.");
  EXPECT_EQ(sentence_of([] { Keep{nullptr, {1, 1, 5, 6}}; }),
            "grid: the pointer is null but the sizes (1, 1, 5, 6) are not empty.");
  EXPECT_EQ(sentence_of([] { Keep{nullptr, {1, 1, -5, 6}}; }), "grid: sizes (1, 1, -5, 6) must not be negative.");
  EXPECT_EQ(sentence_of([] { Grid<float>(Eigen::MatrixXf(2, 3), {1, 2, 2, 2}); }),
            "grid: a matrix (2, 3) does not fill sizes (1, 2, 2, 2).");
}

TEST(MaskErrors, SayWhatIsWrongWithDocuments) {
  EXPECT_EQ(sentence(Documents{{2, 2}}),
            "Documents: the 2 documents have 4 queries and 4 keys, but the call has 5 and 6.");
  EXPECT_EQ(sentence(Documents{{2, 3}, {6, 0}}), "no error");
  EXPECT_EQ(sentence_of([] { Documents{{2, -1}}; }),
            "Documents: document 1 has -1 tokens; a length must be 0 or more.");
  EXPECT_EQ(sentence_of([] { Documents{{2, 1}, {2, -4}}; }),
            "Documents: document 1 has -4 keys; a length must be 0 or more.");
  EXPECT_EQ(sentence_of([] { Documents{{2, 1}, {2}}; }),
            "Documents: 2 documents of queries but 1 of keys; give as many of both.");
  EXPECT_EQ(sentence_of([] { (void)Documents::from_offsets({1, 4}); }),
            "Documents: the offsets of tokens must start with 0.");
  EXPECT_EQ(sentence_of([] { (void)Documents::from_offsets({0, 4}, std::vector<Index>{}); }),
            "Documents: the offsets of keys must start with 0.");
  EXPECT_EQ(sentence_of([] { (void)Documents::from_offsets({0, 4, 3}); }),
            "Documents: the offsets of tokens fall after 4; they must not.");
}

}  // namespace errors_tests
