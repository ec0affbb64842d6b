// Accepts connections on one thread, knows those that are open, and ends them: uvicorn's part.
#pragma once

#include "beastapi/app.hpp"
#include "beastapi/http/listen.hpp"
#include "beastapi/http/trusted_proxies.hpp"
#include "beastapi/net/admission.hpp"
#include "beastapi/net/async_condition.hpp"
#include "beastapi/net/outbox.hpp"
#include "beastapi/ws/websocket_connection.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <random>
#include <string>
#include <unordered_set>
#include <vector>

namespace beastapi::detail {

class HttpSession;

/// All that it serves runs on the one thread that runs its io_context. Sessions own a share of it.
class Server : public std::enable_shared_from_this<Server> {
public:
    /// Listens. Throws std::runtime_error if the host is unknown or the port is taken.
    Server(boost::asio::io_context& context, App& app, const ServerSettings& settings);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Begins to accept.
    void start();

    /// Stops to accept, closes every WebSocket with 1001, lets responses finish, and waits for the
    /// sessions to end; those that have not after the shutdown timeout are torn.
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
    Admission& admission() noexcept { return admission_; }
    const WebSocketSettings& websocket_settings() const noexcept { return websocket_settings_; }
    /// The time for one request: up to a tenth more than the setting, so that thousands that began
    /// together do not end in one turn of the loop, in which everybody else would wait.
    std::chrono::steady_clock::duration next_request_timeout();
    std::uint32_t max_head_bytes() const noexcept { return max_head_bytes_; }
    WriteCoalescer& coalescer() noexcept { return coalescer_; }

    /// A share of it is kept by each session that was turned away and is not over.
    std::shared_ptr<const void> turned_away() const noexcept { return turned_away_; }
    bool stopping() const noexcept { return stopping_; }
    std::size_t session_count() const noexcept { return sessions_.size(); }

    void add(HttpSession& session);
    void remove(HttpSession& session) noexcept;

private:
    static awaitable<void> accept_loop(std::shared_ptr<Server> self, Acceptor& acceptor);
    static void begin(std::shared_ptr<Server> self, Outbox::Socket socket,
                      const boost::asio::ip::tcp::endpoint& client);

    boost::asio::io_context& context_;
    App& app_;
    std::string host_;
    std::chrono::steady_clock::duration request_timeout_;
    std::minstd_rand lot_;
    std::uint32_t max_head_bytes_;
    std::chrono::steady_clock::duration shutdown_timeout_;
    WebSocketSettings websocket_settings_;
    Admission admission_;
    TrustedProxies trusted_proxies_;
    std::vector<Acceptor> acceptors_;
    WriteCoalescer coalescer_;
    bool stopping_ = false;
    bool aborted_ = false;  // the shutdown timeout is over
    std::unordered_set<HttpSession*> sessions_;
    AsyncCondition session_ended_;
    std::shared_ptr<const void> turned_away_ = std::make_shared<char>();
};

}  // namespace beastapi::detail
