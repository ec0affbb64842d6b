// What the frames say that number, acknowledge and bring back messages: the section "Delivery" of
// the chat's protocol.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace load {

/// The id that a message has: `<run>-<sender>-<number>`, the run in 16 random digits, the others
/// in 8 decimal ones. It's as long for each message, so that it's written into a frame that is
/// already masked.
struct MessageId {
    static constexpr std::size_t size = 34;
    static constexpr std::size_t number_at = 26;

    std::uint64_t run{};
    std::uint32_t sender{};

    std::string text(std::uint32_t number) const;
};

/// What the server says to the sender of a message with an id: an ack, or an error.
struct Answer {
    std::string_view id;    // empty: an error that's about no message with an id
    std::string_view code;  // of an error; empty: an ack
    std::uint64_t seq{};    // of an ack
    bool duplicate{};       // an ack of a message that was sent again

    bool is_refusal() const { return !code.empty(); }
};

/// Nothing if an ack has no `id` or no `seq`, or an error no `code`.
std::optional<Answer> parse_answer(std::string_view frame);

/// The number of a message in its log. Nothing if it has none.
std::optional<std::uint64_t> seq_of(std::string_view message);

/// Up to where a client has everything.
struct Position {
    std::string epoch;
    std::uint64_t seq{};

    std::string text() const;  // EPOCH:SEQ
};

/// The end of the lobby's log, which a welcome tells. Nothing in a frame without it.
std::optional<Position> position_of(std::string_view welcome);

struct History {
    std::string_view epoch;
    std::string_view messages;  // the array
    std::uint64_t seq{};        // the last in the log
    bool recovered{};
    bool more{};
    bool of_the_lobby{true};
};

/// Nothing if `epoch`, `messages` or `seq` is missing.
std::optional<History> parse_history(std::string_view frame);

}  // namespace load
