// One WebSocket connection as its handler sees it: FastAPI's `WebSocket` and `WebSocketDisconnect`.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/request.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>

namespace beastapi {

class ClientBudget;
namespace detail {
class WebSocketConnection;
}

/// Close codes (RFC 6455, section 7.4.1).
namespace close_code {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t going_away = 1001;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t unsupported_data = 1003;
inline constexpr std::uint16_t no_status =
    1005;  ///< never sent: the peer's close frame had no code
inline constexpr std::uint16_t abnormal =
    1006;  ///< never sent: the connection was lost without a close frame
inline constexpr std::uint16_t invalid_payload = 1007;
inline constexpr std::uint16_t policy_violation = 1008;
inline constexpr std::uint16_t message_too_big = 1009;
inline constexpr std::uint16_t internal_error = 1011;
inline constexpr std::uint16_t try_again_later = 1013;
inline constexpr std::uint16_t bad_gateway = 1014;
}  // namespace close_code

/// Thrown by the operations of a WebSocket once the connection has ended, by whichever side.
class WebSocketDisconnect : public std::exception {
public:
    explicit WebSocketDisconnect(std::uint16_t code, std::string reason = {});

    /// The close code: the peer's, or ours if we closed, or close_code::abnormal.
    std::uint16_t code() const noexcept { return code_; }
    const std::string& reason() const noexcept { return reason_; }
    const char* what() const noexcept override { return "the WebSocket is disconnected"; }

private:
    std::uint16_t code_;
    std::string reason_;
};

/// One whole message, put together from its fragments (RFC 6455, section 5.4).
struct Message {
    enum class Kind { text, binary };
    Kind kind = Kind::text;
    std::string data;  ///< UTF-8 if it is a text
    /// When the last of it was read.
    std::chrono::steady_clock::time_point received{};

    bool is_text() const noexcept { return kind == Kind::text; }
};

/// A handle of a connection: cheap to copy, and equal to its copies, like a reference in Python.
///
/// All copies must be gone before App::run() returns; a handler's own are. Its operations belong to
/// the thread that runs the handler. One receive at a time; sends may overlap, and keep their
/// order. Their `where` is for the inspector: nobody needs to pass it.
class WebSocket {
public:
    explicit WebSocket(std::shared_ptr<detail::WebSocketConnection> connection);

    /// Completes the opening handshake (RFC 6455, section 4.2.2). To be called once, before all
    /// else. `subprotocol` names the one chosen from those the client offered, if any. Throws
    /// WebSocketDisconnect if the client has left.
    awaitable<void> accept(std::string subprotocol = {}) const;

    /// Waits for the next message. Throws WebSocketDisconnect when there will be none.
    ///
    /// Messages that came before the peer's close are still delivered; after a close of our own
    /// they are not. May be cancelled and called again without losing a message.
    awaitable<Message> receive(std::source_location where = std::source_location::current()) const;

    /// The next message, which has to be a text. A binary one closes the connection with 1003
    /// (Unsupported Data), and WebSocketDisconnect is thrown.
    awaitable<std::string> receive_text(
        std::source_location where = std::source_location::current()) const;

    /// The next message, which has to be binary; a text closes the connection with 1003.
    awaitable<std::string> receive_bytes(
        std::source_location where = std::source_location::current()) const;

    /// Sends a text message. Suspends while this connection has more than 64 KiB to send, so a
    /// handler cannot outrun its reader. Throws WebSocketDisconnect if the connection has ended.
    awaitable<void> send_text(std::string text,
                              std::source_location where = std::source_location::current()) const;

    /// Sends a binary message; otherwise as send_text().
    awaitable<void> send_bytes(std::string bytes,
                               std::source_location where = std::source_location::current()) const;

    /// Sends a text message without waiting: what a broadcast uses, so that no reader holds up
    /// another. A reader so slow that more than the outbox limit would be waiting for it is closed
    /// with 1013 (Try Again Later). Does nothing once the connection has ended.
    void post_text(std::string_view text) const;

    /// Sends a text message only if it would leave at once: a reader that is behind does not get
    /// it. For what is worth nothing later, as Socket.IO's volatile events. Does nothing once the
    /// connection has ended.
    void post_volatile_text(std::string_view text) const;

    /// Whether more than 64 KiB wait for the reader.
    bool is_behind() const noexcept;

    /// Calls `drained` from the event loop once that isn't so any more, or the connection has
    /// ended.
    void when_drained(std::function<void()> drained) const;

    /// Says goodbye: sends a close frame behind all that was sent before, and throws away what has
    /// not been received. Before accept() the client gets 403 Forbidden instead. The closing
    /// handshake (RFC 6455, section 7.1.2) goes on by itself. `reason` holds at most 123 bytes of
    /// UTF-8; what is beyond that is cut off. Does nothing once the connection has ended. Throws
    /// std::invalid_argument for a code that no close frame may carry (RFC 6455, section 7.4).
    awaitable<void> close(std::uint16_t code = close_code::normal, std::string reason = {}) const;

    /// The same for code that is no coroutine, such as the handler of a timer.
    void post_close(std::uint16_t code = close_code::normal, std::string_view reason = {}) const;

    /// When the message that was received last had been read; Message::received of that one.
    std::chrono::steady_clock::time_point received_at() const noexcept;

    /// A message that was read at that time has led to what the connections of this event loop have
    /// been sent in this turn. Once that is on its way, Traffic::delivery counts how long it took.
    void note_delivery(std::chrono::steady_clock::time_point received) const noexcept;

    /// Who pays for what this connection costs the server: its address, unless charge_to() says
    /// otherwise. Null if nobody counts.
    const std::shared_ptr<ClientBudget>& budget() const noexcept;

    /// From now on that budget pays, such as the user's whom a token has proved.
    void charge_to(std::shared_ptr<ClientBudget> budget) const noexcept;

    /// Whether messages can still be sent and received.
    bool connected() const noexcept;

    /// The request that opened the connection. Its target and its headers are gone from the first
    /// receive on, because an idle connection keeps only what a chat still asks for: copy what you
    /// need later.
    const Request& request() const noexcept;
    std::optional<std::string_view> path_param(std::string_view name) const;
    std::optional<std::string_view> query_param(std::string_view name) const;
    std::optional<std::string_view> header(std::string_view name) const;
    const Address& client() const noexcept;

    friend bool operator==(const WebSocket&, const WebSocket&) = default;

private:
    friend struct std::hash<WebSocket>;

    std::shared_ptr<detail::WebSocketConnection> connection_;
};

}  // namespace beastapi

template <>
struct std::hash<beastapi::WebSocket> {
    std::size_t operator()(const beastapi::WebSocket& websocket) const noexcept {
        return std::hash<std::shared_ptr<beastapi::detail::WebSocketConnection>>()(
            websocket.connection_);
    }
};
