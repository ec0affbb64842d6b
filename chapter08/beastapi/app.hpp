// The application: FastAPI's `FastAPI`, and uvicorn's `run`.
#pragma once

#include "beastapi/cors.hpp"
#include "beastapi/http_exception.hpp"
#include "beastapi/refusals.hpp"
#include "beastapi/router.hpp"
#include "beastapi/security_headers.hpp"
#include "beastapi/static_files.hpp"
#include "beastapi/traffic.hpp"
#include "beastapi/trusted_host.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace beastapi {

struct AppInfo {
    std::string title = "beastapi";
    std::string version = "0.1.0";
    std::string description{};
    /// The npm package swagger-ui-dist; empty: SWAGGER_UI_DIR of the environment. `/docs` needs it.
    std::filesystem::path swagger_ui_dir{};
    /// The page `docs.html`, which shows Swagger UI and a console for WebSockets, and its files,
    /// which are served below `/docs/console`; empty: CONSOLE_DIR of the environment. Without it
    /// `/docs` is Swagger UI alone.
    std::filesystem::path console_dir{};
    /// Whether `/inspect` shows every coroutine, and where it waits; BEASTAPI_INSPECT=1 in the
    /// environment says so, too.
    bool inspect = false;
    /// Its page, `index.html`, and what that is made of; empty: INSPECT_DIR of the environment.
    std::filesystem::path inspect_dir{};
};

struct ServerSettings {
    std::string host = "127.0.0.1";             ///< a name or an address
    unsigned short port = 8000;                 ///< 0: one that is free
    std::size_t max_message_bytes = 64 * 1024;  ///< a larger WebSocket message is closed with 1009
    /// A reader for which more bytes wait is behind: it must drain, see send_timeout. A WebSocket
    /// with 16 times as much is closed with 1013.
    std::size_t outbox_limit = 1024 * 1024;
    /// Bytes that may wait for all readers together before those that do not drain are closed.
    std::size_t outbox_total = 256 * 1024 * 1024;
    /// A reader that takes nothing of what waits for it for so long is closed with 1013, and so is
    /// one that is behind and takes less than 32 KiB a second.
    std::chrono::steady_clock::duration send_timeout = std::chrono::seconds(10);
    /// Connections in all, of HTTP and WebSocket. For the next one, the connection that has waited
    /// longest for a request is ended; if none waits, the next one gets 503, and a WebSocket is
    /// accepted and closed with 1008 `Server is full`. 0: no limit.
    std::size_t max_connections = 2'000;
    /// The same for one address, or one /64 network of IPv6: 503, or 1008 `Too many connections`.
    std::size_t max_connections_per_address = 300;
    /// The last so many of max_connections are kept for requests that App::set_reserved_for()
    /// recognises.
    std::size_t reserved_connections = 0;
    /// New TCP connections a second of one address, or of one /64 network, once it has used up
    /// connection_burst: more are answered 429. 0: no limit.
    double connection_rate = 100;
    /// New TCP connections that an address may open at once, 1 to 1,000,000.
    std::uint32_t connection_burst = 1'000;
    /// HTTP requests a second of one address, handshakes of WebSockets not counted; more are
    /// answered 429. 0: no limit.
    double request_rate = 200;
    /// HTTP requests that an address may send at once, 1 to 1,000,000.
    std::uint32_t request_burst = 5'000;
    /// Bytes a second that a client may send once it has used up client_burst_in; each frame counts
    /// as 256 at least. Above that its connections are read more slowly. 0: no limit, which is what
    /// a small program wants; the chat's own default is 64 KiB.
    double client_rate_in = 0;
    std::uint32_t client_burst_in = 2 * 1024 * 1024;
    /// Bytes a second that a client may make the server send, once it has used up client_burst_out:
    /// to all who hear it, and as HTTP answers. Above that it is refused, and told when to come
    /// back. 0: no limit; the chat's own default is 16 MiB.
    double client_rate_out = 0;
    std::uint32_t client_burst_out = 64 * 1024 * 1024;
    /// Bytes of memory for HTTP answers under way, in all and to one client: the next one is 503.
    /// 0: no limit.
    std::size_t max_answer_bytes = 128 * 1024 * 1024;
    std::size_t max_answer_bytes_per_address = 32 * 1024 * 1024;
    /// How long a client may take for a request, counted from the end of the one before: then it is
    /// answered 408, within another tenth of that time.
    std::chrono::steady_clock::duration request_timeout = std::chrono::seconds(10);
    std::uint32_t max_head_bytes = 16 * 1024;  ///< a larger head of a request is answered 431
    /// A larger body is answered 413. It is held in memory, that of each connection, and has to
    /// come within request_timeout.
    std::size_t max_body_bytes = 64 * 1024;
    /// How long a WebSocket's opening handshake may take once it is asked for, and how long its
    /// closing handshake; then the connection is ended without one.
    std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds(10);
    /// Between pings. A peer of which nothing is heard from one to the next is gone.
    std::chrono::steady_clock::duration ping_interval = std::chrono::seconds(20);
    /// Whether X-Forwarded-For and X-Forwarded-Proto of a trusted proxy say who a request comes
    /// from; what counts by address then counts that client.
    bool proxy_headers = false;
    /// The proxies that are trusted: addresses, networks, or `*` for every peer.
    std::vector<std::string> forwarded_allow_ips{"127.0.0.1", "::1"};
    /// How long the server still accepts and serves once it has been told to stop: until then
    /// App::is_draining() lets a proxy send clients elsewhere.
    std::chrono::steady_clock::duration drain_time{};
    /// How long the connections get to say goodbye when the server stops.
    std::chrono::steady_clock::duration shutdown_timeout = std::chrono::seconds(10);
    /// How many workers the program is to give to run(), 1 to 256; 0: one for each core. App::run()
    /// is always one.
    std::size_t workers = 1;

    /// `workers`, or the number of cores that the process may use.
    std::size_t worker_count() const;

    /// The defaults with the address in the environment variables HOST and PORT, where they are set
    /// and not empty. Throws std::invalid_argument if PORT isn't a number from 0 to 65535.
    static ServerSettings from_environment();
};

namespace detail {
class Workers;
}
namespace inspect {
class Inspector;
}

/// Routes, mounted folders and middleware, and the server that answers with them.
///
/// An App is set up before run() and does not change while it runs, but for what it counts. What
/// handlers were bound to has to outlive run(); nothing else does, because run() ends every handler
/// before it returns.
class App {
public:
    /// Registers `/openapi.json`, `/asyncapi.json`, `/docs` and `/inspect`, too.
    explicit App(AppInfo info = {});
    App(const App&) = delete;
    App& operator=(const App&) = delete;

    void add_middleware(CORSMiddleware cors);
    void add_middleware(SecurityHeaders headers);
    void add_middleware(TrustedHostMiddleware hosts);

    /// What happens before the first connection is accepted, and after the last handler has ended:
    /// FastAPI's `lifespan`, which is one coroutine around both. `startup` is given the executor of
    /// the event loop, on which it runs; `shutdown` must not throw.
    void set_lifespan(std::function<void(const boost::asio::any_io_executor&)> startup,
                      std::function<void()> shutdown) {
        startup_ = std::move(startup);
        shutdown_ = std::move(shutdown);
    }

    /// Runs a coroutine on the event loop before the first connection is accepted, behind
    /// set_lifespan()'s startup: FastAPI's `@app.on_event("startup")`. It takes what is bound
    /// behind it, and may leave tasks of asyncio::create_task() behind. Several run in their order.
    template <class... Args, class... Bound>
    void on_startup(awaitable<void> (*coroutine)(Args...), Bound&&... bound) {
        static_assert(sizeof...(Args) == sizeof...(Bound),
                      "on_startup() takes what is bound to each parameter of the coroutine");
        std::tuple<Args...> arguments{std::forward<Bound>(bound)...};
        startup_coroutines_.push_back(
            [coroutine, arguments]() mutable { return std::apply(coroutine, arguments); });
    }

    /// Serves a folder under a path such as `/static`.
    void mount(std::string path, StaticFiles files);

    void include_router(const Router& router);

    /// As Router::get().
    template <class... Args>
    Route& get(Args&&... args) {
        return router_.get(std::forward<Args>(args)...);
    }

    /// As Router::post().
    template <class... Args>
    Route& post(Args&&... args) {
        return router_.post(std::forward<Args>(args)...);
    }

    /// As Router::put(), Router::patch() and Router::delete_().
    template <class... Args>
    Route& put(Args&&... args) {
        return router_.put(std::forward<Args>(args)...);
    }
    template <class... Args>
    Route& patch(Args&&... args) {
        return router_.patch(std::forward<Args>(args)...);
    }
    template <class... Args>
    Route& delete_(Args&&... args) {
        return router_.delete_(std::forward<Args>(args)...);
    }

    /// As Router::websocket().
    template <class... Args>
    Route& websocket(Args&&... args) {
        return router_.websocket(std::forward<Args>(args)...);
    }

    /// Serves until SIGINT, SIGTERM or SIGHUP (unless it is ignored, as nohup wants it); a second
    /// signal ends the process at once. SIGPIPE and SIGXFSZ are ignored, so that it goes on when
    /// the reader of its log has ended, and where a file may grow no more (`ulimit -f`).
    ///
    /// On a signal it serves on for ServerSettings::drain_time. Then it stops to accept, closes
    /// every WebSocket with 1001 (Going Away) behind what was sent before, and waits for them, at
    /// most ServerSettings::shutdown_timeout. Throws std::runtime_error, before it serves, if it
    /// cannot listen at the address.
    void run(const ServerSettings& settings);

    /// Serves at ServerSettings::from_environment(): what is left of `uvicorn.run(app)` in a
    /// program that has no settings of its own.
    ///
    /// As uvicorn.run() does, it ends the process where it cannot serve: with one line on stderr
    /// that says why, and status 1. Destructors do not run then (std::exit).
    void run();

    /// The answer that the request's head decides, whatever its body is: a preflight, 404, 405 or
    /// 426. Nothing if a handler or a folder has to be asked.
    std::optional<Response> answer_to_head(const Request& request) const;

    /// Answers a request; what handlers throw becomes 500, but for HTTPException.
    awaitable<Response> handle(Request request) const;

    /// Adds what every answer has to have, those that no handler gave, too.
    void finish(Response& response) const;

    /// The WebSocket endpoint at that path, with the path's parameters; null if there is none.
    std::pair<const Route*, Params> find_websocket(std::string_view path) const;

    /// Whether a page may open a WebSocket: one of the server's own, which names the request's
    /// `Host` in `Origin` (and its scheme, if a trusted proxy says that it is `https`), and one of
    /// an origin that CORSMiddleware allows. Who sends no `Origin` is no browser, and may.
    bool allows_origin(const Request& request) const;

    /// Says for which requests ServerSettings::reserved_connections are kept: those with a valid
    /// token, for example. It's asked only when no other place is left. By default, for none.
    void set_reserved_for(std::function<bool(const Request&)> predicate) {
        reserved_for_ = std::move(predicate);
    }
    bool is_reserved_for(const Request& request) const {
        return reserved_for_ && reserved_for_(request);
    }

    /// Says who may look at `/inspect`: nothing, or the answer to who may not. By default programs
    /// of the same machine may.
    void set_inspect_guard(std::function<std::optional<Response>(const Request&)> guard) {
        inspect_guard_ = std::move(guard);
    }
    std::optional<Response> refuse_to_inspect(const Request& request) const;

    /// Null unless it serves, and AppInfo::inspect is set.
    const std::shared_ptr<inspect::Inspector>& inspector() const noexcept { return inspector_; }

    /// Whether the request is for a route that answers even when the server is full.
    bool answers_when_full(const Request& request) const;

    /// Whether the server answers to the request's `Host`: see TrustedHostMiddleware.
    bool allows_host(const Request& request) const;

    /// Whether the server has been told to stop, and takes clients only for
    /// ServerSettings::drain_time more. Any thread may ask.
    bool is_draining() const noexcept { return draining_.load(std::memory_order_relaxed); }
    /// What run() does when a signal comes.
    void set_draining(bool draining) noexcept {
        draining_.store(draining, std::memory_order_relaxed);
    }

    /// What the layer has refused; handlers may show it. Apps that run together count together.
    Refusals& refusals() noexcept { return refusals_; }
    const Refusals& refusals() const noexcept { return refusals_; }

    /// What it has counted while it served; handlers may show it. Each App counts for itself, on
    /// its own thread.
    Traffic& traffic() noexcept { return traffic_; }
    const Traffic& traffic() const noexcept { return traffic_; }

    /// How things are now; all zero while it doesn't serve.
    Load load() const { return load_ ? load_() : Load(); }
    void set_load(std::function<Load()> load) { load_ = std::move(load); }

    const AppInfo& info() const noexcept { return info_; }
    const Router& router() const noexcept { return router_; }

private:
    struct Mount {
        std::string path;
        StaticFiles files;
    };

    /// What answers at a path: a folder, an HTTP route, or a WebSocket's, or nothing.
    struct Target {
        const Mount* mount = nullptr;
        const Route* route = nullptr;
        Params path_params{};
        std::string allow{};  ///< the methods of the routes at that path, if none has this one
    };

    friend class detail::Workers;
    void start_up(const boost::asio::any_io_executor& executor) const;
    awaitable<void> run_startup_coroutines() const;
    void shut_down() const;
    void warn() const;

    Target find(const Request& request) const;
    awaitable<Response> answer(Request request) const;
    awaitable<Response> answer_as_task(const Request& request) const;
    const Mount* find_mount(std::string_view path) const;

    AppInfo info_;
    Router router_;
    std::list<Mount> mounts_;
    std::optional<CORSMiddleware> cors_;
    std::optional<SecurityHeaders> security_headers_;
    std::optional<TrustedHostMiddleware> trusted_hosts_;
    Refusals refusals_;
    Traffic traffic_;
    std::function<Load()> load_;
    std::atomic<bool> draining_ = false;
    std::function<bool(const Request&)> reserved_for_;
    std::function<std::optional<Response>(const Request&)> inspect_guard_;
    std::shared_ptr<inspect::Inspector> inspector_;
    std::function<void(const boost::asio::any_io_executor&)> startup_;
    std::vector<std::function<awaitable<void>()>> startup_coroutines_;
    std::function<void()> shutdown_;
};

/// Serves with several workers, as App::run() does with one: each App has a thread and an event
/// loop of its own. The first one has the calling thread. All listen at the same port, and the
/// system gives each connection to one of them. The limits of `settings` hold for all together.
///
/// Nothing in an App is locked, so each has to have its own routers and what these are bound to;
/// what the Apps share has to be safe to use from several threads.
///
/// The startup functions of the lifespans run one after another, each on its App's thread, before
/// any connection is accepted. If one throws, those that have started are shut down, and run()
/// throws that exception. A signal stops all. Every loop runs until the last connection of all
/// workers has ended; then the shutdown functions run, each on its App's thread.
void run(const std::vector<App*>& apps, const ServerSettings& settings);

}  // namespace beastapi
