#pragma once

/// Counts how often this program has asked for memory, from any thread (allocations.cpp replaces operator new and, with
/// glibc, malloc).
long allocations();

/// Whether they are counted at all: not by every sanitizer.
bool counts_allocations();
