#include "kinds.hpp"

#include <attend/score/dot.hpp>

/// Luong's "general" score, sᵀ W h: the memory is projected by W once, and every step is a dot product.

namespace translate_dates {

std::unique_ptr<Translator> make_general(Sizes const& sizes, std::uint64_t seed) {
  Index const e = 2 * sizes.encoder, out = sizes.decoder;
  using Step = attend::LuongStep<attend::Gru<float>, attend::ConcatContext<float>, attend::Dot>;
  Step step{attend::Gru<float>(sizes.letter + out, sizes.decoder),
            attend::DecoderAttention<float, attend::Dot>(attend::Linear<float>(e, sizes.decoder, false), attend::Dot{}),
            attend::ConcatContext<float>(e, sizes.decoder, out)};
  return std::make_unique<TrainedTranslator<Step>>(Model<Step>(sizes, std::move(step), out, seed));
}

}  // namespace translate_dates
