#include "kinds.hpp"

#include <attend/score/concat.hpp>

/// Luong's "concat" score, aᵀ tanh(W [s; h]), asked with the new state.

namespace translate_dates {

std::unique_ptr<Translator> make_concat(Sizes const& sizes, std::uint64_t seed) {
  Index const e = 2 * sizes.encoder, out = sizes.decoder;
  using Score = attend::Concat<float>;
  using Step = attend::LuongStep<attend::Gru<float>, attend::ConcatContext<float>, Score>;
  Score score(Matrix<float>::Zero(out, sizes.decoder + e), attend::Vector<float>::Zero(out));
  Step step{attend::Gru<float>(sizes.letter + out, sizes.decoder),
            attend::DecoderAttention<float, Score>(std::move(score)),
            attend::ConcatContext<float>(e, sizes.decoder, out)};
  return std::make_unique<TrainedTranslator<Step>>(Model<Step>(sizes, std::move(step), out, seed));
}

}  // namespace translate_dates
