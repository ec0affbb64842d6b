#include "beastapi/app.hpp"

#include "beastapi/http/server.hpp"
#include "beastapi/net/descriptor_limit.hpp"
#include "beastapi/net/event_loop.hpp"
#include "beastapi/openapi.hpp"
#include "beastapi/origin.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <system_error>

namespace beastapi {

namespace {

constexpr std::string_view openapi_path = "/openapi.json";
constexpr std::string_view swagger_ui_path = "/docs/swagger-ui";
constexpr std::string_view swagger_ui_script_path = "/docs/swagger-ui.js";

awaitable<Response> serve_openapi(const App& app) {
    const AppInfo& info = app.info();
    co_return JSONResponse(
        openapi(info.title, info.version, info.description, app.router().routes()));
}

awaitable<Response> serve_docs(const App& app) {
    if (app.info().swagger_ui_dir.empty()) {
        co_return PlainTextResponse(
            "Swagger UI is not installed here: `npm ci` installs it. "
            "The description of the API is at /openapi.json.\n",
            503);
    }
    co_return HTMLResponse(
        swagger_ui_html(app.info().title, swagger_ui_script_path, swagger_ui_path));
}

awaitable<Response> serve_docs_script() {
    co_return Response(200, "text/javascript; charset=utf-8", swagger_ui_script(openapi_path));
}

/// An environment variable; nothing if it is not set, or empty.
std::string_view environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string_view() : std::string_view(value);
}

bool is_read(const Request& request) {
    return request.method == "GET" || request.method == "HEAD";
}

Response method_not_allowed() {
    return error_response(405, "Method Not Allowed").header("Allow", "GET, HEAD");
}

}  // namespace

ServerSettings ServerSettings::from_environment() {
    ServerSettings settings;
    if (const std::string_view host = environment("HOST"); !host.empty()) {
        settings.host = host;
    }
    if (const std::string_view port = environment("PORT"); !port.empty()) {
        const char* const begin = port.data();
        const char* const end = begin + port.size();
        const auto [parsed_until, error] = std::from_chars(begin, end, settings.port);
        if (error != std::errc() || parsed_until != end) {
            throw std::invalid_argument(
                fmt::format("PORT is '{}', which is no number from 0 to 65535", port));
        }
    }
    return settings;
}

App::App(AppInfo info) : info_(std::move(info)) {
    get(openapi_path, serve_openapi, *this).include_in_schema(false);
    get("/docs", serve_docs, *this).include_in_schema(false);
    get(swagger_ui_script_path, serve_docs_script).include_in_schema(false);
    if (info_.swagger_ui_dir.empty()) {
        info_.swagger_ui_dir = environment("SWAGGER_UI_DIR");
    }
    if (!std::filesystem::exists(info_.swagger_ui_dir / "swagger-ui-bundle.js")) {
        info_.swagger_ui_dir.clear();
    } else {
        mount(std::string(swagger_ui_path), StaticFiles(info_.swagger_ui_dir));
    }
}

void App::add_middleware(CORSMiddleware cors) {
    cors_ = std::move(cors);
}

void App::add_middleware(SecurityHeaders headers) {
    security_headers_ = std::move(headers);
}

void App::finish(Response& response) const {
    if (security_headers_) {
        security_headers_->apply(response);
    }
}

void App::mount(std::string path, StaticFiles files) {
    mounts_.push_back({std::move(path), std::move(files)});
}

void App::include_router(const Router& router) {
    router_.include_router(router);
}

awaitable<Response> App::handle(Request request) const {
    if (cors_) {
        if (auto preflight = cors_->preflight(request)) {
            co_return std::move(*preflight);
        }
    }
    std::optional<Response> response;
    try {
        response = co_await answer(request);
    } catch (const std::exception& error) {
        spdlog::error("{} - \"{} {}\": {}", request.client.host, request.method, request.path,
                      error.what());
        response = PlainTextResponse("Internal Server Error", 500);
    }
    if (cors_) {
        cors_->apply(request, *response);
    }
    co_return std::move(*response);
}

awaitable<Response> App::answer(Request request) const {
    if (const Mount* const mount = find_mount(request.path)) {
        if (!is_read(request)) {
            co_return method_not_allowed();
        }
        co_return mount->files.get(request,
                                   std::string_view(request.path).substr(mount->path.size()));
    }
    for (const Route& route : router_.routes()) {
        auto params = route.path().match(request.path);
        if (!params) {
            continue;
        }
        if (!is_read(request)) {
            co_return method_not_allowed();
        }
        if (route.is_websocket()) {
            Response response = error_response(426, "Upgrade Required");
            response.header("Upgrade", "websocket").header("Connection", "Upgrade");
            co_return response;
        }
        request.path_params = std::move(*params);
        const Request unchanged = request;
        Response response = co_await route.http_handler()(std::move(request));
        co_return if_modified(unchanged, std::move(response));
    }
    co_return error_response(404, "Not Found");
}

const App::Mount* App::find_mount(std::string_view path) const {
    for (const Mount& mount : mounts_) {
        if (!path.starts_with(mount.path)) {
            continue;
        }
        const std::string_view below = path.substr(mount.path.size());
        if (below.starts_with('/') || (below.empty() && mount.files.settings().html)) {
            return &mount;
        }
    }
    return nullptr;
}

std::pair<const Route*, Params> App::find_websocket(std::string_view path) const {
    for (const Route& route : router_.routes()) {
        if (route.is_websocket()) {
            if (auto params = route.path().match(path)) {
                return {&route, std::move(*params)};
            }
        }
    }
    return {nullptr, Params()};
}

bool App::allows_origin(const Request& request) const {
    const auto origin = request.headers.get("Origin");
    return !origin || is_same_origin(*origin, request.headers.get("Host").value_or("")) ||
           (cors_ && cors_->allows_origin(*origin));
}

void App::run(const ServerSettings& settings) {
    namespace asio = boost::asio;
    detail::raise_descriptor_limit(settings.max_connections);
    asio::io_context context{1};
    const auto server = std::make_shared<detail::Server>(context, *this, settings);
    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](const boost::system::error_code& error, int) {
        if (error) {
            return;
        }
        spdlog::info("shutting down");
        signals.async_wait([](const boost::system::error_code& again, int signal) {
            if (!again) {
                spdlog::warn("a second signal: ending at once");
                std::_Exit(128 + signal);
            }
        });
        asio::co_spawn(context, detail::Server::stop(server),
                       [&](const std::exception_ptr&) { context.stop(); });
    });
    server->start();
    if (cors_ && cors_->allows_every_origin()) {
        spdlog::warn(
            "any page on the web may open WebSockets here, and read the answers, because "
            "every origin is allowed");
    }
    spdlog::info("{} running on {} (Press CTRL+C to quit)", info_.title, server->url());
    if (!spdlog::should_log(spdlog::level::info) && settings.port == 0) {
        fmt::print(stderr, "{}\n", server->url());
    }
    detail::run_event_loop(context);
    // Handlers that are still suspended end with the context, while what they were bound to lives.
    server->abort_all();
    spdlog::info("finished");
}

void App::run() {
    try {
        run(ServerSettings::from_environment());
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}: {}\n", info_.title, error.what());
        std::exit(1);
    }
}

}  // namespace beastapi
