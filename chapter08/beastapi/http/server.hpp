// Accepts connections on one thread, knows those that are open, and ends them: uvicorn's part.
#pragma once

#include "beastapi/app.hpp"
#include "beastapi/http/listen.hpp"
#include "beastapi/http/shared_limits.hpp"
#include "beastapi/http/trusted_proxies.hpp"
#include "beastapi/net/async_condition.hpp"
#include "beastapi/net/loop_lag.hpp"
#include "beastapi/net/outbox.hpp"
#include "beastapi/ws/websocket_connection.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <list>
#include <memory>
#include <random>
#include <string>
#include <unordered_set>
#include <variant>
#include <vector>

namespace beastapi::detail {

class HttpSession;

/// All that it serves runs on the one thread that runs its io_context. Sessions own a share of it.
class Server : public std::enable_shared_from_this<Server> {
public:
    /// Listens. Throws std::runtime_error if the host is unknown or the port is taken.
    Server(boost::asio::io_context& context, App& app, const ServerSettings& settings);

    /// Another worker beside `first`, of which nothing has begun yet: it listens where that does,
    /// and the limits count for both.
    Server(boost::asio::io_context& context, App& app, const ServerSettings& settings,
           Server& first);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server() { app_.set_load({}); }

    /// Begins to accept. It goes on until stop(), even if memory runs out on the way.
    void start() noexcept;

    /// Stops to accept, closes every WebSocket with 1001, lets responses finish, and waits for the
    /// sessions to end; those that have not after the shutdown timeout are closed.
    static awaitable<void> stop(std::shared_ptr<Server> self);

    /// Tears every connection. To be called before the io_context ends with sessions left.
    void abort_all();

    /// Such as `http://127.0.0.1:8000`, with the port that was really taken.
    std::string url() const;
    unsigned short port() const;

    /// Those whose X-Forwarded-For is believed.
    const TrustedProxies& trusted_proxies() const noexcept { return trusted_proxies_; }

    const App& app() const noexcept { return app_; }
    Refusals& refusals() noexcept { return app_.refusals(); }
    ClientBudgets& clients() noexcept { return limits_->clients; }
    Admission& admission() noexcept { return limits_->admission; }
    const WebSocketSettings& websocket_settings() const noexcept { return websocket_settings_; }
    /// For a WebSocket that is accepted only so that its client can read why it's closed.
    const WebSocketSettings& refused_websocket_settings() const noexcept {
        return refused_websocket_settings_;
    }
    FrameDecoders& decoders() noexcept { return decoders_; }
    /// The time for one request: up to a tenth more than the setting, so that thousands that began
    /// together do not end in one turn of the loop, in which everybody else would wait.
    std::chrono::steady_clock::duration next_request_timeout();
    std::uint32_t max_head_bytes() const noexcept { return max_head_bytes_; }
    std::size_t max_body_bytes() const noexcept { return max_body_bytes_; }
    WriteCoalescer& coalescer() noexcept { return coalescer_; }
    Traffic& traffic() noexcept { return app_.traffic(); }

    /// A share of it is kept by each session that was turned away and is not over.
    std::shared_ptr<const void> turned_away() const noexcept { return limits_->turned_away; }
    std::size_t turned_away_count() const noexcept {
        return static_cast<std::size_t>(limits_->turned_away.use_count()) - 1;
    }
    bool stopping() const noexcept { return stopping_; }
    std::size_t session_count() const noexcept { return sessions_.size(); }

    void add(HttpSession& session);
    void remove(HttpSession& session) noexcept;

    /// The sessions that have a place and wait for a request, the one that has waited longest
    /// first. Only waiting can be cut short without harm: where there's no place left, they give
    /// theirs up.
    using Waiting = std::list<HttpSession*>;
    Waiting& waiting() noexcept { return waiting_; }

    /// Lets the session go that has waited longest for a request: one of that client, or, without
    /// one, any; if `unreserved`, one whose place is not a kept one. False if none waits.
    ///
    /// It looks at its own sessions only: those of another worker belong to that one's thread. So a
    /// connection may be refused here while one waits there, which may give way to the next.
    bool make_room(const ClientBudget* client, bool unreserved);

private:
    class AcceptGuard;
    struct Listener {
        Acceptor acceptor;
        PostStorage start{};
    };

    Server(boost::asio::io_context& context, App& app, const ServerSettings& settings,
           std::shared_ptr<SharedLimits> limits);

    void start(Listener& listener) noexcept;
    static awaitable<void> accept_loop(std::shared_ptr<Server> self, Listener& listener);
    Load load() const noexcept;
    void complain(std::string_view why);
    static void begin(std::shared_ptr<Server> self, Outbox::Socket socket,
                      const boost::asio::ip::tcp::endpoint& peer);
    std::variant<Admission::Slot, const Admission::Refusal*> acquire(
        const Admission::Client& client);

    boost::asio::io_context& context_;
    App& app_;
    std::string host_;
    std::chrono::steady_clock::duration request_timeout_;
    std::minstd_rand lot_;
    std::uint32_t max_head_bytes_;
    std::size_t max_body_bytes_;
    std::chrono::steady_clock::duration shutdown_timeout_;
    WebSocketSettings websocket_settings_;
    WebSocketSettings refused_websocket_settings_;
    FrameDecoders decoders_;
    std::shared_ptr<SharedLimits> limits_;
    TrustedProxies trusted_proxies_;
    std::list<Listener> listeners_;
    std::chrono::steady_clock::time_point last_complaint_{};
    WriteCoalescer coalescer_;
    LoopLag lag_;
    bool stopping_ = false;
    bool aborted_ = false;  // the shutdown timeout is over
    std::unordered_set<HttpSession*> sessions_;
    Waiting waiting_;
    AsyncCondition session_ended_;
};

}  // namespace beastapi::detail
