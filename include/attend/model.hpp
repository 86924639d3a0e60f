#pragma once

/// Models: layers put together as in the papers, to be filled with trained parameters (io.hpp) or to be trained.

#include <attend/model/bert.hpp>             // Bert               every token sees all of its sequence
#include <attend/model/encoder_decoder.hpp>  // EncoderDecoder     what models that read and then write have in common
#include <attend/model/gpt2.hpp>             // Gpt2               writes: positions learned, norms before
#include <attend/model/language_model.hpp>   // LanguageModel      what models that write have in common
#include <attend/model/llama.hpp>            // Llama              writes: rotary, RMS norms, SwiGLU, grouped queries
#include <attend/model/t5.hpp>               // T5                 reads, then writes: bias by distance, RMS norms
#include <attend/model/transformer.hpp>      // Transformer        reads, then writes: sinusoidal positions, norms after
#include <attend/model/vision_transformer.hpp>  // VisionTransformer  images: patches as tokens, one token for the class
