#include "beastapi/app.hpp"

#include "beastapi/asyncapi.hpp"
#include "beastapi/inspect/pages.hpp"
#include "beastapi/inspect/task.hpp"
#include "beastapi/openapi.hpp"
#include "beastapi/origin.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace beastapi {

namespace json = boost::json;

namespace {

constexpr std::string_view openapi_path = "/openapi.json";
constexpr std::string_view asyncapi_path = "/asyncapi.json";
constexpr std::string_view swagger_ui_path = "/docs/swagger-ui";
constexpr std::string_view console_path = "/docs/console";
constexpr std::string_view console_page = "docs.html";
constexpr std::string_view swagger_ui_script_path = "/docs/swagger-ui.js";

awaitable<Response> serve_openapi(const App& app) {
    const AppInfo& info = app.info();
    co_return JSONResponse(
        openapi(info.title, info.version, info.description, app.router().routes()));
}

awaitable<Response> serve_asyncapi(Request request, const App& app) {
    const AppInfo& info = app.info();
    json::object document =
        asyncapi(info.title, info.version, info.description, app.router().routes());
    add_server(document, request.headers.get("Host").value_or(""), request.scheme == "https");
    co_return JSONResponse(std::move(document));
}

awaitable<Response> serve_docs(const App& app) {
    if (app.info().swagger_ui_dir.empty()) {
        co_return PlainTextResponse(
            "Swagger UI is not here: name the folder of the npm package swagger-ui-dist in "
            "SWAGGER_UI_DIR. The description of the API is at /openapi.json.\n",
            503);
    }
    if (!app.info().console_dir.empty()) {
        co_return FileResponse(app.info().console_dir / console_page);
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

/// Fewer than the machine has where `taskset` or a container says so.
std::size_t usable_cores() {
    cpu_set_t cores;
    if (::sched_getaffinity(0, sizeof(cores), &cores) == 0) {
        return static_cast<std::size_t>(CPU_COUNT(&cores));
    }
    return std::thread::hardware_concurrency();
}

Response method_not_allowed(const std::string& allow) {
    return error_response(405, "Method Not Allowed").header("Allow", allow);
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

std::size_t ServerSettings::worker_count() const {
    constexpr std::size_t most = 256;
    return workers > 0 ? workers : std::clamp<std::size_t>(usable_cores(), 1, most);
}

App::App(AppInfo info) : info_(std::move(info)) {
    get(openapi_path, serve_openapi, *this).include_in_schema(false);
    get(asyncapi_path, serve_asyncapi, *this).include_in_schema(false);
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
    if (info_.console_dir.empty()) {
        info_.console_dir = environment("CONSOLE_DIR");
    }
    if (!std::filesystem::exists(info_.console_dir / console_page)) {
        info_.console_dir.clear();
    } else {
        mount(std::string(console_path), StaticFiles(info_.console_dir));
    }
    const std::string_view wish = environment("BEASTAPI_INSPECT");
    info_.inspect = info_.inspect || (!wish.empty() && wish != "0");
    if (info_.inspect_dir.empty()) {
        info_.inspect_dir = environment("INSPECT_DIR");
    }
    inspect::add_pages(*this);
}

void App::add_middleware(CORSMiddleware cors) {
    cors_ = std::move(cors);
}

void App::add_middleware(SecurityHeaders headers) {
    security_headers_ = std::move(headers);
}

void App::add_middleware(TrustedHostMiddleware hosts) {
    trusted_hosts_ = std::move(hosts);
}

void App::finish(Response& response) const {
    if (response.is_json() && !response.header("Cache-Control")) {
        // It says how things are now, and to whom asked.
        response.header("Cache-Control", "no-store");
    }
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

std::optional<Response> App::answer_to_head(const Request& request) const {
    if (cors_) {
        if (auto preflight = cors_->preflight(request)) {
            return preflight;
        }
    }
    const Target target = find(request);
    std::optional<Response> response;
    if (!target.allow.empty()) {
        response = method_not_allowed(target.allow);
    } else if (target.mount == nullptr && target.route == nullptr) {
        response = error_response(404, "Not Found");
    } else if (target.route != nullptr && target.route->is_websocket()) {
        response = error_response(426, "Upgrade Required");
        response->header("Upgrade", "websocket").header("Connection", "Upgrade");
    }
    if (cors_ && response) {
        cors_->apply(request, *response);
    }
    return response;
}

awaitable<Response> App::handle(Request request) const {
    std::optional<Response> response = answer_to_head(request);
    if (response) {
        co_return std::move(*response);
    }
    std::string failure;
    try {
        response = co_await answer_as_task(request);
    } catch (const HTTPException& exception) {
        response = exception.response();
    } catch (const std::exception& error) {
        failure = error.what();
    } catch (...) {
        failure = "an exception that is no std::exception";
    }
    if (!response) {
        spdlog::error("{} - \"{} {}\": {}", request.client.host, request.method, request.path,
                      failure);
        response = PlainTextResponse("Internal Server Error", 500);
    }
    if (cors_) {
        cors_->apply(request, *response);
    }
    co_return std::move(*response);
}

awaitable<Response> App::answer_as_task(const Request& request) const {
    return inspect::as_task(answer(request), inspect::task_of(request));
}

awaitable<Response> App::answer(Request request) const {
    Target target = find(request);
    if (target.mount != nullptr) {
        const std::string_view below =
            std::string_view(request.path).substr(target.mount->path.size());
        co_return target.mount->files.get(request, below);
    }
    request.path_params = std::move(target.path_params);
    const Request unchanged = request;
    Response response = co_await target.route->http_handler()(std::move(request));
    co_return if_modified(unchanged, std::move(response));
}

App::Target App::find(const Request& request) const {
    const bool is_read = request.method == "GET" || request.method == "HEAD";
    if (const Mount* const mount = find_mount(request.path)) {
        return {.mount = mount, .allow = is_read ? "" : "GET, HEAD"};
    }
    Target target;
    const Route* websocket = nullptr;
    for (const Route& route : router_.routes()) {
        auto params = route.path().match(request.path);
        if (params && route.answers(request.method) && !route.is_websocket()) {
            return {.route = &route, .path_params = std::move(*params)};
        }
        if (params && route.answers(request.method) && websocket == nullptr) {
            websocket = &route;  // which has nothing to say where a handler of GET follows
        }
        const std::string_view methods =
            route.method() == "GET" ? std::string_view("GET, HEAD") : route.method();
        if (params && target.allow.find(methods) == std::string::npos) {
            target.allow.append(target.allow.empty() ? "" : ", ").append(methods);
        }
    }
    return websocket == nullptr ? target : Target{.route = websocket};
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
    const auto is_own = [&] {
        return is_same_origin(*origin, request.headers.get("Host").value_or("")) &&
               (request.scheme == "http" || parse_origin(*origin)->scheme == request.scheme);
    };
    return !origin || is_own() || (cors_ && cors_->allows_origin(*origin));
}

std::optional<Response> App::refuse_to_inspect(const Request& request) const {
    return inspect_guard_ ? inspect_guard_(request) : inspect::refuse_all_but_local(request);
}

bool App::answers_when_full(const Request& request) const {
    const Target target = find(request);
    return target.route != nullptr && target.route->is_answered_when_full();
}

bool App::allows_host(const Request& request) const {
    return !trusted_hosts_ || trusted_hosts_->allows(request.headers.get("Host").value_or(""));
}

void App::start_up(const boost::asio::any_io_executor& executor) const {
    if (startup_) {
        startup_(executor);
    }
}

awaitable<void> App::run_startup_coroutines() const {
    for (const auto& coroutine : startup_coroutines_) {
        co_await coroutine();
    }
}

void App::shut_down() const {
    if (shutdown_) {
        shutdown_();
    }
}

void App::warn() const {
    if (cors_ && cors_->allows_every_origin()) {
        spdlog::warn(
            "any page on the web may open WebSockets here, and read the answers, because "
            "every origin is allowed");
    }
    if (::geteuid() == 0) {
        spdlog::warn(
            "running as root: anybody who breaks into the server controls the whole machine");
    }
    if (trusted_hosts_ && trusted_hosts_->allows_every_host()) {
        spdlog::warn(
            "the server answers under any host name, so a page of another server can pass for one "
            "of this server's (DNS rebinding): name your hosts with --allowed-host");
    }
}

void App::run(const ServerSettings& settings) {
    beastapi::run({this}, settings);
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
