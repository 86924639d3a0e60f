#pragma once

#include <attend/core/check.hpp>
#include <attend/io/in_quotes.hpp>
#include <attend/io/rearrange.hpp>
#include <attend/io/tensor.hpp>

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace attend::io {

/// How the tensors of a file become the parameters of an object: rules that are followed one after the other, in the
/// order in which they were given.
///
///   io::NameMap torch;                       // torch.nn.MultiheadAttention, beside other layers of one file
///   torch.rename_prefix("layers.0.self_attn.", "attention.")
///       .split("attention.in_proj_weight", {"attention.query.weight", "attention.key.weight",
///       "attention.value.weight"}) .split("attention.in_proj_bias", {"attention.query.bias", "attention.key.bias",
///       "attention.value.bias"}) .rename("attention.out_proj.weight", "attention.output.weight")
///       .ignore("layers.0.position_ids");
///
/// Each rule but those that end in if_there must find what it names: one that does nothing is a slip of the pen. An
/// empty map changes nothing.
///
/// Throws   `apply`: when a rule finds no tensor, cannot be followed, or leaves two tensors of one name
/// Cost     transpose and concat copy; the others do not
class NameMap {
 public:
  /// One tensor gets another name.
  NameMap& rename(std::string from, std::string to) {
    return add([from = std::move(from), to = std::move(to)](Tensors& tensors) {
      tensors[place_of(tensors, from, "rename")].name = to;
    });
  }

  /// Every tensor whose name begins with `from` begins with `to` instead; either may be empty.
  NameMap& rename_prefix(std::string from, std::string to) {
    return add([from = std::move(from), to = std::move(to)](Tensors& tensors) {
      bool found = false;
      for (Tensor& tensor : tensors) {
        if (!tensor.name.starts_with(from)) continue;
        tensor.name.replace(0, from.size(), to);
        found = true;
      }
      check(found, "NameMap: no tensor's name begins with ", in_quotes(from), "; rename_prefix must find one.");
    });
  }

  /// Every tensor whose name ends with `from` ends with `to` instead, and there may be none: what older files call so.
  NameMap& rename_suffix_if_there(std::string from, std::string to) {
    return add([from = std::move(from), to = std::move(to)](Tensors& tensors) {
      for (Tensor& tensor : tensors)
        if (tensor.name.ends_with(from)) tensor.name.replace(tensor.name.size() - from.size(), from.size(), to);
    });
  }

  /// One tensor is left out, like a buffer that is no parameter.
  NameMap& ignore(std::string name) {
    return add([name = std::move(name)](Tensors& tensors) { taken(tensors, name, "ignore"); });
  }

  /// Every tensor whose name begins with `prefix` is left out: the rest of a model of which one layer is wanted.
  NameMap& ignore_prefix(std::string prefix) {
    return add([prefix = std::move(prefix)](Tensors& tensors) {
      auto const count = std::erase_if(tensors, [&](Tensor const& tensor) { return tensor.name.starts_with(prefix); });
      check(count > 0, "NameMap: no tensor's name begins with ", in_quotes(prefix), "; ignore_prefix must find one.");
    });
  }

  /// Every tensor whose name begins with `prefix` is left out, and there may be none: what only some files hold.
  NameMap& ignore_if_there(std::string prefix) {
    return add([prefix = std::move(prefix)](Tensors& tensors) {
      std::erase_if(tensors, [&](Tensor const& tensor) { return tensor.name.starts_with(prefix); });
    });
  }

  /// Rows become columns; see io::transpose.
  NameMap& transpose(std::string name) {
    return add([name = std::move(name)](Tensors& tensors) {
      Tensor& tensor = tensors[place_of(tensors, name, "transpose")];
      tensor = io::transpose(tensor);
    });
  }

  /// A tensor becomes equal parts of its rows.
  NameMap& split(std::string name, std::vector<std::string> parts) {
    return add([name = std::move(name), parts = std::move(parts)](Tensors& tensors) {
      for (Tensor& part : io::split(taken(tensors, name, "split"), parts)) tensors.push_back(std::move(part));
    });
  }
  /// A tensor becomes parts of so many rows.
  NameMap& split_rows(std::string name, std::vector<Part> parts) {
    return add([name = std::move(name), parts = std::move(parts)](Tensors& tensors) {
      for (Tensor& part : io::split_rows(taken(tensors, name, "split_rows"), parts)) tensors.push_back(std::move(part));
    });
  }

  /// Tensors become one, rows below rows.
  NameMap& concat(std::vector<std::string> names, std::string to) {
    return add([names = std::move(names), to = std::move(to)](Tensors& tensors) {
      Tensors parts;
      for (std::string const& name : names) parts.push_back(taken(tensors, name, "concat"));
      tensors.push_back(io::concat(parts, to));
    });
  }

  /// What the rules make of these tensors.
  [[nodiscard]] std::vector<Tensor> apply(std::span<Tensor const> given) const {
    Tensors tensors(given.begin(), given.end());
    check_names(tensors);
    for (auto const& rule : rules_) {
      rule(tensors);
      check_names(tensors);  // each time: a later rule would take one of the two
    }
    return tensors;
  }

 private:
  using Tensors = std::vector<Tensor>;

  NameMap& add(std::function<void(Tensors&)> rule) {
    rules_.push_back(std::move(rule));
    return *this;
  }
  [[nodiscard]] static std::size_t place_of(Tensors const& tensors, std::string_view name, char const* rule) {
    std::size_t i = 0;
    while (i < tensors.size() && tensors[i].name != name) ++i;
    check(i < tensors.size(), "NameMap: there is no tensor ", in_quotes(name), "; ", rule, " must find it.");
    return i;
  }
  static Tensor taken(Tensors& tensors, std::string_view name, char const* rule) {
    std::size_t const i = place_of(tensors, name, rule);
    Tensor tensor = std::move(tensors[i]);
    tensors.erase(tensors.begin() + static_cast<std::ptrdiff_t>(i));
    return tensor;
  }
  static void check_names(Tensors const& tensors) {
    std::unordered_set<std::string_view> names;
    for (Tensor const& tensor : tensors)
      check(names.insert(tensor.name).second, "NameMap: two tensors are named ", in_quotes(tensor.name), ".");
  }

  std::vector<std::function<void(Tensors&)>> rules_;
};

}  // namespace attend::io
