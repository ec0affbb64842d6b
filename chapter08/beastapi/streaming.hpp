// Answers whose body comes bit by bit: Starlette's StreamingResponse, and sse-starlette's
// EventSourceResponse.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/response.hpp"

#include <chrono>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <utility>

namespace beastapi {

class ClientBudget;
namespace detail {
class StreamConnection;
}

/// Thrown by what writes to a stream once that has ended: the client has left, say.
class ClientDisconnect : public std::exception {
public:
    const char* what() const noexcept override { return "the stream has ended"; }
};

/// Why a stream ends.
enum class StreamEnd {
    finished,     ///< its coroutine has returned
    closed,       ///< its coroutine, or somebody else, has called close()
    client_gone,  ///< nothing can be written any more
    slow_reader,  ///< see OutboxLimits in net/write_coalescer.hpp
    going_away,   ///< the server stops
    failed,       ///< its coroutine has thrown
};

/// Where the coroutine of a StreamingResponse writes to; Python's generator says `yield` instead.
///
/// A handle, copied like a reference in Python. When the client goes away, the coroutine is
/// cancelled in whatever it waits for, as in Python.
class ResponseStream {
public:
    explicit ResponseStream(std::shared_ptr<detail::StreamConnection> connection)
        : connection_(std::move(connection)) {}

    /// Sends these bytes. Suspends while the client has more than 64 KiB to take, so a handler
    /// can't outrun its reader. Throws ClientDisconnect if the stream has ended.
    awaitable<void> write(std::string bytes,
                          std::source_location where = std::source_location::current()) const;

    /// The same without waiting: for a broadcast. A reader so slow that more than the outbox limit
    /// would wait for it loses the stream. Does nothing once that has ended.
    void post(std::string_view bytes) const noexcept;

    /// The same, but a reader who is behind doesn't get it.
    void post_volatile(std::string_view bytes) const noexcept;

    /// Whether more than 64 KiB wait for the reader.
    bool is_behind() const noexcept;

    /// Calls `drained` from the event loop once that isn't so any more, or the stream has ended.
    void when_drained(std::function<void()> drained) const;

    /// Ends the stream behind what was written before.
    void close() const noexcept;

    /// Is called once, when the stream ends for whatever reason, and says what is sent last of all.
    void on_end(std::function<std::string(StreamEnd)> last_words) const;

    bool connected() const noexcept;

    /// For a coroutine whose stream others write to.
    awaitable<void> wait_for_end(
        std::source_location where = std::source_location::current()) const;

    /// As WebSocket::note_delivery(), for what came by another request.
    void note_delivery(std::chrono::steady_clock::time_point received) const noexcept;

    /// Who pays for what the stream costs: the client's address. Null if nobody counts.
    const std::shared_ptr<ClientBudget>& budget() const noexcept;

private:
    std::shared_ptr<detail::StreamConnection> connection_;
};

/// One event of the `text/event-stream` format (the HTML standard, section 9.2.5).
struct ServerSentEvent {
    std::string_view data{};
    std::string_view event{};  ///< its type; empty: `message`
    std::string_view id{};     ///< what a client that comes back names in `Last-Event-ID`
    std::optional<std::chrono::milliseconds> retry{};  ///< before the client comes back
};

/// The event as it is sent. Throws std::invalid_argument for a line break in `event` or `id`.
std::string encode(const ServerSentEvent& event);

/// Where the coroutine of an EventSourceResponse sends events to.
class EventStream : public ResponseStream {
public:
    using ResponseStream::ResponseStream;

    /// Sends one event; otherwise as write().
    awaitable<void> send(ServerSentEvent event,
                         std::source_location where = std::source_location::current()) const;
};

namespace detail {

using StreamFunction = std::function<awaitable<void>(EventStream)>;

/// What a Response has instead of a body.
struct StreamBody {
    StreamFunction run;
    /// Is sent when nothing else has been for a while; empty: nothing is.
    std::string_view keep_alive{};
};

Response stream_response(std::string content_type, StreamFunction run);
Response event_source_response(StreamFunction run);

}  // namespace detail

/// Answers 200, and then with what `function` writes: it's a free coroutine that takes
/// a ResponseStream and `arguments`, of which it's given copies; std::ref() hands over a reference.
/// It begins once the head of the answer is on its way, and not for HEAD. An exception cuts the
/// answer short, so that the client sees that something is missing.
template <class Function, class... Arguments>
Response StreamingResponse(std::string content_type, Function function, Arguments... arguments) {
    return detail::stream_response(
        std::move(content_type),
        std::bind(function, std::placeholders::_1, std::move(arguments)...));
}

/// The same for a browser's `EventSource`: `function` takes an EventStream. While it sends nothing,
/// the server sends a comment each ServerSettings::ping_interval, so that no proxy takes the
/// connection for dead, and that a client which has vanished is noticed.
template <class Function, class... Arguments>
Response EventSourceResponse(Function function, Arguments... arguments) {
    return detail::event_source_response(
        std::bind(function, std::placeholders::_1, std::move(arguments)...));
}

}  // namespace beastapi
