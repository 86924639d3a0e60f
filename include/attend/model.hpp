#pragma once

/// Models: layers put together as in the papers, to be filled with trained parameters (io.hpp) or to be trained.

#include <attend/model/bert.hpp>            // Bert           every token sees all of its sequence
#include <attend/model/gpt2.hpp>            // Gpt2           writes: positions learned, norms before
#include <attend/model/language_model.hpp>  // LanguageModel  what models that write have in common
#include <attend/model/llama.hpp>           // Llama          writes: rotary, RMS norms, SwiGLU, grouped queries
