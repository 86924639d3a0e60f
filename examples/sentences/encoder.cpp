#include "encoder.hpp"

#include "../look/text_file.hpp"

#include <attend/core/check.hpp>
#include <attend/io/hugging_face.hpp>
#include <attend/io/parameters.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <numeric>

namespace sentences {
namespace {

using at::check;

[[nodiscard]] std::string file_of(std::string const& folder, char const* name) {
  std::string path = folder + "/" + name;
  std::error_code ignored;
  check(std::filesystem::is_regular_file(path, ignored), "there is no ", path, "; fetch the model with \"cmake -P ",
        SENTENCES_FETCH, folder == SENTENCES_MODEL ? "" : " " + folder, "\".");
  return path;
}

/// config.json of transformers' BertModel.
class Config {
 public:
  explicit Config(std::string path)
      : path_(std::move(path)), json_(nlohmann::json::parse(look::read_text(path_), nullptr, false)) {
    check(json_.is_object(), path_, " is not a JSON object.");
    require("model_type", "bert");
    require("hidden_act", "gelu");
  }
  [[nodiscard]] at::BertShape shape() const {
    at::BertShape shape{.words = number("vocab_size"),
                        .positions = number("max_position_embeddings"),
                        .types = number("type_vocab_size"),
                        .features = number("hidden_size"),
                        .layers = number("num_hidden_layers"),
                        .heads = number("num_attention_heads"),
                        .hidden = number("intermediate_size")};
    auto const epsilon = json_.find("layer_norm_eps");
    check(epsilon != json_.end() && epsilon->is_number(), path_, " has no number \"layer_norm_eps\".");
    shape.epsilon = epsilon->get<double>();
    return shape;
  }

 private:
  void require(char const* name, std::string const& wanted) const {
    auto const found = json_.find(name);
    check(found != json_.end() && *found == wanted, path_, ": \"", name, "\" is ",
          found == json_.end() ? "missing" : found->dump(), "; it must be \"", wanted, "\".");
  }
  [[nodiscard]] Index number(char const* name) const {
    auto const found = json_.find(name);
    check(found != json_.end() && found->is_number_unsigned() && *found > 0 && *found <= 1'000'000, path_, ": \"", name,
          "\" is ", found == json_.end() ? "missing" : found->dump(), "; it must be a whole number from 1 to 1000000.");
    return found->get<Index>();
  }

  std::string path_;
  nlohmann::json json_;
};

/// Sentence numbers, the longest first: the largest batch comes first, and its memory serves for all others.
[[nodiscard]] std::vector<std::size_t> by_length(std::vector<Tokens> const& sentences) {
  std::vector<std::size_t> order(sentences.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater(), [&](std::size_t i) { return sentences[i].size(); });
  return order;
}

}  // namespace

std::string vocabulary_of(std::string const& folder) { return file_of(folder, "vocab.txt"); }

Encoder::Encoder(std::string const& folder)
    : shape_(Config(file_of(folder, "config.json")).shape()),
      pieces_(read_wordpiece(vocabulary_of(folder))),
      model_(at::bert<float>(shape_)) {
  check(pieces_.words() <= shape_.words, folder, "/vocab.txt has ", pieces_.words(),
        " tokens but config.json says \"vocab_size\" ", shape_.words, ".");
  at::io::load_parameters(file_of(folder, "model.safetensors"), model_, at::io::hugging_face_bert(shape_.layers));
}

Vectors Encoder::embed(std::vector<Tokens> const& sentences, Index batch, at::ThreadPool& pool,
                       std::function<void(double)> const& done) const {
  Vectors vectors(std::ssize(sentences), shape_.features);
  std::vector<std::size_t> const order = by_length(sentences);
  at::Workspace workspace;
  Tokens packed;
  std::vector<Index> lengths;
  for (std::size_t first = 0; first < order.size(); first += lengths.size()) {
    packed.clear();
    lengths.clear();
    for (std::size_t i = first; i < order.size(); ++i) {
      Tokens const& tokens = sentences[order[i]];
      if (!lengths.empty() && std::ssize(packed) + std::ssize(tokens) > batch) break;
      packed.insert(packed.end(), tokens.begin(), tokens.end());
      lengths.push_back(std::ssize(tokens));
    }
    at::Documents const documents(lengths);
    at::Matrix<float> const x = model_.run(packed, {}, documents, pool, workspace);  // (Σ lengths, features)
    for (Index s = 0; s < documents.count(); ++s)
      vectors.row(static_cast<Index>(order[first + static_cast<std::size_t>(s)])) =
          x.middleRows(documents.query_begin(s), lengths[static_cast<std::size_t>(s)]).colwise().sum().normalized();
    if (done) done(static_cast<double>(first + lengths.size()) / static_cast<double>(order.size()));
  }
  return vectors;
}

at::Matrix<float> Encoder::weights(Tokens const& tokens, at::ThreadPool& pool) const {
  Index const n = std::ssize(tokens), rows = shape_.heads * n;
  auto const kept = model_.forward(tokens, {}, 1, pool);
  at::Matrix<float> all(shape_.layers * rows, n);
  at::Matrix<float> const* x = &kept.x;
  for (Index layer = 0; layer < shape_.layers; ++layer) {
    auto const place = static_cast<std::size_t>(layer);
    all.middleRows(layer * rows, rows) = model_.blocks.blocks[place].attention.weights(*x, *x, 1, pool);
    x = &kept.blocks.blocks[place].output();
  }
  return all;
}

}  // namespace sentences
