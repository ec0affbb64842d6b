// The state behind a WebSocket handle: Beast's stream, the inbox, and how the connection ends.
#pragma once

#include "beastapi/net/async_condition.hpp"
#include "beastapi/net/outbox_stream.hpp"
#include "beastapi/refusals.hpp"
#include "beastapi/websocket.hpp"

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace beastapi::detail {

struct WebSocketSettings {
    /// Larger messages end the connection with 1009 (bytes).
    std::size_t max_message_bytes = 64 * 1024;
    /// More than this waiting for a reader ends its connection with 1013 (bytes).
    std::size_t outbox_limit = 1024 * 1024;
    /// Between pings. A peer of which nothing is heard from one to the next is gone.
    std::chrono::steady_clock::duration ping_interval = std::chrono::seconds(20);
    /// How long the opening and the closing handshake may take.
    std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds(10);
};

/// A reader fills the inbox all the time, because Beast answers pings and notices the end only
/// while a read is under way, and because a cancelled read would end the connection. receive()
/// waits on the inbox. A full inbox stops the reader: that is the back-pressure on the peer.
class WebSocketConnection : public std::enable_shared_from_this<WebSocketConnection> {
public:
    using HandshakeRequest = boost::beast::http::request<boost::beast::http::string_body>;

    WebSocketConnection(std::shared_ptr<Outbox> outbox, Request request,
                        std::unique_ptr<HandshakeRequest> handshake,
                        const WebSocketSettings& settings, Refusals& refusals);

    static awaitable<void> accept(std::shared_ptr<WebSocketConnection> self,
                                  std::string subprotocol);
    static awaitable<Message> receive(std::shared_ptr<WebSocketConnection> self);
    static awaitable<std::string> receive_kind(std::shared_ptr<WebSocketConnection> self,
                                               Message::Kind kind);
    static awaitable<void> send(std::shared_ptr<WebSocketConnection> self, Opcode opcode,
                                std::string payload);
    void post(Opcode opcode, std::string_view payload);
    void post_volatile(Opcode opcode, std::string_view payload);
    void close(std::uint16_t code, std::string_view reason);

    /// Ends the connection without a word: whoever waits for it is told, with that reason.
    void abort(std::string reason = {});

    /// Waits for the end of the closing handshake; to be called once, after close() or a
    /// disconnect.
    static awaitable<void> finish(std::shared_ptr<WebSocketConnection> self);

    enum class State { connecting, open, disconnected };
    State state() const noexcept { return state_; }
    bool accepted() const noexcept { return accepted_; }
    const WebSocketDisconnect& disconnect() const noexcept { return disconnect_; }
    const Request& request() const noexcept { return request_; }

    /// For the log: `127.0.0.1:50000 - "WebSocket /ws/chat/Alice"`, without the query, which may
    /// hold secrets.
    std::string description() const;
    /// Since the request.
    std::chrono::duration<double> age() const { return std::chrono::steady_clock::now() - begin_; }

private:
    /// Marks that a coroutine receives; a second one is a mistake in the program.
    class Receiving {
    public:
        explicit Receiving(WebSocketConnection& connection);
        ~Receiving() { flag_ = false; }
        Receiving(const Receiving&) = delete;
        Receiving& operator=(const Receiving&) = delete;

    private:
        bool& flag_;
    };

    void ping_when_due();
    void ping_or_give_up();
    void read_more();
    void on_read(const boost::system::error_code& error);
    void deliver();
    bool inbox_full() const noexcept;
    bool has_news() const noexcept;
    Message take();
    void start_closing_handshake();
    void count_if_late(const boost::system::error_code& error);
    void set_disconnected(std::uint16_t code, std::string reason);
    WebSocketDisconnect why_ended(const boost::system::error_code& error) const;

    // Without permessage-deflate (RFC 7692): before Boost 1.90, Beast ends a connection on which
    // the same text comes again and again (boostorg/beast, issue 3028); and messages are short.
    boost::beast::websocket::stream<OutboxStream, false> stream_;
    std::shared_ptr<Outbox> outbox_;
    const WebSocketSettings& settings_;
    Refusals& refusals_;
    Request request_;
    std::unique_ptr<HandshakeRequest> handshake_;
    const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    State state_ = State::connecting;
    bool accepted_ = false;
    bool reading_ = false;
    bool closing_ = false;  // our close frame is sent, its answer is awaited
    bool receiving_ = false;
    bool pinged_ = false;  // and nothing has come since
    WebSocketDisconnect disconnect_{close_code::abnormal};

    std::string incoming_;  // the message that is being read
    std::vector<Message> inbox_;
    std::size_t inbox_head_ = 0;
    std::size_t inbox_bytes_ = 0;
    AsyncCondition changed_;
    Timer ping_timer_;
};

}  // namespace beastapi::detail
