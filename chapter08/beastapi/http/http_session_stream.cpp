// The part of HttpSession that answers with a stream.
#include "beastapi/asyncio.hpp"
#include "beastapi/http/http_session.hpp"
#include "beastapi/http/server.hpp"
#include "beastapi/http/write_response.hpp"
#include "beastapi/inspect/task.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <spdlog/spdlog.h>

#include <exception>
#include <utility>

namespace beastapi::detail {

using namespace boost::asio::experimental::awaitable_operators;

namespace {

/// How a body ended whose coroutine came to its end first.
StreamEnd end_of(const asyncio::Outcome& outcome, const HttpSession::Endpoint& peer) {
    if (!outcome) {
        return StreamEnd::finished;
    }
    try {
        std::rethrow_exception(outcome);
    } catch (const ClientDisconnect&) {
        return StreamEnd::client_gone;
    } catch (const std::exception& error) {
        spdlog::error("{}:{} - a stream ended by an error: {}", peer.address().to_string(),
                      peer.port(), error.what());
    } catch (...) {
        spdlog::error("{}:{} - a stream ended by an exception that is no std::exception",
                      peer.address().to_string(), peer.port());
    }
    return StreamEnd::failed;
}

}  // namespace

awaitable<bool> HttpSession::serve_stream(std::shared_ptr<HttpSession> self, Response response,
                                          std::unique_ptr<inspect::Task> task, bool chunked,
                                          bool keep_alive) {
    const auto body = response.stream();
    const WebSocketSettings& settings = self->server_->websocket_settings();
    const StreamSettings framing{.chunked = chunked,
                                 .keep_alive = body->keep_alive,
                                 .keep_alive_interval = settings.ping_interval,
                                 .end_timeout = settings.handshake_timeout};
    const auto stream = std::make_shared<StreamConnection>(self->outbox_, self->client_, framing,
                                                           self->server_->refusals());
    self->stream_ = stream;
    self->server_->app().finish(response);
    self->server_->traffic().count_response(response.status());
    co_await write_stream_head(self->outbox_, std::move(response), chunked, keep_alive);
    stream->start();
    if (self->server_->stopping()) {
        stream->end(StreamEnd::going_away);  // it was told before there was a stream to end
    }
    if (task) {
        task->queues = [weak = std::weak_ptr(stream)] {
            const auto known = weak.lock();
            return known ? known->queues() : inspect::Queues();
        };
    }
    auto run = asyncio::settle(inspect::as_task(body->run(EventStream(stream)), std::move(task)));
    auto ended = asyncio::settle(StreamConnection::wait_for_end(stream));
    const auto first = co_await (std::move(run) || std::move(ended));
    if (first.index() == 0 && !stream->ended()) {
        stream->end(end_of(std::get<0>(first), self->peer_));
    }
    co_await self->outbox_->wait_until_at_most(0);
    co_return keep_alive && stream->ended() == StreamEnd::finished && !self->outbox_->failed();
}

}  // namespace beastapi::detail
