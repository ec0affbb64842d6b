// Chapter 08: what goes over the wire, from chapters 03, 06 and 07.
#pragma once

#include <boost/json.hpp>
#include <fmt/format.h>

#include <optional>
#include <string>

namespace json = boost::json;

inline json::object chat(const std::string& username, const json::object& data) {
    return {{"type", "message"}, {"username", username}, {"message", data.at("message")}};
}

inline json::object private_message(const std::string& from, const json::object& data) {
    return {{"type", "private"}, {"from", from}, {"message", data.at("message")}};
}

inline json::object confirmation(const std::string& target) {
    return {{"type", "confirmation"},
            {"message", fmt::format("Private message sent to {}", target)},
            {"target_user", target}};
}

inline json::object error(const char* code, const std::string& message) {
    return {{"type", "error"}, {"code", code}, {"message", message}};
}

const json::object ping = {{"type", "ping"}};
const json::object heartbeat_ack = {{"type", "heartbeat_ack"}};

// What a client sent: an object, or nothing if it is anything else.
inline std::optional<json::object> parse(const std::string& text) {
    boost::system::error_code error;
    const json::value data = json::parse(text, error);  // null if it is no JSON
    if (!data.is_object()) {
        return std::nullopt;
    }
    return data.as_object();
}

// A field that is a text, or nothing.
inline std::optional<std::string> text_of(const json::object& data, const char* field) {
    const json::value* value = data.if_contains(field);
    if (value == nullptr || !value->is_string()) {
        return std::nullopt;
    }
    return std::string(value->as_string());
}
