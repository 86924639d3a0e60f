#include "bound_results.hpp"

#include <attend/simd/dispatch.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace laws {

namespace {

template <class T, class Storage>
Matrix<T> matrix_of(attend::Heads<Storage const> const& all, Index batch, Index head, Index first, Index count) {
  Matrix<T> matrix(count, all.dim());
  for (Index i = 0; i < count; ++i)
    for (Index f = 0; f < all.dim(); ++f) matrix(i, f) = static_cast<T>(all(batch, head, first + i, f));
  return matrix;
}

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

}  // namespace

template <class Storage>
void bound_results(Inputs<Storage> const& in, Policies const& policies, BoundRules<Storage> const& rules,
                   Expected<exact_t<Storage>>& result) {
  using Exact = exact_t<Storage>;
  using Number = attend::compute_t<Storage>;
  double const u = std::numeric_limits<Number>::epsilon() / 2;
  bool const is_stored_shorter = !std::is_same_v<Storage, Number>;
  double const u_stored = std::is_same_v<Storage, Eigen::half> ? 0x1p-11 : 0x1p-8;  // 11 and 8 bits of mantissa
  double const least_stored = std::is_same_v<Storage, Eigen::half> ? 0x1p-24 : double(std::numeric_limits<Number>::min());
  // Products of bfloat16 round the weights first (see FloatProducts).
  bool const rounds_weights = std::is_same_v<Storage, Eigen::bfloat16> && attend::active_isa() == attend::Isa::v4 &&
                              attend::machine_multiplies_bfloat16();
  Index const n = in.q.length(), m = in.k.length(), e = in.v.dim();
  bool const has_output = !result.output.empty();
  attend::Documents const documents = documents_of(in, policies);

  result.output_error.assign(result.output.size(), 0);
  result.weights_error.assign(result.weights.size(), 0);
  bool const has_log_sum_exp = !result.log_sum_exp.empty();
  if (!has_log_sum_exp) result.log_sum_exp.assign(at(in.q.batch() * in.q.heads() * n), -never);
  result.log_sum_exp_error.assign(result.log_sum_exp.size(), 0);

  for (Index b = 0; b < in.q.batch(); ++b)
    for (Index h = 0; h < in.q.heads(); ++h)
      for (Index document = 0; document < documents.count(); ++document) {
        Index const shared = h * in.k.heads() / in.q.heads();
        Index const first_row = documents.query_begin(document), rows = documents.query_end(document) - first_row;
        Index const first_key = documents.key_begin(document), keys = documents.key_end(document) - first_key;
        if (rows == 0 || keys == 0) continue;  // zeros and −∞, exactly
        Matrix<Exact> const score = rules.scores(matrix_of<Exact>(in.q, b, h, first_row, rows),
                                                 matrix_of<Exact>(in.k, b, shared, first_key, keys));
        Matrix<double> slack = Matrix<double>::Zero(rows, keys);
        if (!policies.exact_scores)
          slack = rules.score_error(matrix_of<double>(in.q, b, h, first_row, rows),
                                    matrix_of<double>(in.k, b, shared, first_key, keys));
        Matrix<double> const v = matrix_of<double>(in.v, b, shared, first_key, keys).cwiseAbs();
        Index const start = policies.start.of(b, rows, keys);

        for (Index i = 0; i < rows; ++i) {
          Index const row_number = (b * in.q.heads() + h) * n + first_row + i;
          ErrorRow row;
          row.u = u;
          row.least = std::numeric_limits<Number>::min();
          row.first = {start + i, 0, start, first_row + i, first_key, h, b};
          bool sees_any = false;
          for (Index j = 0; j < keys; ++j) {
            attend::Position<> p = row.first;
            p.key = j;
            p.column = first_key + j;
            bool const visible = policies.mask(p);
            Exact const adjusted = visible ? policies.adjusters(score(i, j), p) : -std::numeric_limits<Exact>::infinity();
            sees_any = sees_any || adjusted != -std::numeric_limits<Exact>::infinity();
            row.score.push_back(static_cast<double>(adjusted));
            row.slack.push_back(u * slack(i, j));
            if (visible && policies.adjusters.size() > 0 && adjusted != -std::numeric_limits<Exact>::infinity())
              row.slack.back() += 8 * u * static_cast<double>(policies.adjusters.travelled(score(i, j), p));
            row.weight.push_back(static_cast<double>(result.weights[at(row_number * m + first_key + j)]));
          }
          if (!sees_any) continue;
          row.weight_error.assign(row.size(), 0);
          // Logarithms of weights know their own log-sum-exp: s − log w of any key.
          for (std::size_t j = 0; j < row.size() && !has_log_sum_exp; ++j)
            if (row.sees(j)) result.log_sum_exp[at(row_number)] = static_cast<Exact>(row.score[j] - row.weight[j]);
          row.log_sum_exp = static_cast<double>(result.log_sum_exp[at(row_number)]);
          rules.weight_error(row);

          result.log_sum_exp_error[at(row_number)] = row.log_sum_exp_error;
          std::copy(row.weight_error.begin(), row.weight_error.end(),
                    result.weights_error.begin() + (row_number * m + first_key));
          bool const is_undecided = *std::max_element(row.weight_error.begin(), row.weight_error.end()) == never;
          for (Index f = 0; f < e && has_output; ++f) {
            std::size_t const place = at(row_number * e + f);
            double moved = 0, size = 0;
            for (Index j = 0; j < keys && !is_undecided; ++j) {
              moved += row.weight_error[at(j)] * v(j, f);
              if (rounds_weights) moved += u_stored * (row.weight[at(j)] + row.weight_error[at(j)]) * v(j, f);
              size += (row.weight[at(j)] + row.weight_error[at(j)]) * v(j, f);
            }
            // The value of a key that was picked is copied.
            double error = rules.family == attend::Family::pick ? 0 : moved + static_cast<double>(m + 4) * u * size + row.least;
            if (is_stored_shorter)
              error += u_stored * (std::abs(static_cast<double>(result.output[place])) + error) + least_stored;
            result.output_error[place] = is_undecided ? never : error;
          }
        }
      }
}

template void bound_results<float>(Inputs<float> const&, Policies const&, BoundRules<float> const&, Expected<double>&);
template void bound_results<double>(Inputs<double> const&, Policies const&, BoundRules<double> const&,
                                    Expected<long double>&);
template void bound_results<Eigen::half>(Inputs<Eigen::half> const&, Policies const&, BoundRules<Eigen::half> const&,
                                         Expected<double>&);
template void bound_results<Eigen::bfloat16>(Inputs<Eigen::bfloat16> const&, Policies const&,
                                             BoundRules<Eigen::bfloat16> const&, Expected<double>&);

}  // namespace laws
