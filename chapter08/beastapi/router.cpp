#include "beastapi/router.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace beastapi {

Route::Route(std::string path, HttpHandler handler, std::string method)
    : path_(path), method_(std::move(method)), http_handler_(std::move(handler)) {
    responses_[200] = "Successful Response";
}

Route::Route(std::string path, WebSocketHandler handler)
    : path_(path), websocket_handler_(std::move(handler)) {
    responses_[101] = "Switching Protocols";
    responses_[426] = "Upgrade Required";
}

Route& Route::summary(std::string text) {
    summary_ = std::move(text);
    return *this;
}

Route& Route::description(std::string text) {
    description_ = std::move(text);
    return *this;
}

Route& Route::tags(std::vector<std::string> names) {
    tags_ = std::move(names);
    return *this;
}

Route& Route::response(unsigned status, std::string text) {
    responses_[status] = std::move(text);
    return *this;
}

Route& Route::response_class(std::string content_type) {
    response_class_ = std::move(content_type);
    return *this;
}

Route& Route::include_in_schema(bool include) {
    in_schema_ = include;
    return *this;
}

Route& Route::receives(MessageSchemas messages) {
    receives_ = std::move(messages);
    return *this;
}

Route& Route::sends(MessageSchemas messages) {
    sends_ = std::move(messages);
    return *this;
}

Route& Route::query_param(std::string name, std::string description) {
    query_params_[std::move(name)] = std::move(description);
    return *this;
}

Route& Route::answered_when_full(bool answered) {
    answered_when_full_ = answered;
    return *this;
}

Route& Router::add(std::string_view path, Route::HttpHandler handler,
                   std::size_t path_parameters_taken, std::string_view method) {
    return add(Route(options_.prefix + std::string(path), std::move(handler), std::string(method)),
               path_parameters_taken);
}

Route& Router::add(std::string_view path, Route::WebSocketHandler handler,
                   std::size_t path_parameters_taken) {
    return add(Route(options_.prefix + std::string(path), std::move(handler)),
               path_parameters_taken);
}

Route& Router::add(Route route, std::size_t path_parameters_taken) {
    const std::size_t offered = route.path().parameters().size();
    if (offered != path_parameters_taken) {
        throw std::invalid_argument(
            fmt::format("the path template '{}' has {} parameters, its handler takes {}",
                        route.path().text(), offered, path_parameters_taken));
    }
    route.tags(options_.tags);
    routes_.push_back(std::move(route));
    return routes_.back();
}

void Router::include_router(const Router& router) {
    routes_.insert(routes_.end(), router.routes_.begin(), router.routes_.end());
}

}  // namespace beastapi
