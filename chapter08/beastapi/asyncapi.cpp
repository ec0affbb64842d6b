#include "beastapi/asyncapi.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <cctype>
#include <string>

namespace beastapi {

namespace json = boost::json;

namespace {

constexpr std::string_view from_clients = "client";
constexpr std::string_view from_server = "server";

/// Such as `ws_chat_username`, unique as the path is.
std::string channel_id(const Route& route) {
    std::string id;
    for (const char c : route.path().text()) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
            id.push_back(c);
        } else if (!id.empty() && id.back() != '_') {
            id.push_back('_');
        }
    }
    id.erase(id.find_last_not_of('_') + 1);
    return id.empty() ? "root" : id;
}

json::object reference(std::string_view path) {
    json::object object;
    object["$ref"] = fmt::format("#/{}", path);
    return object;
}

json::object messages_of(const Route::MessageSchemas& schemas) {
    return schemas ? schemas() : json::object();
}

/// Client and server may both have a message of one name.
std::string message_id(std::string_view side, std::string_view name) {
    return fmt::format("{}.{}", side, name);
}

void add_references(json::object& into, std::string_view side, const json::object& messages) {
    for (const auto& message : messages) {
        const std::string id = message_id(side, message.key());
        into[id] = reference("components/messages/" + id);
    }
}

/// AsyncAPI's binding for WebSockets, which says what the handshake may bring.
json::object bindings_of(const Route& route) {
    json::object properties;
    for (const auto& [name, description] : route.query_params()) {
        json::object parameter;
        parameter["type"] = "string";
        parameter["description"] = description;
        properties[name] = std::move(parameter);
    }
    json::object ws;
    ws["method"] = "GET";
    if (!properties.empty()) {
        json::object query;
        query["type"] = "object";
        query["properties"] = std::move(properties);
        ws["query"] = std::move(query);
    }
    ws["bindingVersion"] = "0.1.0";
    json::object bindings;
    bindings["ws"] = std::move(ws);
    return bindings;
}

json::object channel_of(const Route& route) {
    json::object channel;
    channel["address"] = route.path().text();
    channel["title"] = route.summary().empty() ? route.path().text() : route.summary();
    if (!route.description().empty()) {
        channel["description"] = route.description();
    }
    json::object messages;
    add_references(messages, from_clients, messages_of(route.received_messages()));
    add_references(messages, from_server, messages_of(route.sent_messages()));
    channel["messages"] = std::move(messages);
    if (!route.path().parameters().empty()) {
        json::object parameters;
        for (const std::string& name : route.path().parameters()) {
            parameters[name] = json::object();
        }
        channel["parameters"] = std::move(parameters);
    }
    channel["bindings"] = bindings_of(route);
    return channel;
}

json::object operation_of(std::string_view action, std::string_view channel, std::string_view side,
                          const json::object& messages) {
    json::array references;
    for (const auto& message : messages) {
        references.push_back(reference(
            fmt::format("channels/{}/messages/{}", channel, message_id(side, message.key()))));
    }
    json::object operation;
    operation["action"] = action;
    operation["channel"] = reference(fmt::format("channels/{}", channel));
    operation["messages"] = std::move(references);
    return operation;
}

/// Adds what goes one way.
void add_direction(json::object& components, json::object& operations, std::string_view action,
                   std::string_view channel, std::string_view side, const json::object& messages) {
    if (messages.empty()) {
        return;
    }
    operations[fmt::format("{}_{}", action, channel)] =
        operation_of(action, channel, side, messages);
    for (const auto& message : messages) {
        components[message_id(side, message.key())] = message.value();
    }
}

json::object plain_message(std::string_view summary, std::string_view content_type) {
    json::object payload;
    payload["type"] = "string";
    json::object message;
    message["summary"] = summary;
    message["contentType"] = content_type;
    message["payload"] = std::move(payload);
    return message;
}

}  // namespace

json::object asyncapi(std::string_view title, std::string_view version,
                      std::string_view description, const std::list<Route>& routes) {
    json::object info;
    info["title"] = title;
    info["version"] = version;
    if (!description.empty()) {
        info["description"] = description;
    }
    json::object channels;
    json::object operations;
    json::object messages;
    for (const Route& route : routes) {
        if (route.is_websocket() && route.in_schema()) {
            const std::string id = channel_id(route);
            channels[id] = channel_of(route);
            add_direction(messages, operations, "receive", id, from_clients,
                          messages_of(route.received_messages()));
            add_direction(messages, operations, "send", id, from_server,
                          messages_of(route.sent_messages()));
        }
    }
    json::object components;
    components["messages"] = std::move(messages);
    json::object document;
    document["asyncapi"] = "3.0.0";
    document["info"] = std::move(info);
    document["defaultContentType"] = "application/json";
    document["channels"] = std::move(channels);
    document["operations"] = std::move(operations);
    document["components"] = std::move(components);
    return document;
}

void add_server(json::object& document, std::string_view host, bool is_secure) {
    if (host.empty()) {
        return;
    }
    json::object server;
    server["host"] = host;
    server["protocol"] = is_secure ? "wss" : "ws";
    json::object servers;
    servers["here"] = std::move(server);
    document["servers"] = std::move(servers);
}

json::object text_message(std::string_view summary) {
    return plain_message(summary, "text/plain");
}

json::object binary_message(std::string_view summary) {
    return plain_message(summary, "application/octet-stream");
}

}  // namespace beastapi
