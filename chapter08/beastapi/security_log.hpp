// What a guard would want to know: which clients were turned away, and why.
#pragma once

#include "beastapi/request.hpp"

#include <string>
#include <string_view>

namespace beastapi {

/// Something was refused, or was ended, for a reason of security. Never put a token or a text into
/// it.
struct SecurityEvent {
    std::string_view event;  ///< such as `token_refused`; docs/protocol.md lists them
    const Address& client;
    std::string_view user{};    ///< if it is known, or the name that was asked for
    std::string_view reason{};  ///< in words, or the limit that was reached
};

/// From now on, writes each event as one line of JSON to the end of `file`, or to stderr if that is
/// `-`. A thread of the log's own writes: when that cannot keep up, the oldest lines that wait are
/// dropped. Throws std::exception if the file cannot be opened. Before that, events go nowhere.
void open_security_log(const std::string& file);

/// Writes an event. It neither waits nor throws.
void log_security_event(const SecurityEvent& event) noexcept;

}  // namespace beastapi
