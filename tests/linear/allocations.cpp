// This program counts its allocations too.
#include "../core/allocations.cpp"
