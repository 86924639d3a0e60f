#include "kinds.hpp"

#include <attend/layer/local_decoder_attention.hpp>
#include <attend/layer/luong_step.hpp>
#include <attend/score/scaled_dot.hpp>

/// Luong's local-p: a place is predicted from the state, and sᵀ W h / √d is asked for around it only.

namespace translate_dates {

std::unique_ptr<Translator> make_local(Sizes const& sizes, std::uint64_t seed) {
  using Local = attend::LocalAttention<float, attend::ScaledDot>;
  using Step = attend::LuongStep<attend::Gru<float>, attend::ConcatContext<float>, Local>;
  Index const e = 2 * sizes.encoder, hidden = sizes.decoder, out = sizes.decoder;
  attend::PredictedCentre<float> const predictor{Matrix<float>::Zero(hidden, hidden),
                                                 attend::Vector<float>::Zero(hidden)};
  Step step{attend::Gru<float>(sizes.letter + out, hidden),
            attend::DecoderAttention<float, Local>(attend::Linear<float>(e, hidden, false),
                                                   Local{attend::ScaledDot{}, predictor, sizes.radius}),
            attend::ConcatContext<float>(e, hidden, out)};
  return std::make_unique<TrainedTranslator<Step>>(Model<Step>(sizes, std::move(step), out, seed));
}

}  // namespace translate_dates
