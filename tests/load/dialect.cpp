// What a payload says: a scan of just as much JSON as tells the frames apart.
#include "dialect.hpp"

#include "json_scanner.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace load {

std::string_view name_of(Kind kind) {
    static constexpr std::array<std::string_view, kinds> names{
        "message",       "private",      "system",       "error",        "ping",
        "acknowledged",  "ack",          "history",      "other",        "unknown",
        "engine_open",   "engine_ping",  "engine_close", "engine_other", "connected",
        "connect_error", "disconnected",
    };
    return names.at(static_cast<std::size_t>(kind));
}

std::optional<std::string_view> json_type(std::string_view json) {
    Scanner scan{json};
    if (!scan.take('{')) {
        return std::nullopt;
    }
    if (scan.take('}')) {
        return std::string_view{};
    }
    do {
        std::string_view key;
        if (!scan.string(key) || !scan.take(':')) {
            return std::nullopt;
        }
        if (key == "type") {
            std::string_view type;
            return scan.string(type) ? type : std::string_view{};
        }
        if (!scan.skip_value()) {
            return std::nullopt;
        }
    } while (scan.take(','));
    if (!scan.take('}')) {
        return std::nullopt;
    }
    return std::string_view{};
}

Kind kind_of(std::string_view type) {
    if (type == "message") {
        return Kind::message;
    }
    if (type == "system") {
        return Kind::system;
    }
    if (type == "private") {
        return Kind::private_message;
    }
    if (type == "error") {
        return Kind::error;
    }
    if (type == "ping") {
        return Kind::ping;
    }
    if (type == "ack") {
        return Kind::ack;
    }
    if (type == "history") {
        return Kind::history;
    }
    if (type == "heartbeat_ack" || type == "confirmation") {
        return Kind::acknowledged;
    }
    return Kind::other;
}

std::optional<SocketIoEvent> parse_event(std::string_view packet) {
    if (!packet.starts_with("42")) {
        return std::nullopt;
    }
    packet.remove_prefix(2);
    if (packet.starts_with('/')) {
        packet.remove_prefix(std::min(packet.find(','), packet.size() - 1) + 1);
    }
    const auto array = packet.find_first_not_of("0123456789");
    packet.remove_prefix(std::min(array, packet.size()));
    Scanner scan{packet};
    SocketIoEvent event;
    if (!scan.take('[') || !scan.string(event.name)) {
        return std::nullopt;
    }
    if (scan.take(',')) {
        event.argument = scan.rest();
    }
    return event;
}

Kind Dialect::classify_json(std::string_view payload) {
    const auto type = json_type(payload);
    if (!type || type->empty()) {
        return Kind::unknown;
    }
    return kind_of(*type);
}

Kind Dialect::classify_packet(std::string_view packet) const {
    if (packet.empty()) {
        return Kind::unknown;
    }
    switch (packet.front()) {
        case '0':
            return Kind::engine_open;
        case '1':
            return Kind::engine_close;
        case '2':
            return Kind::engine_ping;
        case '3':
        case '6':
            return Kind::engine_other;
        case '4':
            break;
        default:
            return Kind::unknown;
    }
    if (packet.starts_with("40")) {
        return Kind::socket_connected;
    }
    if (packet.starts_with("41")) {
        return Kind::socket_disconnected;
    }
    if (packet.starts_with("44")) {
        return Kind::socket_refused;
    }
    const auto event = parse_event(packet);
    if (!event) {
        return packet.starts_with("43") ? Kind::acknowledged : Kind::unknown;
    }
    if (event->name != event_) {
        const Kind kind = kind_of(event->name);
        return kind == Kind::message ? Kind::other : kind;
    }
    // An event may carry frames of several types, as the chat's WebSocket does.
    const auto type = json_type(event->argument);
    return type && !type->empty() ? kind_of(*type) : Kind::message;
}

std::string expand(std::string_view text, std::size_t i) {
    std::string result{text};
    const auto replace = [&result](std::string_view name, const std::string& value) {
        for (auto at = result.find(name); at != std::string::npos;
             at = result.find(name, at + value.size())) {
            result.replace(at, name.size(), value);
        }
    };
    replace("{user}", fmt::format("load{}", i));
    replace("{i}", fmt::format("{}", i));
    return result;
}

}  // namespace load
