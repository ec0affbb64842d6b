// What a payload says: the frames of the chat's JSON protocol and of Socket.IO, told apart in
// place, and the texts that the tool sends.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace load {

enum class Protocol : std::uint8_t { websocket, socketio };

enum class Kind : std::uint8_t {
    message,
    private_message,
    system,
    error,
    ping,          // of the chat's heartbeat
    acknowledged,  // heartbeat_ack, confirmation
    ack,           // of a message that has an id
    history,
    other,    // a type or event that is well formed and not the tool's business
    unknown,  // what cannot be read
    engine_open,
    engine_ping,
    engine_close,
    engine_other,
    socket_connected,
    socket_refused,
    socket_disconnected,
};

constexpr std::size_t kinds = 17;

std::string_view name_of(Kind kind);

/// The string value of the member "type" of a JSON object, found without parsing the rest.
/// Empty if there is none; nothing if the text is no JSON object as far as it was read.
std::optional<std::string_view> json_type(std::string_view json);

/// The kind that a frame's "type" or an event's name stands for.
Kind kind_of(std::string_view type);

/// A Socket.IO EVENT packet: `42["name",argument…]`, with or without a namespace and an id.
struct SocketIoEvent {
    std::string_view name;
    std::string_view argument;  // from its first character to the end of the packet
};

std::optional<SocketIoEvent> parse_event(std::string_view packet);

class Dialect {
public:
    Dialect(Protocol protocol, bool echo, std::string_view event)
        : protocol_{protocol}, echo_{echo}, event_{event} {}

    Protocol protocol() const { return protocol_; }

    Kind classify(std::string_view payload) const {
        if (protocol_ == Protocol::socketio) {
            return classify_packet(payload);
        }
        if (echo_ || payload.starts_with(R"({"type":"message",)")) {
            return Kind::message;
        }
        return classify_json(payload);
    }

private:
    static Kind classify_json(std::string_view payload);
    Kind classify_packet(std::string_view packet) const;

    Protocol protocol_;
    bool echo_;
    std::string event_;  // the one that brings messages
};

/// Puts the user's name and number where a template says {user} and {i}.
std::string expand(std::string_view text, std::size_t i);

}  // namespace load
