#include "run.hpp"

int main(int count, char** words) { return table::run({words + 1, words + count}, std::cout, std::cerr); }
