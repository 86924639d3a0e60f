#include "kinds.hpp"

#include <attend/layer/luong_step.hpp>
#include <attend/score/dot.hpp>
#include <attend/score/scaled_dot.hpp>

/// Luong's dot products: s · h, where states and memory must have as many features, and sᵀ W h, where W projects the
/// memory once.
///
/// The second is divided by √d, which W could do too. But W learns: its steps grow the scores √d times more without the
/// division, and a softmax that soon gives all weight to one letter has no gradient left to move it to another (2 seeds
/// of 5 then had not found the day in "1791, may 4" after 1250 steps of 32 texts, with it all 5 had after 1000).

namespace translate_dates {
namespace {

template <class Score>
[[nodiscard]] std::unique_ptr<Translator> make(Sizes const& sizes, attend::Linear<float> key, std::uint64_t seed) {
  using Step = attend::LuongStep<attend::Gru<float>, attend::ConcatContext<float>, Score>;
  Index const e = 2 * sizes.encoder, out = 64;
  Step step{attend::Gru<float>(sizes.letter + out, sizes.decoder),
            attend::DecoderAttention<float, Score>(std::move(key), Score{}),
            attend::ConcatContext<float>(e, sizes.decoder, out)};
  return std::make_unique<TrainedTranslator<Step>>(Model<Step>(sizes, std::move(step), out, seed));
}

}  // namespace

std::unique_ptr<Translator> make_dot(Sizes const& sizes, std::uint64_t seed) {
  Sizes same = sizes;
  same.decoder = 2 * sizes.encoder;
  return make<attend::Dot>(same, {}, seed);
}
std::unique_ptr<Translator> make_general(Sizes const& sizes, std::uint64_t seed) {
  return make<attend::ScaledDot>(sizes, attend::Linear<float>(2 * sizes.encoder, sizes.decoder, false), seed);
}

}  // namespace translate_dates
