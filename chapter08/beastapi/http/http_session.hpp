// One TCP connection: HTTP requests and their answers, until it ends or becomes a WebSocket.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/http/http_request.hpp"
#include "beastapi/http/request_parser.hpp"
#include "beastapi/http/stream_connection.hpp"
#include "beastapi/inspect/node.hpp"
#include "beastapi/net/admission.hpp"
#include "beastapi/net/async_condition.hpp"
#include "beastapi/net/outbox.hpp"
#include "beastapi/request.hpp"
#include "beastapi/response.hpp"
#include "beastapi/router.hpp"
#include "beastapi/ws/websocket_connection.hpp"

#include <boost/beast/core/flat_buffer.hpp>

#include <chrono>
#include <cstdint>
#include <exception>
#include <list>
#include <memory>
#include <optional>
#include <variant>

namespace beastapi::detail {

class Server;

/// Lives as long as its coroutine, which start() spawns: one for HTTP, then one for a WebSocket.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
public:
    using Endpoint = boost::asio::ip::tcp::endpoint;

    /// What one gets who is refused: so many at a time, so long each.
    static constexpr std::size_t max_refused = 100;
    static constexpr std::chrono::seconds refused_timeout{1};

    /// Serves. One that has no place is told why when it has sent its request.
    static void start(std::shared_ptr<Server> server, Outbox::Socket socket, const Endpoint& peer,
                      Admission::Client client,
                      std::variant<Admission::Slot, const Admission::Refusal*> place);

    /// Answers at once, without a look at the request, and ends soon.
    static void turn_away(std::shared_ptr<Server> server, Outbox::Socket socket,
                          const Endpoint& peer, Response answer);

    /// 429, to come back after `wait`.
    static Response too_many_requests(std::chrono::steady_clock::duration wait);
    /// 503, to come back in a second.
    static Response no_place(const Admission::Refusal& refusal);

    HttpSession(std::shared_ptr<Server> server, Outbox::Socket socket, const Endpoint& peer);
    HttpSession(const HttpSession&) = delete;
    HttpSession& operator=(const HttpSession&) = delete;
    ~HttpSession();

    /// The server stops: a WebSocket is closed with 1001, a stream ends, a response finishes,
    /// anything else ends now.
    void go_away();

    /// Closes the socket at once.
    void abort();

    /// Gives the place up, because another connection needs one: only while it waits for a request.
    void give_way(const Admission::Refusal& refusal);  // which has to be one of Admission's

    const ClientBudget* client() const noexcept { return client_.get(); }
    bool has_reserved_place() const noexcept { return slot_.is_reserved(); }

private:
    using HandshakeRequest = WebSocketConnection::HandshakeRequest;
    using error_code = boost::system::error_code;

    /// A WebSocket that is asked for, and the endpoint that will accept it, unless there is no
    /// place.
    struct Upgrade {
        const Route& route;
        std::shared_ptr<WebSocketConnection> connection;
        const Admission::Refusal* refusal;  // null: it may
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
    static awaitable<void> answer_and_end(std::shared_ptr<HttpSession> self, Response answer);
    static awaitable<void> end(std::shared_ptr<HttpSession> self);
    static awaitable<void> serve_websocket(std::shared_ptr<HttpSession> self, const Route& route,
                                           std::shared_ptr<WebSocketConnection> connection);
    static awaitable<void> refuse_websocket(std::shared_ptr<HttpSession> self,
                                            std::shared_ptr<WebSocketConnection> connection,
                                            std::string_view reason);
    static awaitable<void> end_websocket(std::shared_ptr<HttpSession> self,
                                         std::shared_ptr<WebSocketConnection> connection,
                                         std::exception_ptr failure);
    static awaitable<void> reject(std::shared_ptr<HttpSession> self,
                                  std::shared_ptr<WebSocketConnection> connection);
    static awaitable<void> respond(std::shared_ptr<HttpSession> self, Response response,
                                   bool is_head, bool keep_alive);

    /// Writes a body piece by piece: http_session_stream.cpp. Whether another request may follow.
    static awaitable<bool> serve_stream(std::shared_ptr<HttpSession> self, Response response,
                                        std::unique_ptr<inspect::Task> task, bool chunked,
                                        bool keep_alive);

    void end_when_late(Timer& deadline);
    void abort_when_stuck(Timer& deadline, std::size_t bytes);
    void begin_to_wait();
    void end_waiting() noexcept;

    // What it may cost: http_session_costs.cpp.
    /// An answer on its way.
    struct Charge {
        std::size_t bytes = 0;
        std::optional<Admission::Answer> memory{};
        std::chrono::steady_clock::duration pause{};  // until the client can pay for it
        bool is_last = false;  // there is no place in which to wait for another request
    };
    const Admission::Refusal* check_place(const Request& request);
    std::optional<Response> check_budget(const Request& request, std::size_t size, Charge& into);
    std::optional<Response> charge(const Response& response, bool is_head, Charge& into);
    std::optional<Response> refuse(std::string_view name,
                                   std::chrono::steady_clock::duration retry_after);
    void end_pause();
    static awaitable<void> pause(std::shared_ptr<HttpSession> self,
                                 std::chrono::steady_clock::duration duration);
    Upgrade upgrade(const Route& route, Request request, std::unique_ptr<HandshakeRequest> message,
                    const std::string& early);
    std::optional<Response> read_sender(const HttpMessage& head, Request& request);
    std::optional<Response> refusal_of(const Request& handshake);
    void count(const std::optional<Response>& answer, bool request_has_begun);

    std::shared_ptr<Server> server_;
    std::shared_ptr<Outbox> outbox_;
    std::weak_ptr<WebSocketConnection> websocket_;
    std::weak_ptr<StreamConnection> stream_;
    Endpoint peer_;
    Admission::Client client_;  // of the last request; behind a trusted proxy not the peer
    Admission::Slot slot_;
    const Admission::Refusal* no_place_ = nullptr;  // why there is no slot
    std::shared_ptr<const void> turned_away_;       // a share of Server::turned_away()
    std::list<HttpSession*>::iterator waiting_{};
    Timer* pausing_ = nullptr;  // that of pause()
    bool waiting_for_request_ = false;
    bool lingering_ = false;  // all is said; the client has to end its side of the stream
    bool late_ = false;       // the next request did not come in time
    bool answered_ = false;   // a request before
};

}  // namespace beastapi::detail
