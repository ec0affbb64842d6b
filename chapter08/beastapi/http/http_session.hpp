// One TCP connection: HTTP requests and their answers, until it ends or becomes a WebSocket.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/http/http_request.hpp"
#include "beastapi/net/admission.hpp"
#include "beastapi/net/async_condition.hpp"
#include "beastapi/net/outbox.hpp"
#include "beastapi/request.hpp"
#include "beastapi/response.hpp"
#include "beastapi/router.hpp"
#include "beastapi/ws/websocket_connection.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>

namespace beastapi::detail {

class Server;

/// Lives as long as its coroutine, which start() spawns: one for HTTP, then one for a WebSocket.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
public:
    using Endpoint = boost::asio::ip::tcp::endpoint;

    static void start(std::shared_ptr<Server> server, Outbox::Socket socket,
                      const Endpoint& client);

    /// Answers 429 at once, to come back after `wait`, and ends soon.
    static void turn_away(std::shared_ptr<Server> server, Outbox::Socket socket,
                          const Endpoint& client, std::chrono::steady_clock::duration wait);

    HttpSession(std::shared_ptr<Server> server, Outbox::Socket socket, const Endpoint& client);
    HttpSession(const HttpSession&) = delete;
    HttpSession& operator=(const HttpSession&) = delete;
    ~HttpSession();

    /// The server stops: a WebSocket is closed with 1001, a response finishes, anything else ends
    /// now.
    void go_away();

    /// Closes the socket at once.
    void abort();

private:
    using HandshakeRequest = WebSocketConnection::HandshakeRequest;
    using RequestParser = boost::beast::http::request_parser<boost::beast::http::string_body>;
    using error_code = boost::system::error_code;

    static constexpr std::uint64_t max_body_bytes = 64 * 1024;

    /// A WebSocket that is asked for, and the endpoint that will accept it, unless there is no
    /// place.
    struct Upgrade {
        const Route& route;
        std::shared_ptr<WebSocketConnection> connection;
        std::optional<Admission::Refusal> refusal;
    };

    void spawn(awaitable<void> coroutine);
    static awaitable<void> run(std::shared_ptr<HttpSession> self);
    void on_end(const std::exception_ptr& failure) const;
    static awaitable<std::optional<Upgrade>> serve_http(std::shared_ptr<HttpSession> self);
    static awaitable<bool> read_head(std::shared_ptr<HttpSession> self,
                                     boost::beast::flat_buffer& buffer, RequestParser& parser);
    static awaitable<bool> read_body(std::shared_ptr<HttpSession> self,
                                     boost::beast::flat_buffer& buffer, RequestParser& parser);
    static awaitable<void> answer_unreadable(std::shared_ptr<HttpSession> self, error_code error,
                                             bool request_has_begun);
    static awaitable<void> answer_too_many_requests(std::shared_ptr<HttpSession> self,
                                                    std::chrono::steady_clock::duration wait);
    static awaitable<void> serve_websocket(std::shared_ptr<HttpSession> self, Upgrade upgrade);
    static awaitable<void> reject(std::shared_ptr<HttpSession> self, Upgrade upgrade);
    static awaitable<void> respond(std::shared_ptr<HttpSession> self, Response response,
                                   bool is_head, bool keep_alive);

    void end_when_late(Timer& deadline);
    void abort_when_stuck(Timer& deadline);
    Upgrade upgrade(const Route& route, Request request, std::unique_ptr<HandshakeRequest> message);
    std::optional<Response> read_sender(const HttpMessage& head, Request& request);
    std::optional<Response> refusal_of(const Request& handshake);
    void count(const std::optional<Response>& answer, bool request_has_begun);

    std::shared_ptr<Server> server_;
    std::shared_ptr<Outbox> outbox_;
    std::weak_ptr<WebSocketConnection> websocket_;
    Endpoint peer_;
    Endpoint client_;                    // of the last request; behind a trusted proxy not the peer
    Admission::Slot slot_{nullptr, {}};  // once it is a WebSocket
    bool waiting_for_request_ = false;
    bool lingering_ = false;  // all is said; the client has to end its side of the stream
    bool late_ = false;       // the next request did not come in time
    bool answered_ = false;   // a request before
};

}  // namespace beastapi::detail
