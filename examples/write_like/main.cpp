// write_like: a small transformer that learns to write as a text is written, character by character.

#include "../look/text_file.hpp"
#include "../train/adam.hpp"
#include "../train/clip.hpp"
#include "../train/cross_entropy.hpp"
#include "../train/curve.hpp"
#include "../train/program.hpp"
#include "../train/progress.hpp"
#include "writer.hpp"

#include <attend/core/thread_pool.hpp>
#include <attend/simd/dispatch.hpp>

#include <chrono>
#include <cstdio>
#include <numbers>

namespace write_like {
namespace {

struct Options {
  std::string file = "README.md";
  std::string model;  // where it is saved
  std::string load;   // where it is read from, instead of training
  std::string prompt;
  Index steps = 500, batch = 16, context = 96, features = 96, layers = 3, heads = 4;
  Index count = 400;
  int temperature = 70;  // percent
  int threads = 1;
  std::uint64_t seed = 1;
  bool is_quiet = false;
};

[[nodiscard]] double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// `batch` stretches of context + 1 characters, one after another: what is read, and the next of each.
struct Batch {
  std::vector<Index> read, next;
};
[[nodiscard]] Batch some_of(std::span<Index const> tokens, Index context, Index batch, train::Draw& draw) {
  Batch made;
  for (Index b = 0; b < batch; ++b) {
    auto const begin = tokens.begin() + draw.below(std::ssize(tokens) - context);
    made.read.insert(made.read.end(), begin, begin + context);
    made.next.insert(made.next.end(), begin + 1, begin + context + 1);
  }
  return made;
}

/// Bits that a character takes, by what the model thought would come, over all of a text.
[[nodiscard]] double bits_of(Writer const& writer, std::span<Index const> tokens) {
  double sum = 0;
  Index count = 0;
  for (Index begin = 0; begin + 1 < std::ssize(tokens); begin += writer.context()) {
    Index const n = std::min(writer.context(), std::ssize(tokens) - 1 - begin);
    auto const part = tokens.subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(n));
    auto const next = tokens.subspan(static_cast<std::size_t>(begin + 1), static_cast<std::size_t>(n));
    sum += train::cross_entropy(writer.model.run(part), next).value * static_cast<double>(n);
    count += n;
  }
  return sum / static_cast<double>(count) / std::numbers::ln2;
}

/// Bits of a character whose frequency alone is known: what a model without a memory reaches.
[[nodiscard]] double bits_of_frequencies(std::span<Index const> known, std::span<Index const> unseen, Index size) {
  std::vector<double> counts(static_cast<std::size_t>(size), 1);
  for (Index const token : known) ++counts[static_cast<std::size_t>(token)];
  double const sum = static_cast<double>(std::ssize(known) + size);
  double bits = 0;
  for (Index const token : unseen) bits -= std::log2(counts[static_cast<std::size_t>(token)] / sum);
  return bits / static_cast<double>(unseen.size());
}

[[nodiscard]] Writer train_writer(Options const& options) {
  std::string const text = look::read_text(options.file);
  Alphabet const alphabet(text);
  std::vector<Index> const tokens = alphabet.tokens(text);
  Index const trained = std::ssize(tokens) * 9 / 10;
  attend::check(trained > options.context && std::ssize(tokens) - trained > 1, options.file, " has ", tokens.size(),
                " characters; ", (options.context + 1) * 10 / 9 + 1, " or more are needed, or a smaller --context.");
  attend::check(options.features % options.heads == 0, "--features ", options.features, " do not divide into --heads ",
                options.heads, ".");
  auto const known = std::span(tokens).first(static_cast<std::size_t>(trained));
  auto const unseen = std::span(tokens).subspan(static_cast<std::size_t>(trained));

  Writer writer(
      alphabet,
      {.positions = options.context, .features = options.features, .layers = options.layers, .heads = options.heads});
  writer.initialize(options.seed);
  std::size_t parameters = 0;
  attend::each_parameter(writer.model, [&](std::string_view, auto numbers) { parameters += numbers.size(); });
  std::printf("%s: %zu characters, %td of them different; the last tenth is not trained on\n", options.file.c_str(),
              tokens.size(), alphabet.size());
  std::printf("%zu parameters, %td steps of %td stretches of %td characters\n", parameters, options.steps,
              options.batch, options.context);

  attend::ThreadPool pool(options.threads);
  attend::Workspace workspace;
  train::Progress progress("write_like", options.is_quiet);
  train::Draw draw(options.seed, 2);
  train::Adam adam;
  adam.square_decay = 0.98;
  std::vector<double> losses;
  double const start = seconds();
  for (Index step = 0; step < options.steps; ++step) {
    double const done = static_cast<double>(step) / static_cast<double>(options.steps);
    Batch const batch = some_of(known, options.context, options.batch, draw);
    auto const kept = writer.model.forward(batch.read, options.batch, pool, workspace);
    auto const loss = train::cross_entropy(kept.logits, batch.next);
    losses.push_back(loss.value);
    auto gradient = attend::zeros_like(writer.model);
    writer.model.backward(batch.read, kept, loss.gradient, gradient, pool, workspace);
    train::clip_norm(gradient, 1.0);
    adam.learning_rate = 3e-3 * std::min(1.0, static_cast<double>(step + 1) / 50) * (1 - 0.95 * done);
    adam.step(writer.model, gradient);
    char says[100];
    std::snprintf(says, sizeof says, "step %td of %td, loss %.3f", step + 1, options.steps, loss.value);
    progress.say(says, done);
  }
  progress.clear();
  double const time = seconds() - start;
  std::printf("Loss %.4g -> %.4g in %.0f s, %.0f characters a second\n%s", losses.front(), losses.back(), time,
              static_cast<double>(options.steps * options.batch * options.context) / time,
              train::curve(losses, 6).c_str());
  std::printf("Unseen text: %.2f bits a character (%.2f by the frequency of characters alone)\n",
              bits_of(writer, unseen), bits_of_frequencies(known, unseen, alphabet.size()));
  return writer;
}

/// Writes the same with the cache and without, and says what the cache is worth.
void show_cache(Writer const& writer, std::vector<Index> const& prompt, Options const& options) {
  Matrix<float> cached(options.count, writer.alphabet.size()), again = cached;
  auto const timed = [&](bool with_cache, Matrix<float>& logits) {
    double const start = seconds();
    auto const tokens =
        write(writer, prompt, options.count, options.temperature / 100.0, options.seed, with_cache, &logits);
    return std::pair(tokens, seconds() - start);
  };
  auto const [with, with_time] = timed(true, cached);
  auto const [without, without_time] = timed(false, again);
  auto const rate = [&](double time) { return static_cast<double>(options.count) / time; };
  std::printf("\n%s\n\n", writer.alphabet.text(with).c_str());
  std::printf("%.0f characters a second with the cache, %.0f without; logits are %s (%s)\n", rate(with_time),
              rate(without_time), cached == again ? "the same to the bit" : "NOT the same",
              attend::isa_name(attend::active_isa()));
  attend::check(cached == again && with == without, "the cache changed what was written.");
}

int run(Options const& options) {
  attend::check(options.load.empty() || options.model.empty(),
                "--load reads a model and --save writes one; give one of them.");
  Writer writer = options.load.empty() ? train_writer(options) : Writer::load(options.load);
  if (!options.model.empty()) {
    writer.save(options.model);
    // What is written below comes from the file, so that it is known to hold everything.
    writer = Writer::load(options.model);
    std::printf("Saved as %s and read again\n", options.model.c_str());
  }
  std::string const first = writer.alphabet.text({0});
  std::vector<Index> const prompt = writer.alphabet.tokens(options.prompt.empty() ? first : options.prompt);
  show_cache(writer, prompt, options);
  return 0;
}

}  // namespace
}  // namespace write_like

int main(int count, char** arguments) {
  using train::between;
  write_like::Options options;
  CLI::App app("Learns to write as a text is written, character by character, and writes.");
  app.add_option("FILE", options.file, "Any UTF-8 text, - for standard input")->capture_default_str();
  app.add_option("--save", options.model, "Write the model to this safetensors file")->type_name("FILE");
  app.add_option("--load", options.load, "Read the model from such a file and do not train")->type_name("FILE");
  app.add_option("--prompt", options.prompt, "What the text begins with");
  app.add_option("--count", options.count, "Characters to write")->check(between(1, 100'000))->capture_default_str();
  app.add_option("--temperature", options.temperature, "Percent; 0 always writes the likeliest character")
      ->check(between(0, 1000))
      ->capture_default_str();
  app.add_option("--steps", options.steps, "Steps of training")->check(between(1, 1'000'000))->capture_default_str();
  app.add_option("--batch", options.batch, "Stretches of text a step")->check(between(1, 1024))->capture_default_str();
  app.add_option("--context", options.context, "Characters that the model looks back on")
      ->check(between(2, 4096))
      ->capture_default_str();
  app.add_option("--features", options.features, "Numbers a character")->check(between(1, 4096))->capture_default_str();
  app.add_option("--layers", options.layers, "Blocks of the model")->check(between(1, 48))->capture_default_str();
  app.add_option("--heads", options.heads, "Heads of each block")->check(between(1, 64))->capture_default_str();
  app.add_option("--threads", options.threads, "Threads that train")->check(between(1, 64))->capture_default_str();
  app.add_option("--seed", options.seed, "Of the first numbers, of the stretches and of what is written")
      ->capture_default_str();
  app.add_flag("--quiet", options.is_quiet, "No progress line");
  app.footer(
      "Examples:\n"
      "  write_like novel.txt --save novel.safetensors --threads 2\n"
      "  write_like --load novel.safetensors --prompt \"Once upon a time\" --temperature 50");
  return train::run_program(app, "write_like", count, arguments, [&] { return write_like::run(options); });
}
