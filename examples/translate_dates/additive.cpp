#include "kinds.hpp"

/// Bahdanau's additive score, aᵀ tanh(W s + U h), asked with the last state; the memory is projected by U once.

namespace translate_dates {

std::unique_ptr<Translator> make_additive(Sizes const& sizes, std::uint64_t seed) {
  Index const e = 2 * sizes.encoder, hidden = sizes.decoder;
  using Score = attend::ProjectedAdditive<float>;
  using Step = attend::BahdanauStep<attend::Gru<float>, attend::BareContext<float>, Score>;
  Score score(Matrix<float>::Zero(hidden, sizes.decoder), attend::Vector<float>::Zero(hidden));
  Step step{attend::Gru<float>(sizes.letter + e, sizes.decoder),
            attend::DecoderAttention<float, Score>(attend::Linear<float>(e, hidden), std::move(score)),
            {}};
  return std::make_unique<TrainedTranslator<Step>>(Model<Step>(sizes, std::move(step), sizes.decoder + e, seed));
}

}  // namespace translate_dates
