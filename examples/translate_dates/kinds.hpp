#pragma once

#include "translator.hpp"

#include <memory>
#include <string>

namespace translate_dates {

/// One function a kind. Kinds that share a kernel share a file, because kernels take long to compile.
[[nodiscard]] std::unique_ptr<Translator> make_additive(Sizes const& sizes, std::uint64_t seed);
[[nodiscard]] std::unique_ptr<Translator> make_concat(Sizes const& sizes, std::uint64_t seed);
[[nodiscard]] std::unique_ptr<Translator> make_none(Sizes const& sizes, std::uint64_t seed);
[[nodiscard]] std::unique_ptr<Translator> make_dot(Sizes const& sizes, std::uint64_t seed);
[[nodiscard]] std::unique_ptr<Translator> make_general(Sizes const& sizes, std::uint64_t seed);
[[nodiscard]] std::unique_ptr<Translator> make_local(Sizes const& sizes, std::uint64_t seed);

struct Kind {
  char const* name;
  char const* formula;
  std::unique_ptr<Translator> (*make)(Sizes const&, std::uint64_t);
};
inline constexpr Kind kinds[] = {
    {"additive", "a . tanh(W s + U h), asked with the last state (Bahdanau 2015)", make_additive},
    {"dot", "s . h, asked with the new state (Luong 2015)", make_dot},
    {"general", "s W h / sqrt(d), asked with the new state (Luong 2015)", make_general},
    {"concat", "a . tanh(W [s; h]), asked with the new state (Luong 2015)", make_concat},
    {"local", "s W h / sqrt(d) around a place that s predicts (Luong 2015, local-p)", make_local},
    {"none", "no attention: one vector for the whole text (Sutskever 2014)", make_none},
};

/// Throws   when there is no kind of that name
[[nodiscard]] inline Kind const& find_kind(std::string const& name) {
  std::string names;
  for (Kind const& kind : kinds) {
    if (name == kind.name) return kind;
    names += names.empty() ? kind.name : std::string(", ") + kind.name;
  }
  attend::fail("--attention is \"", name, "\"; it must be one of ", names, ".");
}

}  // namespace translate_dates
