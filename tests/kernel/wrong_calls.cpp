#include <attend/attend.hpp>

#include "core/sentence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <functional>
#include <limits>
#include <string>
#include <vector>

/// Every wrong call ends in attend::Error, with a sentence that holds the numbers, before anything is written.

namespace wrong_calls_tests {

namespace at = attend;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

/// A call, and what its sentence must contain.
struct WrongCall {
  std::string name;
  std::vector<std::string> numbers;
  std::function<void()> call;
};

void expect_sentences(std::vector<WrongCall> const& calls) {
  for (WrongCall const& wrong : calls) {
    SCOPED_TRACE(wrong.name);
    sentences::expect_sentence(wrong.call, wrong.numbers);
  }
}

/// Heads in memory of their own, and an output that shows whether it was touched.
struct Batch {
  static constexpr float untouched = 12345.f;
  std::vector<float> q = std::vector<float>(4096, 1.f), k = q, v = q;
  std::vector<float> out = std::vector<float>(4096, untouched);

  void expect_untouched() const {
    for (float const number : out) ASSERT_EQ(number, untouched);
  }
};

TEST(WrongCalls, OfBatchesOfHeadsAreRefusedBeforeAnythingIsWritten) {
  Batch b;
  auto const into = [&b](at::HeadsShape out, at::HeadsShape q, at::HeadsShape k, at::HeadsShape v) {
    return [=, &b] {
      at::attention_into(at::heads(b.out.data(), out), at::heads(b.q.data(), q), at::heads(b.k.data(), k),
                         at::heads(b.v.data(), v));
    };
  };
  std::vector<WrongCall> const calls{
      {"features", {"8", "6", "features d"}, into({1, 2, 3, 4}, {1, 2, 3, 8}, {1, 2, 5, 6}, {1, 2, 5, 4})},
      {"keys and values", {"5", "7"}, into({1, 2, 3, 4}, {1, 2, 3, 8}, {1, 2, 5, 8}, {1, 2, 7, 4})},
      {"one head of keys and values", {"5", "7"}, into({1, 1, 3, 4}, {1, 1, 3, 8}, {1, 1, 5, 8}, {1, 1, 7, 4})},
      {"batch of q and k", {"2", "3"}, into({2, 2, 3, 4}, {2, 2, 3, 8}, {3, 2, 5, 8}, {3, 2, 5, 4})},
      {"batch of k and v", {"2", "1"}, into({2, 2, 3, 4}, {2, 2, 3, 8}, {2, 2, 5, 8}, {1, 2, 5, 4})},
      {"heads of k and v", {"2", "4"}, into({1, 4, 3, 4}, {1, 4, 3, 8}, {1, 2, 5, 8}, {1, 4, 5, 4})},
      {"group", {"5", "2", "multiple"}, into({1, 5, 3, 4}, {1, 5, 3, 8}, {1, 2, 5, 8}, {1, 2, 5, 4})},
      {"more key heads than query heads", {"2", "4"}, into({1, 2, 3, 4}, {1, 2, 3, 8}, {1, 4, 5, 8}, {1, 4, 5, 4})},
      {"no key heads", {"0"}, into({1, 2, 3, 4}, {1, 2, 3, 8}, {1, 0, 5, 8}, {1, 0, 5, 4})},
      {"batch of out", {"2", "1"}, into({2, 2, 3, 4}, {1, 2, 3, 8}, {1, 2, 5, 8}, {1, 2, 5, 4})},
      {"heads of out", {"1", "2"}, into({1, 1, 3, 4}, {1, 2, 3, 8}, {1, 2, 5, 8}, {1, 2, 5, 4})},
      {"length of out", {"5", "3"}, into({1, 2, 5, 4}, {1, 2, 3, 8}, {1, 2, 5, 8}, {1, 2, 5, 4})},
      {"features of out", {"8", "4"}, into({1, 2, 3, 8}, {1, 2, 3, 8}, {1, 2, 5, 8}, {1, 2, 5, 4})},
      {"out is q",
       {"memory of its own"},
       [&b] {
         at::attention_into(at::heads(b.q.data(), {1, 1, 3, 8}), at::heads(b.q.data(), {1, 1, 3, 8}),
                            at::heads(b.k.data(), {1, 1, 5, 8}), at::heads(b.v.data(), {1, 1, 5, 8}));
       }},
      {"out is v",
       {"memory of its own"},
       [&b] {
         at::attention_into(at::heads(b.v.data(), {1, 1, 5, 8}), at::heads(b.q.data(), {1, 1, 5, 8}),
                            at::heads(b.k.data(), {1, 1, 5, 8}), at::heads(b.v.data(), {1, 1, 5, 8}));
       }},
      {"out begins within v",
       {"out", "memory with v"},
       [&b] {
         at::attention_into(at::heads(b.v.data() + 39, {1, 1, 3, 8}), at::heads(b.q.data(), {1, 1, 3, 8}),
                            at::heads(b.k.data(), {1, 1, 5, 8}), at::heads(b.v.data(), {1, 1, 5, 8}));
       }},
      {"out in the columns of k",
       {"out", "memory with k"},
       [&b] {
         at::HeadsStrides const lines{0, 0, 32, 1};
         at::attention_into(at::heads(b.k.data() + 7, {1, 1, 3, 8}, lines), at::heads(b.q.data(), {1, 1, 3, 8}),
                            at::heads(b.k.data(), {1, 1, 5, 8}, lines), at::heads(b.v.data(), {1, 1, 5, 8}));
       }},
      {"null", {"null", "3", "8"}, [] { (void)at::heads(static_cast<float*>(nullptr), {1, 1, 3, 8}); }},
      {"negative batch", {"-1"}, [&b] { (void)at::heads(b.q.data(), {-1, 1, 3, 8}); }},
      {"negative heads", {"-2"}, [&b] { (void)at::heads(b.q.data(), {1, -2, 3, 8}); }},
      {"negative length", {"-3"}, [&b] { (void)at::heads(b.q.data(), {1, 1, -3, 8}); }},
      {"negative features", {"-8"}, [&b] { (void)at::heads(b.q.data(), {1, 1, 3, -8}); }},
      {"columns that do not divide", {"10", "4"}, [] { (void)at::heads(at::Matrix<float>(3, 10), 4); }},
      {"no heads to divide into", {"10", "0"}, [] { (void)at::heads(at::Matrix<float>(3, 10), 0); }},
      {"negative heads to divide into", {"10", "-5"}, [] { (void)at::heads(at::Matrix<float>(3, 10), -5); }},
  };
  expect_sentences(calls);
  b.expect_untouched();
  for (auto const* input : {&b.q, &b.k, &b.v})
    for (float const number : *input) ASSERT_EQ(number, 1.f);
}

TEST(WrongCalls, OfMatricesAreRefused) {
  Eigen::MatrixXf const q(3, 8), k(5, 8), v(5, 4);
  Eigen::MatrixXf small(2, 4);
  std::vector<WrongCall> const calls{
      {"features", {"3", "5"}, [&] { (void)at::attention(Eigen::MatrixXf(4, 3), Eigen::MatrixXf(5, 5), v); }},
      {"rows of k and v", {"5", "6"}, [&] { (void)at::attention(q, k, Eigen::MatrixXf(6, 4)); }},
      {"forward features",
       {"8", "9"},
       [&] { (void)at::Attention{at::Softmax{}}.forward(q, Eigen::MatrixXf(5, 9), v); }},
      {"weights features", {"8", "9"}, [&] { (void)at::Attention{at::Softmax{}}.weights(q, Eigen::MatrixXf(5, 9)); }},
      {"row too large", {"3"}, [&] { (void)at::Attention{at::Softmax{}}.weights(q, k, {0, 3}); }},
      {"row negative", {"-1", "3"}, [&] { (void)at::Attention{at::Softmax{}}.weights(q, k, {-1}); }},
      {"out of another size", {"2", "3"}, [&] { at::attention_into(small, q, k, v); }},
      {"too many threads fewer than one", {"0"}, [] { at::ThreadPool pool(0); }},
      {"negative threads", {"-4"}, [] { at::ThreadPool pool(-4); }},
  };
  expect_sentences(calls);
}

/// Policies refuse sizes and numbers at the same door, whatever computes behind it: long double takes the reference,
/// which compiles in a fraction of the time.
TEST(WrongCalls, OfPoliciesAreRefused) {
  using Number = long double;
  at::Matrix<Number> const q = at::Matrix<Number>::Ones(3, 4), k = at::Matrix<Number>::Ones(5, 4), v = k;
  auto const with = [&](auto... policies) { return [=, &q, &k, &v] { (void)at::attention(q, k, v, policies...); }; };
  at::Matrix<Number> const w34 = at::Matrix<Number>::Ones(3, 4), w44 = at::Matrix<Number>::Ones(4, 4);
  at::Vector<Number> const a3 = at::Vector<Number>::Ones(3), a4 = at::Vector<Number>::Ones(4);
  Eigen::Matrix<bool, Eigen::Dynamic, Eigen::Dynamic> const b35 = decltype(b35)::Constant(3, 5, true),
                                                            b45 = decltype(b45)::Constant(4, 5, true),
                                                            b33 = decltype(b33)::Constant(3, 3, true);
  Eigen::MatrixXd const m45 = Eigen::MatrixXd::Ones(4, 5), m36 = Eigen::MatrixXd::Ones(3, 6);
  std::vector<WrongCall> const calls{
      {"bilinear", {"3", "4"}, with(at::Bilinear<Number>{w34})},
      {"additive", {"3", "4"}, [&] { (void)at::Additive<Number>{w34, w44, a3}; }},
      {"additive a", {"3", "4"}, [&] { (void)at::Additive<Number>{w44, w44, a3}; }},
      {"additive bias", {"3", "4"}, [&] { (void)at::Additive<Number>{w44, w44, a4, a3}; }},
      {"additive features",
       {"4", "6"},
       [&] { (void)at::attention(at::Matrix<Number>(3, 6), k, v, at::Additive<Number>{w44, w44, a4}); }},
      {"concat", {"3", "4"}, with(at::Concat<Number>{w34, a3})},
      {"location with too few rows", {"3", "5"}, with(at::Location<Number>{w34})},
      {"cosine", {"nan"}, with(at::Cosine{nan})},
      {"cosine infinite", {"inf"}, with(at::Cosine{infinity})},
      {"euclidean", {"nan"}, with(at::Euclidean{nan})},
      {"l1", {"inf"}, with(at::L1{infinity})},
      {"soft cap zero", {"0"}, with(at::SoftCap{0.0})},
      {"soft cap negative", {"-3"}, with(at::SoftCap{-3.0})},
      {"soft cap not a number", {"nan"}, with(at::SoftCap{nan})},
      {"slopes", {"3", "1"}, with(at::Alibi{{0.1, 0.2, 0.3}})},
      {"slopes of no heads", {"0"}, [] { (void)at::Alibi::for_heads(0); }},
      {"bias rows", {"4", "3"}, with(at::Bias{m45})},
      {"bias columns", {"6", "5"}, with(at::Bias{m36})},
      {"gaussian width", {"0"}, with(at::Gaussian{2.0, 0.0})},
      {"gaussian centres", {"4", "3"}, with(at::Gaussian{Eigen::VectorXd::Ones(4), 1.0})},
      {"causal offsets", {"2", "1"}, with(at::Causal::from(std::vector<at::Index>{1, 2}))},
      {"window", {"-1"}, with(at::SlidingWindow{-1, 2})},
      {"dilated", {"0"}, with(at::Dilated{3, 0})},
      {"prefix", {"-2"}, with(at::Prefix{-2})},
      {"length too large", {"6", "5"}, with(at::Lengths{6})},
      {"length negative", {"-1", "5"}, with(at::Lengths{-1})},
      {"lengths", {"2", "1"}, with(at::Lengths{std::vector<at::Index>{1, 2}})},
      {"documents", {"6", "3"}, with(at::Documents{{2, 4}})},
      {"documents of fewer keys", {"4", "5"}, with(at::Documents{{1, 2}, {2, 2}})},
      {"document negative", {"-2"}, [] { (void)at::Documents{{3, -2}}; }},
      {"documents that differ", {"1", "2"}, [] { (void)at::Documents{{3}, {1, 2}}; }},
      {"offsets", {"0"}, [] { (void)at::Documents::from_offsets(std::vector<int>{1, 3}); }},
      {"offsets that fall", {"5"}, [] { (void)at::Documents::from_offsets(std::vector<int>{0, 5, 3}); }},
      {"keep", {"4", "3"}, with(at::Keep{b45})},
      {"drop", {"3", "5"}, with(at::Drop{b33})},
      {"keep within and", {"4", "3"}, with(at::Causal{} & at::Keep{b45})},
      {"keep within not", {"4", "3"}, with(!at::Keep{b45})},
      {"block of nothing", {"0"}, [&] { (void)at::BlockSparse{b35, 0, 2}; }},
      {"blocks", {"3", "5"}, with(at::BlockSparse{b35, 2, 2})},
      {"temperature zero", {"0"}, with(at::Softmax{.temperature = 0})},
      {"temperature negative", {"-1"}, with(at::Softmax{.temperature = -1})},
      {"temperature not a number", {"nan"}, with(at::Softmax{.temperature = nan})},
      {"sinks", {"2", "1"}, with(at::Softmax{.sinks = {0.0, 1.0}})},
      {"sink infinite", {"inf"}, with(at::Softmax{.sinks = {infinity}})},
      {"top 0", {"0"}, with(at::TopK{0})},
      {"top −2", {"-2"}, with(at::TopK{-2})},
      {"starts", {"3", "1"}, with(at::QueryStart{std::vector<at::Index>{1, 2, 3}})},
  };
  expect_sentences(calls);
}

TEST(WrongCalls, OfInstructionSetsAreRefused) {
  char const* const now = std::getenv("ATTEND_ISA");
  std::string const before = now == nullptr ? "" : now;
  for (std::string const name : {"v5", "AVX2", "baseline "}) {
    setenv("ATTEND_ISA", name.c_str(), 1);
    sentences::expect_sentence([] { (void)at::detail::isa_from_environment(); }, {name, "baseline, v3 or v4"});
  }
  setenv("ATTEND_ISA", before.c_str(), 1);
}

}  // namespace wrong_calls_tests
