// sentences_tiny_model <folder>: writes a Bert of random numbers, with the names of Hugging Face, and a vocabulary of
// single letters, so that `sentences` can be tested without a network.

#include <attend/io/parameters.hpp>
#include <attend/model/bert.hpp>
#include <attend/visualize/save.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <random>
#include <string>
#include <utility>

namespace {

namespace at = attend;

/// "blocks.0.attention.query.weight" → "encoder.layer.0.attention.self.query.weight"
[[nodiscard]] std::string hugging_face_name(std::string name) {
  constexpr std::array<std::pair<char const*, char const*>, 12> renamed{{
      {"words.table", "embeddings.word_embeddings.weight"},
      {"positions.table", "embeddings.position_embeddings.weight"},
      {"types.table", "embeddings.token_type_embeddings.weight"},
      {".attention_norm.", ".attention.output.LayerNorm."},
      {".feed_forward_norm.", ".output.LayerNorm."},
      {".attention.query.", ".attention.self.query."},
      {".attention.key.", ".attention.self.key."},
      {".attention.value.", ".attention.self.value."},
      {".attention.output.w", ".attention.output.dense.w"},
      {".attention.output.b", ".attention.output.dense.b"},
      {".feed_forward.expand.", ".intermediate.dense."},
      {".feed_forward.contract.", ".output.dense."},
  }};
  if (name.starts_with("norm.")) return "embeddings.LayerNorm." + name.substr(5);
  for (auto const& [ours, theirs] : renamed)
    if (auto const at = name.find(ours); at != std::string::npos) {
      name.replace(at, std::string(ours).size(), theirs);
      break;
    }
  if (name.starts_with("blocks.")) name.replace(0, 6, "encoder.layer");
  return name;
}

/// A model whose parameters have those names.
struct Renamed {
  at::Bert<float> model;

  template <class Self, class Function>
  static void each_parameter(Self& self, Function&& function) {
    at::each_parameter(self.model, [&](std::string_view name, auto numbers) {
      if (!numbers.empty()) function(hugging_face_name(std::string(name)), numbers);
    });
  }
};

void write_model(std::string const& folder) {
  std::filesystem::create_directories(folder);
  std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (char letter = 'a'; letter <= 'z'; ++letter)
    vocabulary += std::string(1, letter) + "\n##" + std::string(1, letter) + "\n";
  vocabulary += "the\ncat\n##at\nsits\n.\n,\n!\n?\n'\n意\nκ\n##α\n";
  at::Index const words = std::count(vocabulary.begin(), vocabulary.end(), '\n');
  at::save(folder + "/vocab.txt", vocabulary);
  at::save(folder + "/config.json",
           "{\"model_type\": \"bert\", \"hidden_act\": \"gelu\", \"vocab_size\": " + std::to_string(words) +
               ", \"max_position_embeddings\": 24, \"type_vocab_size\": 2, \"hidden_size\": "
               "16, \"num_hidden_layers\": 2, \"num_attention_heads\": 4, "
               "\"intermediate_size\": 32, \"layer_norm_eps\": 1e-12}\n");
  Renamed renamed{at::bert<float>(
      {.words = words, .positions = 24, .types = 2, .features = 16, .layers = 2, .heads = 4, .hidden = 32})};
  // Norms scale by about 1, so that tokens stay different from each other.
  std::mt19937 random(1);
  at::each_parameter(renamed.model, [&](std::string_view name, auto numbers) {
    float const middle = name.ends_with("norm.weight") ? 1 : 0;
    for (float& number : numbers) number = middle + static_cast<float>(random()) / 4294967296.f - 0.5f;
  });
  at::io::save_parameters(folder + "/model.safetensors", renamed);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return std::fprintf(stderr, "sentences_tiny_model: wanted one folder.\n"), 2;
  try {
    write_model(arguments[1]);
  } catch (std::exception const& error) {
    return std::fprintf(stderr, "sentences_tiny_model: %s\n", error.what()), 2;
  }
}
