#include "hub/event_json.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <array>
#include <cstddef>
#include <exception>
#include <new>

namespace chat_hub {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 5> kinds{"enter", "leave", "state", "gone", "signal"};

std::string text_in(const json::value& value) {
    return std::string(value.as_string());
}

json::array to_array(const std::vector<Presence>& presences) {
    json::array array;
    for (const Presence& presence : presences) {
        array.push_back(json::array{presence.room, presence.room_name, presence.user,
                                    presence.user_name, presence.connections});
    }
    return array;
}

std::vector<Presence> presences_in(const json::array& array) {
    std::vector<Presence> presences;
    for (const json::value& value : array) {
        const json::array& presence = value.as_array();
        presences.push_back({.room = text_in(presence.at(0)),
                             .room_name = text_in(presence.at(1)),
                             .user = text_in(presence.at(2)),
                             .user_name = text_in(presence.at(3)),
                             .connections = presence.at(4).to_number<std::size_t>()});
    }
    return presences;
}

}  // namespace

std::string to_json(const Event& event) {
    json::object object;
    object["kind"] = kinds.at(static_cast<std::size_t>(event.kind));
    object["shard"] = event.shard;
    if (event.kind == Event::Kind::signal) {
        object["room"] = event.room;
        object["text"] = event.text;
    } else {
        object["presences"] = to_array(event.presences);
    }
    return json::serialize(object);
}

std::optional<Event> event_of(std::string_view text) {
    try {
        const json::value value = json::parse(json::string_view(text.data(), text.size()));
        const json::object& object = value.as_object();
        const std::string kind = text_in(object.at("kind"));
        Event event{.shard = text_in(object.at("shard"))};
        for (std::size_t i = 0; i < kinds.size(); ++i) {
            if (kind != kinds.at(i)) {
                continue;
            }
            event.kind = static_cast<Event::Kind>(i);
            if (event.kind == Event::Kind::signal) {
                event.room = text_in(object.at("room"));
                event.text = text_in(object.at("text"));
            } else if (const json::value* const presences = object.if_contains("presences")) {
                event.presences = presences_in(presences->as_array());
            }
            return event;
        }
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception&) {}
    return std::nullopt;
}

}  // namespace chat_hub
