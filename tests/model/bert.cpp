#include <attend/model/bert.hpp>

#include "golden.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/io/hugging_face.hpp>
#include <attend/layer/initialize.hpp>
#include <attend/mask.hpp>
#include <attend/testing/compare_gradient.hpp>

#include <gtest/gtest.h>

namespace bert_tests {

namespace at = attend;
using at::Index;
using at::Matrix;

template <class Scalar>
at::Bert<Scalar> golden_bert() {
  return at::bert<Scalar>(
      {.words = 23, .positions = 9, .types = 2, .features = 12, .layers = 2, .heads = 3, .hidden = 20});
}

/// Three sequences of 7 places, of which only the first of each are real.
struct Padded {
  model_golden::Json file = model_golden::read("bert");
  std::vector<Index> tokens = model_golden::tokens(file.at("tokens")), types = model_golden::tokens(file.at("types"));
  std::vector<Index> lengths = file.at("lengths").get<std::vector<Index>>();

  /// The real ones of a list of rows, packed.
  template <class Rows>
  [[nodiscard]] auto packed(Rows const& rows) const {
    std::vector<Index> real;
    for (Index s = 0; s < 3; ++s)
      for (Index i = 0; i < lengths[static_cast<std::size_t>(s)]; ++i) real.push_back(7 * s + i);
    if constexpr (requires { rows.cols(); }) {
      return Rows(rows(real, Eigen::all));
    } else {
      Rows kept;
      for (Index const i : real) kept.push_back(rows[static_cast<std::size_t>(i)]);
      return kept;
    }
  }
};

TEST(Bert, IsThatOfHuggingFaceWithPadding) {
  Padded const padded;
  model_golden::for_both_scalars([&]<class Scalar>(double bound) {
    auto const map = at::io::hugging_face_bert(2);
    auto const model = model_golden::loaded("bert", golden_bert<Scalar>(), map);
    auto const wanted = model_golden::loaded("bert_gradient", golden_bert<Scalar>(), map);
    at::Lengths const lengths(padded.lengths);
    auto const kept = model.forward(padded.tokens, padded.types, 3, lengths);
    auto const output = model_golden::matrix<Scalar>(padded.file.at("output"));
    EXPECT_LE(model_golden::error<Scalar>(padded.packed(kept.output()), padded.packed(output)), bound);
    EXPECT_EQ(model.run(padded.tokens, padded.types, 3, lengths), kept.output());
    auto gradient = at::zeros_like(model);
    model.backward(padded.tokens, padded.types, 3, kept, model_golden::matrix<Scalar>(padded.file.at("d_output")),
                   gradient, lengths);
    EXPECT_LE(model_golden::parameter_error(gradient, wanted), bound);
  });
}

TEST(Bert, IsThatOfHuggingFaceWithoutPadding) {
  Padded const padded;
  std::vector<Index> const tokens = padded.packed(padded.tokens), types = padded.packed(padded.types);
  model_golden::for_both_scalars([&]<class Scalar>(double bound) {
    auto const map = at::io::hugging_face_bert(2);
    auto const model = model_golden::loaded("bert", golden_bert<Scalar>(), map);
    auto const wanted = model_golden::loaded("bert_gradient", golden_bert<Scalar>(), map);
    at::Documents const sequences(padded.lengths);
    auto const kept = model.forward(tokens, types, sequences);
    auto const output = model_golden::matrix<Scalar>(padded.file.at("output"));
    EXPECT_LE(model_golden::error<Scalar>(kept.output(), padded.packed(output)), bound);
    EXPECT_EQ(model.run(tokens, types, sequences), kept.output());
    auto gradient = at::zeros_like(model);
    model.backward(tokens, types, sequences, kept,
                   padded.packed(model_golden::matrix<Scalar>(padded.file.at("d_output"))), gradient);
    EXPECT_LE(model_golden::parameter_error(gradient, wanted), bound);
  });
}

TEST(Bert, SequencesOfAnyLengthsAreEachByItself) {
  auto model = at::bert<float>({.words = 50, .positions = 90, .features = 32, .layers = 2, .heads = 4});
  at::initialize_uniform(model, 0.3, 8);
  std::vector<Index> const lengths{5, 0, 70, 1};
  std::vector<Index> tokens;
  for (Index i = 0; i < 76; ++i) tokens.push_back((i * 37 + i * i) % 50);
  Matrix<float> const all = model.run(tokens, {}, at::Documents(lengths));
  at::ThreadPool pool(2);
  EXPECT_EQ(model.run(tokens, {}, at::Documents(lengths), pool), all);
  Index begin = 0;
  for (Index const n : lengths) {
    std::span<Index const> const own(tokens.data() + begin, static_cast<std::size_t>(n));
    if (n == 0) continue;
    EXPECT_LE(model_golden::error<float>(all.middleRows(begin, n), model.run(own, {}, 1)), 1e-6);
    begin += n;
  }
}

TEST(Bert, GradientsByDifferences) {
  auto model = at::bert<double>(
      {.words = 5, .positions = 4, .features = 4, .layers = 2, .heads = 2, .hidden = 3, .epsilon = 1e-5});
  at::initialize_uniform(model, 0.7, 9);
  std::vector<Index> const tokens{3, 1, 3, 0, 4}, types{0, 1, 1, 0, 0};
  at::Documents const sequences({3, 2});
  Matrix<double> const d_output = Matrix<double>::Random(5, 4);
  for (std::span<Index const> const type_of_each : {std::span<Index const>(types), std::span<Index const>()}) {
    auto gradient = at::zeros_like(model);
    auto const kept = model.forward(tokens, type_of_each, sequences);
    model.backward(tokens, type_of_each, sequences, kept, d_output, gradient);
    auto const report = at::testing::compare_parameters(
        "model", model, gradient,
        [&](auto const& moved) { return moved.run(tokens, type_of_each, sequences).cwiseProduct(d_output).sum(); },
        kept.output().cwiseProduct(d_output).cwiseAbs().sum());
    EXPECT_TRUE(report.passed()) << report;
  }
}

TEST(Bert, WrongCalls) {
  auto const model = golden_bert<float>();
  std::vector<Index> const tokens(10, 1), types(9, 0);
  EXPECT_THROW((void)model.run(tokens, {}, 1), at::Error);     // 9 positions
  EXPECT_THROW((void)model.run(tokens, {}, 3), at::Error);     // not three of one length
  EXPECT_THROW((void)model.run(tokens, types, 2), at::Error);  // one type too few
  EXPECT_THROW((void)model.run(tokens, {}, at::Documents({4, 5})), at::Error);
}

}  // namespace bert_tests
