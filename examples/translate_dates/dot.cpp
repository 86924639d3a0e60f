#include "kinds.hpp"

#include <attend/score/dot.hpp>

/// Luong's "dot" score, s · h: states and memory must have as many features, and nothing is learned to compare them.

namespace translate_dates {

std::unique_ptr<Translator> make_dot(Sizes const& sizes, std::uint64_t seed) {
  Index const e = 2 * sizes.encoder, out = sizes.decoder;
  Sizes same = sizes;
  same.decoder = e;
  using Step = attend::LuongStep<attend::Gru<float>, attend::ConcatContext<float>, attend::Dot>;
  Step step{attend::Gru<float>(sizes.letter + out, e), attend::DecoderAttention<float, attend::Dot>(attend::Dot{}),
            attend::ConcatContext<float>(e, e, out)};
  return std::make_unique<TrainedTranslator<Step>>(Model<Step>(same, std::move(step), out, seed));
}

}  // namespace translate_dates
