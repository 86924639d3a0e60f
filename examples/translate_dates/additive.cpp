#include "kinds.hpp"

#include <attend/layer/bahdanau_step.hpp>
#include <attend/layer/luong_step.hpp>
#include <attend/layer/projected_additive.hpp>

/// aᵀ tanh(W s + U h): Bahdanau's score, asked with the last state, and Luong's "concat", aᵀ tanh([W U] [s; h]), asked
/// with the new one. U projects the memory once.

namespace translate_dates {
namespace {

using AdditiveScore = attend::ProjectedAdditive<float>;
using Attention = attend::DecoderAttention<float, AdditiveScore>;

[[nodiscard]] Attention attention(Sizes const& sizes) {
  Index const hidden = sizes.decoder;
  return Attention(attend::Linear<float>(2 * sizes.encoder, hidden),
                   AdditiveScore(Matrix<float>::Zero(hidden, sizes.decoder), attend::Vector<float>::Zero(hidden)));
}

}  // namespace

std::unique_ptr<Translator> make_additive(Sizes const& sizes, std::uint64_t seed) {
  Index const e = 2 * sizes.encoder;
  using Step = attend::BahdanauStep<attend::Gru<float>, attend::BareContext<float>, AdditiveScore>;
  Step step{attend::Gru<float>(sizes.letter + e, sizes.decoder), attention(sizes), {}};
  return std::make_unique<TrainedTranslator<Step>>(Model<Step>(sizes, std::move(step), sizes.decoder + e, seed));
}
std::unique_ptr<Translator> make_concat(Sizes const& sizes, std::uint64_t seed) {
  Index const e = 2 * sizes.encoder, out = sizes.decoder;
  using Step = attend::LuongStep<attend::Gru<float>, attend::ConcatContext<float>, AdditiveScore>;
  Step step{attend::Gru<float>(sizes.letter + out, sizes.decoder), attention(sizes),
            attend::ConcatContext<float>(e, sizes.decoder, out)};
  return std::make_unique<TrainedTranslator<Step>>(Model<Step>(sizes, std::move(step), out, seed));
}

}  // namespace translate_dates
