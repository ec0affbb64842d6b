// Runs the event loop of a server, and decides what an exception does.
#pragma once

#include "beastapi/awaitable.hpp"

#include <boost/asio/io_context.hpp>

namespace beastapi::detail {

/// Runs `context` until it is stopped or has nothing left to do.
///
/// What an exception does, wherever it comes from, is decided by whom it concerns:
///
/// - In a WebSocket's handler: the connection is closed with 1011 (Internal Error), and the log
///   says why. In an HTTP handler: the answer is 500.
/// - In a handler of the event loop that belongs to one connection (it reads, pings, times out, and
///   so on): that connection is aborted (WebSocketConnection::guarded(), Outbox::flush()).
/// - In a broadcast: nowhere. WebSocket::post_text() doesn't throw; a connection for which there is
///   no memory is aborted, and the others get their message.
/// - While a connection is accepted: it is dropped, and the next one is accepted. If the coroutine
///   that accepts ends itself, it is begun again (Server::start()).
/// - In a destructor, or where an end is announced: nowhere, because none of them needs memory.
///   What wakes others has the memory for it set aside (PostStorage).
/// - Where Asio starts an operation for a coroutine, and has no memory for it: Asio destroys the
///   coroutine, so its guards leave the chat and close the socket. The exception comes out of the
///   event loop, here: it is logged, and the loop goes on.
///
/// - In what the chat's log is asked: with the log in memory, at the connection that asks. On the
///   thread of the database (chat_log::DatabaseThread), SQLite's errors refuse the messages that
///   were to be written; where memory runs out for the answers, the process ends: what was
///   acknowledged is on the disk, and clients send the rest again.
///
/// tests/allocations makes each allocation fail in turn.
void run_event_loop(boost::asio::io_context& context) noexcept;

/// Runs `coroutine` to its end, and throws what it throws, or until `context` is stopped: asyncio's
/// `run_until_complete`. `context` has to have work of its own.
void run_until_complete(boost::asio::io_context& context, awaitable<void> coroutine);

/// Runs what is ready once `context` was stopped, within bounds: handlers whose memory belongs to
/// the server must not be left to the end of the context.
void drain_event_loop(boost::asio::io_context& context) noexcept;

}  // namespace beastapi::detail
