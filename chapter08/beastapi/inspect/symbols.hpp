// The names of the program's coroutines, from its own table of symbols.
#pragma once

#include <string>

namespace beastapi::inspect {

/// The coroutine that this function resumes, as its declaration; empty if it isn't known.
std::string coroutine_at(const void* resume_function);

/// Reads the table, which is done once, and else would be by the first who asks.
void load_symbols();

}  // namespace beastapi::inspect
