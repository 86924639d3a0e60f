#include "problem.hpp"

/// Picking keys beside averaging over them. `scores` is the part of the time that scores alone take: the same call with
/// values of no features.

namespace {

using namespace bench;

struct Inputs {
  at::Matrix<float> q, k, v, no_v;

  Inputs(at::Index n, at::Index m, at::Index d, at::Index e) : no_v(m, 0) {
    std::mt19937 random(7);
    std::normal_distribution<float> normal;
    auto const matrix = [&](at::Index rows, at::Index columns) {
      return at::Matrix<float>::NullaryExpr(rows, columns, [&] { return normal(random); }).eval();
    };
    q = matrix(n, d);
    k = matrix(m, d);
    v = matrix(m, e);
  }
};

/// `call(q, k, v)` reads `rows_of_value` rows of v for every query.
template <class Call>
void variant(std::string const& name, at::Index n, at::Index m, at::Index d, at::Index e, at::Index rows_of_value,
             Call const& call) {
  std::string const shape =
      std::to_string(n) + "x" + std::to_string(m) + "x" + std::to_string(d) + "x" + std::to_string(e);
  add_in_turn({name, shape, isas().front()}, [=] {
    auto const inputs = std::make_shared<Inputs>(n, m, d, e);
    auto const &q = inputs->q, &k = inputs->k, &v = inputs->v;
    at::check(at::HardAttention{}.argmax(q, k, v).output == at::attention(q, k, v, at::Argmax{}),
              "argmax is not that of the kernel");
    Work const work{
        .flops = 2.0 * double(n) * double(m * d + rows_of_value * e),
        .bytes = 4.0 * double(n * d + m * d + n * e) + 4.0 * double(std::min(m, n * rows_of_value)) * double(e)};
    return Timed{.call = [=] { call(inputs->q, inputs->k, inputs->v); },
                 .work = work,
                 .limit = n == 1 ? Limit::read : Limit::peak,
                 .beside = Beside{"scores", [=] { call(inputs->q, inputs->k, inputs->no_v); },
                                  [](double own, double of_scores) { return of_scores / own; }}};
  });
}

void shape(at::Index n, at::Index m, at::Index d, at::Index e) {
  auto const keep = [](auto const& result) { benchmark::DoNotOptimize(result.data()); };
  variant("hard/soft", n, m, d, e, m,
          [=](auto const& q, auto const& k, auto const& v) { keep(at::attention(q, k, v)); });
  variant("hard/argmax", n, m, d, e, 1,
          [=](auto const& q, auto const& k, auto const& v) { keep(at::HardAttention{}.argmax(q, k, v).keys); });
  variant("hard/sample", n, m, d, e, 1, [=](auto const& q, auto const& k, auto const& v) {
    keep(at::HardAttention{}.sample(q, k, v, {.seed = 1}).keys);
  });
  variant("hard/top_8", n, m, d, e, 8,
          [=](auto const& q, auto const& k, auto const& v) { keep(at::HardAttention{}.top_k(q, k, v, 8).keys); });
}

}  // namespace

int main(int count, char** words) {
  shape(512, 2048, 64, 64);
  shape(512, 2048, 64, 512);
  shape(1, 32768, 64, 512);
  return bench::main(count, words);
}
