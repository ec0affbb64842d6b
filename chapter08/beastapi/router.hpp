// Routes and their handlers: FastAPI's `APIRouter`.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/http/route_template.hpp"
#include "beastapi/request.hpp"
#include "beastapi/response.hpp"
#include "beastapi/websocket.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdlib>
#include <functional>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace beastapi {

/// One registered route, and what the API documentation says of it. Each setter gives the route
/// back, as FastAPI's decorators take keyword arguments: `router.get("/health",
/// health).summary("Health")`.
class Route {
public:
    using HttpHandler = std::function<awaitable<Response>(Request)>;
    using WebSocketHandler = std::function<awaitable<void>(WebSocket)>;
    using MessageSchemas = std::function<boost::json::object()>;

    Route(std::string path, HttpHandler handler, std::string method = "GET");
    Route(std::string path, WebSocketHandler handler);

    Route& summary(std::string text);
    Route& description(std::string text);
    Route& tags(std::vector<std::string> names);
    Route& response(unsigned status, std::string text);
    Route& response_class(std::string content_type);
    Route& include_in_schema(bool include);
    /// What clients send to a WebSocket endpoint, and what it sends to them, for `/asyncapi.json`:
    /// functions that give AsyncAPI's message objects by their names. A name means the same at
    /// every endpoint.
    Route& receives(MessageSchemas messages);
    Route& sends(MessageSchemas messages);
    /// A parameter of a WebSocket's address, behind the `?`, for `/asyncapi.json`.
    Route& query_param(std::string name, std::string description);
    /// Whether it also answers a client for which the server has no place: for a health check,
    /// which has to cost little.
    Route& answered_when_full(bool answered);

    /// `GET`, which answers HEAD, too, `POST`, `PUT`, `PATCH` or `DELETE`.
    const std::string& method() const noexcept { return method_; }
    bool answers(std::string_view method) const noexcept {
        return method == method_ || (method == "HEAD" && method_ == "GET");
    }
    bool is_websocket() const noexcept { return static_cast<bool>(websocket_handler_); }
    const detail::RouteTemplate& path() const noexcept { return path_; }
    const HttpHandler& http_handler() const noexcept { return http_handler_; }
    const WebSocketHandler& websocket_handler() const noexcept { return websocket_handler_; }
    const std::string& summary() const noexcept { return summary_; }
    const std::string& description() const noexcept { return description_; }
    const std::vector<std::string>& tags() const noexcept { return tags_; }
    const std::map<unsigned, std::string>& responses() const noexcept { return responses_; }
    const std::string& response_class() const noexcept { return response_class_; }
    const MessageSchemas& received_messages() const noexcept { return receives_; }
    const MessageSchemas& sent_messages() const noexcept { return sends_; }
    const std::map<std::string, std::string>& query_params() const noexcept {
        return query_params_;
    }
    bool in_schema() const noexcept { return in_schema_; }
    bool is_answered_when_full() const noexcept { return answered_when_full_; }

private:
    detail::RouteTemplate path_;
    std::string method_ = "GET";
    HttpHandler http_handler_;
    WebSocketHandler websocket_handler_;
    std::string summary_;
    std::string description_;
    std::vector<std::string> tags_;
    std::map<unsigned, std::string> responses_;
    std::string response_class_ = "application/json";
    MessageSchemas receives_;
    MessageSchemas sends_;
    std::map<std::string, std::string> query_params_;
    bool in_schema_ = true;
    bool answered_when_full_ = false;
};

namespace detail {

template <class...>
inline constexpr bool never = false;

template <class All, std::size_t... I>
constexpr bool begins_with_strings(std::index_sequence<I...>) {
    return (std::is_same_v<std::tuple_element_t<I, All>, std::string> && ...);
}

/// A handler's parameters behind the WebSocket or the Request, of which the last `Bound` are bound
/// at its registration. A mistake in them is one message here, and none from deep inside a tuple.
template <std::size_t Bound, class... Args>
struct Arguments {
    using All = std::tuple<Args...>;
    static constexpr std::size_t strings = sizeof...(Args) < Bound ? 0 : sizeof...(Args) - Bound;

    template <std::size_t... I>
    static auto last(std::index_sequence<I...>)
        -> std::tuple<std::tuple_element_t<strings + I, All>...>;

    static constexpr bool takes_what_is_bound = Bound <= sizeof...(Args);
    static constexpr bool takes_connection =
        (... || (std::is_same_v<std::remove_cvref_t<Args>, Request> ||
                 std::is_same_v<std::remove_cvref_t<Args>, WebSocket>));
    static constexpr bool takes_strings =
        begins_with_strings<All>(std::make_index_sequence<strings>());

    static_assert(takes_what_is_bound,
                  "more is bound at the registration than the handler has parameters for");
    static_assert(!takes_connection,
                  "a handler takes its Request or its WebSocket first, and by value: a coroutine "
                  "may outlive what `const Request&` refers to");
    static_assert(!takes_what_is_bound || takes_connection || takes_strings,
                  "a handler takes a std::string for each path parameter, then what is bound at "
                  "its registration");
    static constexpr bool fit = takes_what_is_bound && !takes_connection && takes_strings;

    /// What is bound at the registration: a `T&` refers to the argument, a `T` keeps a copy of it.
    using Last = decltype(last(std::make_index_sequence<sizeof...(Args) - strings>()));
};

/// Calls `handler(first…, path parameters…, bound…)`.
template <std::size_t Strings, class Handler, class Bound, class... First>
auto call(Handler handler, Params params, Bound& bound, First... first) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        return std::apply(
            [&](auto&... last) {
                return handler(std::move(first)..., params.items()[I].second..., last...);
            },
            bound);
    }(std::make_index_sequence<Strings>());
}

}  // namespace detail

/// What all routes of a router share.
struct RouterOptions {
    std::string prefix{};             ///< comes before each path
    std::vector<std::string> tags{};  ///< for routes that name none
};

/// A table of routes. Handlers are free coroutines. They take, in this order: the WebSocket (or the
/// Request, which may be left out), a std::string for each path parameter, and what is bound at the
/// end of the registration: `router.websocket("/ws/chat/{username}", websocket_chat, manager)`.
/// What a handler takes by reference has to outlive App::run().
class Router {
public:
    explicit Router(RouterOptions options = {}) : options_(std::move(options)) {}

    /// Registers a WebSocket endpoint. Throws std::invalid_argument if the path is malformed, or
    /// its parameters are not those of the handler.
    template <class... Args, class... Bound>
    Route& websocket(std::string_view path, awaitable<void> (*handler)(WebSocket, Args...),
                     Bound&&... bound) {
        using Arguments = detail::Arguments<sizeof...(Bound), Args...>;
        if constexpr (Arguments::fit) {
            typename Arguments::Last last{std::forward<Bound>(bound)...};
            auto call = [handler, last](WebSocket websocket) mutable {
                return detail::call<Arguments::strings>(handler, websocket.request().path_params,
                                                        last, websocket);
            };
            return add(path, Route::WebSocketHandler(call), Arguments::strings);
        } else {
            std::abort();  // it does not compile
        }
    }

    template <class... Args, class... Bound>
    Route& websocket(std::string_view, awaitable<void> (*)(Args...), Bound&&...) {
        static_assert(detail::never<Args...>,
                      "a handler of a WebSocket takes it first, and by value: `WebSocket "
                      "websocket`");
        std::abort();  // it does not compile
    }

    /// Registers a handler of GET; HEAD is answered by the same handler, without the body.
    template <class... Args, class... Bound>
    Route& get(std::string_view path, awaitable<Response> (*handler)(Args...), Bound&&... bound) {
        return add_http(path, "GET", handler, std::forward<Bound>(bound)...);
    }

    /// Registers a handler of POST, which finds what was sent in Request::body: at most
    /// ServerSettings::max_body_bytes.
    template <class... Args, class... Bound>
    Route& post(std::string_view path, awaitable<Response> (*handler)(Args...), Bound&&... bound) {
        return add_http(path, "POST", handler, std::forward<Bound>(bound)...);
    }

    /// The same for PUT, PATCH and DELETE.
    template <class... Args, class... Bound>
    Route& put(std::string_view path, awaitable<Response> (*handler)(Args...), Bound&&... bound) {
        return add_http(path, "PUT", handler, std::forward<Bound>(bound)...);
    }
    template <class... Args, class... Bound>
    Route& patch(std::string_view path, awaitable<Response> (*handler)(Args...), Bound&&... bound) {
        return add_http(path, "PATCH", handler, std::forward<Bound>(bound)...);
    }
    template <class... Args, class... Bound>
    Route& delete_(std::string_view path, awaitable<Response> (*handler)(Args...),
                   Bound&&... bound) {
        return add_http(path, "DELETE", handler, std::forward<Bound>(bound)...);
    }

    const std::list<Route>& routes() const noexcept { return routes_; }

    /// Takes the routes of another router over.
    void include_router(const Router& router);

private:
    template <class... Args, class... Bound>
    Route& add_http(std::string_view path, std::string_view method,
                    awaitable<Response> (*handler)(Request, Args...), Bound&&... bound) {
        using Arguments = detail::Arguments<sizeof...(Bound), Args...>;
        if constexpr (Arguments::fit) {
            typename Arguments::Last last{std::forward<Bound>(bound)...};
            auto call = [handler, last](Request request) mutable {
                return detail::call<Arguments::strings>(handler, request.path_params, last,
                                                        request);
            };
            return add(path, Route::HttpHandler(call), Arguments::strings, method);
        } else {
            std::abort();  // it does not compile
        }
    }

    template <class... Args, class... Bound>
    Route& add_http(std::string_view path, std::string_view method,
                    awaitable<Response> (*handler)(Args...), Bound&&... bound) {
        using Arguments = detail::Arguments<sizeof...(Bound), Args...>;
        if constexpr (Arguments::fit) {
            typename Arguments::Last last{std::forward<Bound>(bound)...};
            auto call = [handler, last](const Request& request) mutable {
                return detail::call<Arguments::strings>(handler, request.path_params, last);
            };
            return add(path, Route::HttpHandler(call), Arguments::strings, method);
        } else {
            std::abort();  // it does not compile
        }
    }

    Route& add(std::string_view path, Route::HttpHandler handler, std::size_t path_parameters_taken,
               std::string_view method);
    Route& add(std::string_view path, Route::WebSocketHandler handler,
               std::size_t path_parameters_taken);
    Route& add(Route route, std::size_t path_parameters_taken);

    RouterOptions options_;
    std::list<Route> routes_;
};

}  // namespace beastapi
