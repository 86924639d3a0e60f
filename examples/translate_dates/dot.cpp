#include "kinds.hpp"

#include <attend/layer/luong_step.hpp>
#include <attend/score/dot.hpp>

/// Luong's dot products: s · h, where states and memory must have as many features, and sᵀ W h, where W projects the
/// memory once.

namespace translate_dates {
namespace {

using Step = attend::LuongStep<attend::Gru<float>, attend::ConcatContext<float>, attend::Dot>;

[[nodiscard]] std::unique_ptr<Translator> make(Sizes const& sizes, attend::Linear<float> key, std::uint64_t seed) {
  Index const e = 2 * sizes.encoder, out = 64;
  Step step{attend::Gru<float>(sizes.letter + out, sizes.decoder),
            attend::DecoderAttention<float, attend::Dot>(std::move(key), attend::Dot{}),
            attend::ConcatContext<float>(e, sizes.decoder, out)};
  return std::make_unique<TrainedTranslator<Step>>(Model<Step>(sizes, std::move(step), out, seed));
}

}  // namespace

std::unique_ptr<Translator> make_dot(Sizes const& sizes, std::uint64_t seed) {
  Sizes same = sizes;
  same.decoder = 2 * sizes.encoder;
  return make(same, {}, seed);
}
std::unique_ptr<Translator> make_general(Sizes const& sizes, std::uint64_t seed) {
  return make(sizes, attend::Linear<float>(2 * sizes.encoder, sizes.decoder, false), seed);
}

}  // namespace translate_dates
