#include "beastapi/inspect/pages.hpp"

#include "beastapi/app.hpp"
#include "beastapi/asyncio.hpp"
#include "beastapi/inspect/inspector.hpp"
#include "beastapi/inspect/sources.hpp"
#include "beastapi/net/local_request.hpp"
#include "beastapi/streaming.hpp"

#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace beastapi::inspect {

namespace {

constexpr auto interval = std::chrono::milliseconds(500);
constexpr std::string_view page = "index.html";

std::optional<Response> refuse(const Request& request, const App& app) {
    if (app.inspector() == nullptr) {
        return error_response(404,
                              "The inspector is off. Start the server with --inspect, or a program "
                              "of a chapter with BEASTAPI_INSPECT=1 in its environment.");
    }
    return app.refuse_to_inspect(request);
}

template <class Number>
void read_number(const Params& params, std::string_view name, Number& into) {
    if (const auto text = params.get(name)) {
        Number number{};
        const char* const begin = text->data();
        const char* const end = begin + text->size();
        const auto [parsed_until, error] = std::from_chars(begin, end, number);
        if (error == std::errc() && parsed_until == end) {
            into = number;
        }
    }
}

Query query_of(const Request& request) {
    Query query;
    read_number(request.query_params, "tasks", query.tasks);
    query.tasks = std::min(query.tasks, Query::most);
    read_number(request.query_params, "after", query.after);
    query.find = request.query_params.get("find").value_or("");
    return query;
}

awaitable<Response> serve_page(Request request, const App& app) {
    if (auto refusal = refuse(request, app)) {
        co_return std::move(*refusal);
    }
    const auto& folder = app.info().inspect_dir;
    if (!std::filesystem::exists(folder / page)) {
        co_return PlainTextResponse(
            "The inspector's page isn't here: INSPECT_DIR names its folder, static/inspect. What "
            "it would show is at /inspect.json.\n",
            503);
    }
    co_return FileResponse(folder / page);
}

awaitable<Response> serve_snapshot(Request request, const App& app) {
    if (auto refusal = refuse(request, app)) {
        co_return std::move(*refusal);
    }
    co_return JSONResponse(co_await app.inspector()->snapshot(query_of(request)));
}

awaitable<void> send_snapshots(EventStream stream, Query query,
                               std::shared_ptr<Inspector> inspector) {
    while (true) {
        const std::string text = boost::json::serialize(co_await inspector->snapshot(query));
        ServerSentEvent event{.data = text};
        co_await stream.send(event);
        co_await asyncio::sleep(interval);
    }
}

awaitable<Response> serve_events(Request request, const App& app) {
    if (auto refusal = refuse(request, app)) {
        co_return std::move(*refusal);
    }
    co_return EventSourceResponse(send_snapshots, query_of(request), app.inspector());
}

awaitable<Response> serve_source(Request request, const App& app) {
    if (auto refusal = refuse(request, app)) {
        co_return std::move(*refusal);
    }
    auto text = Sources::instance().text(request.query_params.get("file").value_or(""));
    if (!text) {
        co_return error_response(404, "The inspector has named no such file.");
    }
    Response response = PlainTextResponse(std::move(*text));
    response.header("Cache-Control", "no-cache");
    co_return response;
}

}  // namespace

// A page of somebody else's could be shown under a name of its own that leads here (DNS rebinding).
std::optional<Response> refuse_all_but_local(const Request& request) {
    static const TrustedHostMiddleware hosts({"localhost", "127.0.0.0/8", "::1"});
    if (detail::is_local(request) && hosts.allows(request.headers.get("Host").value_or(""))) {
        return std::nullopt;
    }
    return PlainTextResponse(request.path + " is for programs on the server's own machine.\n", 403);
}

void add_pages(App& app) {
    app.get("/inspect", serve_page, app).include_in_schema(false);
    app.get("/inspect.json", serve_snapshot, app).include_in_schema(false).answered_when_full(true);
    app.get("/inspect/events", serve_events, app).include_in_schema(false);
    app.get("/inspect/source", serve_source, app).include_in_schema(false);
    const auto& folder = app.info().inspect_dir;
    if (app.info().inspect && std::filesystem::is_directory(folder)) {
        app.mount("/inspect/static", StaticFiles(folder));
    }
}

}  // namespace beastapi::inspect
