// The coroutines that a suspended one has called, down to the one that waits.
#pragma once

#include <source_location>
#include <string>
#include <string_view>
#include <vector>

namespace beastapi::inspect {

/// `chat_loop` of `awaitable<void> routers::chat_loop(Line, Session&)`.
std::string short_name(std::string_view function);

/// The functions of the program's own coroutines in that thread of Asio, which has to be suspended,
/// from the outermost to the one that waits at `where`, under their short names. Where the program
/// has no table of symbols, only the last one is known. There's always one, if need be an empty
/// one.
std::vector<std::string> functions_of(const void* thread, const std::source_location& where);

}  // namespace beastapi::inspect
