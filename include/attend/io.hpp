#pragma once

/// Files: a table of contents. attend.hpp does not include it, because safetensors.hpp and parameters.hpp need
/// nlohmann/json on the include path; npy.hpp does not.
///
///   auto const file = attend::io::read_safetensors("model.safetensors");
///   auto const weight = attend::io::to_matrix<float>(file["encoder.weight"]);
///   attend::io::load_parameters("decoder.safetensors", decoder);
///
/// Readers are strict: what differs from the format is refused with a sentence, and no size is believed before it was
/// compared with the file.

#include <attend/io/convert.hpp>       // to_matrix, to_vector, to_flat, copy_numbers, Rounding
#include <attend/io/dtype.hpp>         // Dtype            types of numbers that files hold
#include <attend/io/hugging_face.hpp>  // hugging_face_bert, hugging_face_gpt2, hugging_face_llama: names
#include <attend/io/mapped_file.hpp>   // MappedFile       a file's bytes, through the system's memory map
#include <attend/io/name_map.hpp>      // NameMap          names and arrangements of other libraries
#include <attend/io/npy.hpp>           // read_npy, write_npy: one array
#include <attend/io/parameters.hpp>    // save_parameters, load_parameters: of any learned object
#include <attend/io/rearrange.hpp>     // transpose, split, split_rows, concat
#include <attend/io/safetensors.hpp>   // read_safetensors, write_safetensors: arrays with names
#include <attend/io/tensor.hpp>        // Tensor           a named array, read in place
