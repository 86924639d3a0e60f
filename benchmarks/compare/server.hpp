#pragma once

#include "../machine.hpp"

#include <attend/core/types.hpp>
#include <attend/io/npy.hpp>

#include <cstdio>
#include <exception>
#include <functional>
#include <iostream>
#include <map>
#include <span>
#include <sstream>
#include <string>
#include <vector>

/// How compare.py has a program run a case when it is its turn.
///
///   program <folder> name=value …      reads the arrays of the folder, writes its results there, prints "ready"
///   run <count>                        times that many calls one by one, prints their seconds on one line
///   limits <bytes>                     prints flops a second of one core and bytes a second of a sum over so much

namespace compare {

using attend::Index;

/// The sizes and choices of a case, and its arrays.
class Case {
 public:
  Case(int count, char** words) : folder_(count > 1 ? words[1] : ".") {
    for (int i = 2; i < count; ++i) {
      std::string const word = words[i];
      std::size_t const equals = word.find('=');
      attend::check(equals != std::string::npos, "compare: \"", word, "\" is not name=value.");
      values_[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
  [[nodiscard]] std::string text(std::string const& name, std::string const& otherwise = "") const {
    auto const found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }
  [[nodiscard]] Index number(std::string const& name, Index otherwise = 0) const {
    return text(name).empty() ? otherwise : std::stol(text(name));
  }
  [[nodiscard]] int threads() const { return static_cast<int>(number("threads", 1)); }
  [[nodiscard]] std::string path(std::string const& name) const { return folder_ + "/" + name; }

  /// An array (batch, heads, length, dim), as it is in memory.
  struct Array {
    std::vector<float> numbers;
    std::vector<Index> shape;

    [[nodiscard]] auto matrix() const {
      return attend::Matrix<float>(
          attend::Matrix<float>::Map(numbers.data(), static_cast<Index>(numbers.size()) / shape.back(), shape.back()));
    }
  };
  [[nodiscard]] Array array(std::string const& name) const {
    attend::io::Tensor const tensor = attend::io::read_npy(path(name + ".npy"));
    Array read{std::vector<float>(static_cast<std::size_t>(tensor.size())), tensor.shape};
    attend::io::copy_numbers(tensor, std::span(read.numbers));
    return read;
  }
  void write(std::string const& name, std::vector<float> const& numbers) const {
    attend::io::write_npy(path(name + ".npy"),
                          attend::io::tensor_of(name, std::span(numbers), {static_cast<Index>(numbers.size())}));
  }
  void write(std::string const& name, attend::Matrix<float> const& matrix) const {
    write(name, std::vector<float>(matrix.data(), matrix.data() + matrix.size()));
  }

 private:
  std::string folder_;
  std::map<std::string, std::string> values_;
};

/// Answers until the input ends.
inline int serve(std::function<void()> const& call) {
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    double amount = 0;
    words >> command >> amount;
    if (command == "run") {
      for (int i = 0; i < static_cast<int>(amount); ++i) {
        double const start = bench::seconds();
        call();
        std::cout << bench::seconds() - start << ' ';
      }
    } else if (command == "limits") {
      attend::Isa const isa = attend::machine_isa();
      std::cout << bench::fma_peak(isa) << ' ' << bench::read_rate(isa, static_cast<std::size_t>(amount));
    } else {
      return 2;
    }
    std::cout << std::endl;
  }
  return 0;
}

/// The main of a program: what it has to say of a wrong case is one sentence.
template <class Run>
int main(int count, char** words, Run const& run) {
  try {
    return run(Case(count, words));
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}

}  // namespace compare
