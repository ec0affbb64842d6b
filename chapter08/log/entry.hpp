// What a log takes, keeps and gives back: bytes, numbers and times. It knows nothing of JSON.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace chat_log {

using Seq = std::uint64_t;
using Time = std::chrono::system_clock::time_point;

/// A message on its way into the log.
struct Draft {
    /// Whose ids these are. Repeats are looked for among the messages of the same author.
    std::string author{};
    /// The author's own name for the message, by which a repeat is known; empty: it has none.
    std::string id{};
    std::string payload{};
};

/// A message in the log.
struct Entry {
    Seq seq = 0;
    Time stored{};  ///< when it was, to the millisecond
    std::string payload{};
};

/// What became of a draft.
struct Receipt {
    enum class Result {
        stored,
        duplicate,    ///< it was stored before: the rest is that of the first
        unavailable,  ///< it isn't stored, because the log can't be written now
    };
    Result result = Result::stored;
    Seq seq = 0;
    std::string epoch{};
    Time stored{};
};

/// Which entries are wanted: those with a number above `after` and below `before`.
struct Range {
    static constexpr Seq no_end = std::numeric_limits<Seq>::max();

    Seq after = 0;
    Seq before = no_end;
    /// At most so many entries, and, from the second on, so many bytes of payload.
    std::size_t max_entries = 200;
    std::size_t max_bytes = 256 * 1024;
    /// Where the bounds cut: true keeps the newest entries, false the oldest.
    bool newest = false;
};

/// Some entries of a conversation, in the order of their numbers.
struct Slice {
    std::vector<Entry> entries{};
    bool more = false;      ///< the range has others, which the bounds cut off
    Seq first_kept = 1;     ///< the oldest number that the log still has; else the next one
    bool available = true;  ///< false: the log can't be read now
};

/// How much a log keeps.
struct Retention {
    std::size_t max_messages = 1'000;           ///< of each conversation; 0: no limit
    std::size_t max_memory = 64 * 1024 * 1024;  ///< bytes of memory, for all conversations
    std::chrono::system_clock::duration max_age = std::chrono::days(30);  ///< in a database
    std::chrono::system_clock::duration dedup_window = std::chrono::minutes(10);
    std::size_t dedup_entries = 10'000;  ///< ids of one author that are known; 0: no limit
};

}  // namespace chat_log
