#include "beastapi/openapi.hpp"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace beastapi {

namespace json = boost::json;

namespace {

/// The name of the method in a description of the API.
std::string method_of(const Route& route) {
    std::string method = route.method();
    std::transform(method.begin(), method.end(), method.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return method;
}

bool has_body(const Route& route) {
    return route.method() == "POST" || route.method() == "PUT" || route.method() == "PATCH";
}

/// Such as `get_ws_chat_username`, unique as method and path are.
std::string operation_id(const Route& route) {
    std::string id = method_of(route);
    for (const char c : route.path().text()) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
            id.push_back(c);
        } else if (id.back() != '_') {
            id.push_back('_');
        }
    }
    id.erase(id.find_last_not_of('_') + 1);
    return id;
}

json::object string_schema(std::string_view title) {
    json::object schema;
    schema["type"] = "string";
    schema["title"] = title;
    return schema;
}

json::array parameters_of(const Route& route) {
    json::array parameters;
    for (const std::string& name : route.path().parameters()) {
        json::object parameter;
        parameter["name"] = name;
        parameter["in"] = "path";
        parameter["required"] = true;
        parameter["schema"] = string_schema(name);
        parameters.push_back(std::move(parameter));
    }
    return parameters;
}

/// Of that type, and whatever.
json::object content_of(std::string_view content_type) {
    json::object media;
    media["schema"] = json::object();
    json::object content;
    content[content_type] = std::move(media);
    return content;
}

json::object responses_of(const Route& route) {
    json::object responses;
    for (const auto& [status, description] : route.responses()) {
        json::object response;
        response["description"] = description;
        if (status == 200) {
            response["content"] = content_of(route.response_class());
        }
        responses[std::to_string(status)] = std::move(response);
    }
    return responses;
}

json::object operation_of(const Route& route) {
    json::object operation;
    if (!route.tags().empty()) {
        operation["tags"] = json::array(route.tags().begin(), route.tags().end());
    }
    operation["summary"] = route.summary().empty() ? route.path().text() : route.summary();
    if (!route.description().empty()) {
        operation["description"] = route.description();
    }
    operation["operationId"] = operation_id(route);
    if (!route.path().parameters().empty()) {
        operation["parameters"] = parameters_of(route);
    }
    if (has_body(route)) {
        operation["requestBody"] = json::object();
        operation["requestBody"].as_object()["content"] = content_of("application/json");
    }
    operation["responses"] = responses_of(route);
    return operation;
}

}  // namespace

json::object openapi(std::string_view title, std::string_view version, std::string_view description,
                     const std::list<Route>& routes) {
    json::object info;
    info["title"] = title;
    info["version"] = version;
    if (!description.empty()) {
        info["description"] = description;
    }
    json::object paths;
    for (const Route& route : routes) {
        if (route.in_schema()) {
            json::value& item = paths[route.path().text()];
            if (!item.is_object()) {
                item.emplace_object();
            }
            // Of a GET and a WebSocket at one path it is the GET that an HTTP client gets.
            if (!route.is_websocket() || !item.as_object().contains("get")) {
                item.as_object()[method_of(route)] = operation_of(route);
            }
        }
    }
    json::object document;
    document["openapi"] = "3.0.3";
    document["info"] = std::move(info);
    document["paths"] = std::move(paths);
    return document;
}

std::string swagger_ui_html(std::string_view title, std::string_view script_url,
                            std::string_view assets_url) {
    return fmt::format(R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} - Swagger UI</title>
<link rel="stylesheet" href="{assets}/swagger-ui.css">
<link rel="icon" href="{assets}/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="{assets}/swagger-ui-bundle.js"></script>
<script src="{script}"></script>
</body>
</html>
)",
                       fmt::arg("title", title), fmt::arg("assets", assets_url),
                       fmt::arg("script", script_url));
}

std::string swagger_ui_script(std::string_view openapi_url) {
    // Without a validatorUrl it would show the description to a server elsewhere.
    return fmt::format(R"(SwaggerUIBundle({{
  url: "{}", dom_id: "#swagger-ui", deepLinking: true, layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis], validatorUrl: null,
}});
)",
                       openapi_url);
}

}  // namespace beastapi
