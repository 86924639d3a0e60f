#include "kinds.hpp"
#include "no_attention.hpp"

/// No attention: the whole text goes through one vector.

namespace translate_dates {

std::unique_ptr<Translator> make_none(Sizes const& sizes, std::uint64_t seed) {
  using Step = NoAttention<attend::Gru<float>>;
  Step step{attend::Gru<float>(sizes.letter, sizes.decoder)};
  return std::make_unique<TrainedTranslator<Step>>(Model<Step>(sizes, std::move(step), sizes.decoder, seed));
}

}  // namespace translate_dates
