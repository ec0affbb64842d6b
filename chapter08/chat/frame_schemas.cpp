#include "chat/frame_schemas.hpp"

#include "chat/client_frames.hpp"
#include "chat/server_frames.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <utility>

namespace chat {

namespace json = boost::json;

namespace {

constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

json::object typed(std::string_view type) {
    json::object schema;
    schema["type"] = type;
    return schema;
}

json::object constant(json::value value) {
    json::object schema;
    schema["const"] = std::move(value);
    return schema;
}

/// A list in which each value follows `items`.
json::object list_of(json::object items, std::uint64_t most) {
    json::object schema = typed("array");
    schema["items"] = std::move(items);
    if (most != no_limit) {
        schema["maxItems"] = most;
    }
    return schema;
}

json::object text_schema(const FieldRule& rule) {
    json::object schema = typed("string");
    if (rule.form == Form::visible) {
        schema["minLength"] = rule.least;
        schema["maxLength"] = rule.most;
        schema["pattern"] = "^[!-~]*$";
    } else if (rule.form == Form::date_time) {
        schema["format"] = "date-time";
    }
    if (!rule.one_of.empty()) {
        schema["enum"] = json::array(rule.one_of.begin(), rule.one_of.end());
    }
    return schema;
}

json::object number_schema(const FieldRule& rule) {
    json::object schema = typed("integer");
    schema["minimum"] = rule.least;
    schema["maximum"] = rule.most;
    return schema;
}

json::object position_schema() {
    json::object properties;
    properties[name_of(Key::epoch)] = typed("string");
    properties[name_of(Key::seq)] = number_schema({.key = Key::seq, .kind = Kind::number});
    json::object schema = typed("object");
    schema["required"] = json::array{name_of(Key::epoch), name_of(Key::seq)};
    schema["properties"] = std::move(properties);
    return schema;
}

json::object payload_of(const FrameRule& rule);

/// What a history has: the frames that are kept.
json::object numbered_schema() {
    json::object schema;
    schema["oneOf"] =
        json::array{payload_of(server_frames::message), payload_of(server_frames::private_message)};
    return schema;
}

json::object value_schema(const FieldRule& rule) {
    switch (rule.kind) {
        case Kind::text:
            return text_schema(rule);
        case Kind::number:
            return number_schema(rule);
        case Kind::boolean:
            return typed("boolean");
        case Kind::flag:
            return constant(true);
        case Kind::seconds:
            return typed("number");
        case Kind::names:
            return list_of(typed("string"), rule.most);
        case Kind::position:
            return position_schema();
        case Kind::numbered:
            return list_of(numbered_schema(), rule.most);
    }
    return {};
}

json::object described(const FieldRule& rule) {
    json::object schema = value_schema(rule);
    schema["description"] = rule.about;
    return schema;
}

json::array required_of(const FrameRule& rule, std::initializer_list<std::string_view> first) {
    json::array required(first.begin(), first.end());
    for (const FieldRule& field : rule.fields) {
        if (field.is_required()) {
            required.emplace_back(name_of(field.key));
        }
    }
    return required;
}

json::object object_schema(json::array required, json::object properties) {
    json::object schema = typed("object");
    if (!required.empty()) {
        schema["required"] = std::move(required);
    }
    schema["properties"] = std::move(properties);
    return schema;
}

/// Of a frame of the server.
json::object payload_of(const FrameRule& rule) {
    json::object properties;
    properties[name_of(Key::type)] = constant(json::string(rule.type));
    if (!rule.event.empty()) {
        properties[name_of(Key::event)] = constant(json::string(rule.event));
    }
    for (const FieldRule& field : rule.fields) {
        properties[name_of(field.key)] = described(field);
    }
    json::array required = rule.event.empty()
                               ? required_of(rule, {name_of(Key::type)})
                               : required_of(rule, {name_of(Key::type), name_of(Key::event)});
    return object_schema(std::move(required), std::move(properties));
}

/// A client may send a null for what it leaves out.
void allow_null(json::object& schema) {
    schema["type"] = json::array{schema["type"], "null"};
}

json::object type_schema(const FrameRule& rule) {
    if (&rule != &rule_of(ClientMessage::Type::message)) {
        return constant(json::string(rule.type));
    }
    json::object schema;
    schema["enum"] = json::array{rule.type, nullptr};
    return schema;
}

/// What a field has when a frame asks for something by it.
json::object asked(Key key, const FrameRule& rule) {
    const auto found = std::ranges::find(rule.fields, key, &FieldRule::key);
    return found->kind == Kind::boolean ? constant(true) : value_schema(*found);
}

json::object not_both(const FrameRule& rule) {
    json::array pairs;
    for (const auto& [one, other] : rule.not_both) {
        json::object properties;
        properties[name_of(one)] = asked(one, rule);
        properties[name_of(other)] = asked(other, rule);
        pairs.push_back(
            object_schema(json::array{name_of(one), name_of(other)}, std::move(properties)));
    }
    json::object schema;
    schema["anyOf"] = std::move(pairs);
    return schema;
}

/// Of a frame of a client. What it doesn't read has no description.
json::object payload_from_client(const FrameRule& rule, std::size_t max_text_length) {
    json::object properties;
    properties[name_of(Key::type)] = type_schema(rule);
    for (const FieldRule& field : rule.fields) {
        json::object schema = described(field);
        if (field.key == Key::message && max_text_length > 0) {
            schema["maxLength"] = max_text_length;
        }
        if (!field.is_required()) {
            allow_null(schema);
        }
        properties[name_of(field.key)] = std::move(schema);
    }
    for (const Key key : texts_of_every_frame) {
        if (key != Key::type && !rule.has(key)) {
            json::object schema = typed("string");
            allow_null(schema);
            properties[name_of(key)] = std::move(schema);
        }
    }
    const bool may_lack_type = &rule == &rule_of(ClientMessage::Type::message);
    json::array required =
        may_lack_type ? required_of(rule, {}) : required_of(rule, {name_of(Key::type)});
    json::object schema = object_schema(std::move(required), std::move(properties));
    if (!rule.not_both.empty()) {
        schema["not"] = not_both(rule);
    }
    return schema;
}

json::object message_of(const FrameRule& rule, json::object payload) {
    json::object message;
    message["name"] = rule.name;
    message["summary"] = rule.about;
    message["payload"] = std::move(payload);
    return message;
}

bool is_sent(Where frame, Where endpoint) {
    if (frame == Where::named) {
        return endpoint != Where::nameless;
    }
    return frame == Where::everywhere || frame == endpoint;
}

}  // namespace

json::object schemas_from_client(std::size_t max_text_length) {
    json::object messages;
    for (const ClientFrame& frame : client_frames) {
        messages[frame.rule.name] =
            message_of(frame.rule, payload_from_client(frame.rule, max_text_length));
    }
    return messages;
}

json::object schemas_from_server(Where endpoint) {
    json::object messages;
    for (const FrameRule* const rule : server_frames::all) {
        const bool other_welcome =
            rule == &server_frames::welcome_with_name && endpoint != Where::named;
        if (is_sent(rule->where, endpoint) && !other_welcome) {
            messages[rule->name] = message_of(*rule, payload_of(*rule));
        }
    }
    return messages;
}

}  // namespace chat
