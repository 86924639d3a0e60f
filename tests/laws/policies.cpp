#include "policies.hpp"

#include "catalogue.hpp"

#include <limits>

namespace laws {

template AnyMask::AnyMask(std::string, attend::Causal);
template AnyMask::AnyMask(std::string, attend::SlidingWindow);
template AnyMask::AnyMask(std::string, attend::Dilated);
template AnyMask::AnyMask(std::string, attend::Chunked);
template AnyMask::AnyMask(std::string, attend::Summaries);
template AnyMask::AnyMask(std::string, attend::GlobalTokens);
template AnyMask::AnyMask(std::string, attend::Prefix);
template AnyMask::AnyMask(std::string, attend::Lengths);
template AnyMask::AnyMask(std::string, attend::Keep);
template AnyMask::AnyMask(std::string, attend::Drop);
template AnyMask::AnyMask(std::string, attend::BlockSparse);
template AnyAdjuster AnyAdjuster::then(attend::SoftCap) const;
template AnyAdjuster AnyAdjuster::then(attend::Alibi) const;
template AnyAdjuster AnyAdjuster::then(attend::Bias<float>) const;
template AnyAdjuster AnyAdjuster::then(attend::Gaussian) const;
template AnyAdjuster AnyAdjuster::then(attend::RelativeBias<float>) const;
template AnyAdjuster AnyAdjuster::then(attend::T5Bias<float>) const;

attend::Matrix<bool> random_bools(Index rows, Index columns, std::uint64_t seed, double share) {
  Random random(seed);
  attend::Matrix<bool> matrix(rows, columns);
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j) matrix(i, j) = random.uniform() < share;
  return matrix;
}

AnyMask causal() { return AnyMask("causal", attend::Causal{}); }
AnyMask keep(attend::Matrix<bool> const& matrix) { return AnyMask("keep", attend::Keep{matrix}); }

std::vector<AnyMask> masks_by_position() {
  using namespace attend;
  return {AnyMask(),
          causal(),
          AnyMask("sliding window (5, 2)", SlidingWindow{5, 2}),
          AnyMask("sliding window (40, 0)", SlidingWindow{40, 0}),
          AnyMask("own position only", SlidingWindow{0, 0}),
          AnyMask("dilated (30, 3)", Dilated{30, 3}),
          AnyMask("prefix 6", Prefix{6}),
          AnyMask("chunks of 9", Chunked{9}),
          AnyMask("past, strided by 7", strided_pattern(7)),
          AnyMask("past, window or first token", Causal{} & (SlidingWindow{11, 11} | GlobalTokens{1})),
          AnyMask("not causal", !Causal{}),
          AnyMask("every second key of the past",
                  [](auto const& p) { return p.key <= p.query && p.key % 2 == 0; })};
}

std::vector<AnyMask> masks_of_the_past() {
  using namespace attend;
  return {causal(), AnyMask("sliding window (40, 0)", SlidingWindow{40, 0}),
          AnyMask("past, strided by 7", strided_pattern(7)),
          AnyMask("past, window or first token", Causal{} & (SlidingWindow{11, 11} | GlobalTokens{1})),
          AnyMask("every second key of the past",
                  [](auto const& p) { return p.key <= p.query && p.key % 2 == 0; })};
}

std::vector<AnyMask> every_mask(Shape const& s) {
  using namespace attend;
  std::vector<AnyMask> all = masks_by_position();
  all.emplace_back("causal from the top left", Causal::top_left());
  all.emplace_back("causal from 3", Causal::from(3));
  all.emplace_back("causal from -5", Causal::from(-5));
  all.emplace_back("half of the length", Lengths{s.m / 2});
  all.emplace_back("length 0", Lengths{Index(0)});
  all.emplace_back("keep 70 %", Keep{random_bools(s.n, s.m, 21, 0.7)});
  all.emplace_back("keep 2 %", Keep{random_bools(s.n, s.m, 22, 0.02)});
  all.emplace_back("keep half of the keys", Keep{random_bools(1, s.m, 23, 0.5)});
  all.emplace_back("keep half of the queries", Keep{random_bools(s.n, 1, 24, 0.5)});
  all.emplace_back("drop 40 %", Drop{random_bools(s.n, s.m, 25, 0.4)});
  all.emplace_back("blocks (8, 16)", BlockSparse{random_bools((s.n + 7) / 8, (s.m + 15) / 16, 26, 0.4), 8, 16});
  all.emplace_back("blocks (5, 7)", BlockSparse{random_bools((s.n + 4) / 5, (s.m + 6) / 7, 27, 0.4), 5, 7});
  all.emplace_back("causal, drop 30 %, length", Causal{} & Drop{random_bools(s.n, s.m, 28, 0.3)} & Lengths{s.m - s.m / 8});
  return all;
}

AnyMask without_coverage(AnyMask const& mask) {
  return AnyMask(mask.name() + " without coverage", [mask](auto const& p) { return mask(p); });
}

NamedAdjusters adjusters_by_position() {
  using namespace attend;
  auto const lambda = [](auto const& score, auto const& p) { return score - 0.1f * (p.query - p.key); };
  return {{"none", AnyAdjuster()},
          {"soft cap", AnyAdjuster().then(SoftCap(2))},
          {"ALiBi", AnyAdjuster().then(Alibi(0.3))},
          {"ALiBi, then soft cap", AnyAdjuster().then(Alibi(0.1)).then(SoftCap(3))},
          {"T5", AnyAdjuster().then(T5Bias<float>(random_matrix<float>(16, 1, 31, 1), true, 40))},
          {"a lambda", AnyAdjuster().then(lambda)}};
}

AnyAdjuster bias_that_forbids(Index rows, Index columns) {
  attend::Matrix<float> bias = random_matrix<float>(rows, columns, 32, 1);
  attend::Matrix<bool> const forbidden = random_bools(rows, columns, 33, 0.3);
  for (Index i = 0; i < rows; ++i)
    for (Index j = 0; j < columns; ++j)
      if (forbidden(i, j)) bias(i, j) = -std::numeric_limits<float>::infinity();
  return AnyAdjuster().then(attend::Bias<float>(bias));
}

NamedAdjusters every_adjuster(Shape const& s) {
  using namespace attend;
  NamedAdjusters all = adjusters_by_position();
  all.emplace_back("bias", AnyAdjuster().then(Bias<float>(random_matrix<float>(s.n, s.m, 34, 1))));
  all.emplace_back("bias of keys", AnyAdjuster().then(Bias<float>(random_matrix<float>(1, s.m, 35, 1))));
  all.emplace_back("bias that forbids", bias_that_forbids(s.n, s.m));
  all.emplace_back("Gaussian", AnyAdjuster().then(Gaussian(random_matrix<double>(s.n, 1, 36, 10), 8)));
  return all;
}

}  // namespace laws
