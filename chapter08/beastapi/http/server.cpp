#include "beastapi/http/server.hpp"

#include "beastapi/asyncio.hpp"
#include "beastapi/http/http_session.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <stdexcept>
#include <vector>

namespace beastapi::detail {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

Server::Server(asio::io_context& context, App& app, const ServerSettings& settings)
    : context_(context),
      app_(app),
      host_(settings.host),
      request_timeout_(settings.request_timeout),
      max_head_bytes_(settings.max_head_bytes),
      shutdown_timeout_(settings.shutdown_timeout),
      websocket_settings_{.max_message_bytes = settings.max_message_bytes,
                          .outbox_limit = settings.outbox_limit,
                          .ping_interval = settings.ping_interval,
                          .handshake_timeout = settings.handshake_timeout},
      admission_({.max_connections = settings.max_connections,
                  .max_connections_per_address = settings.max_connections_per_address,
                  .connections = {settings.connection_rate, settings.connection_burst},
                  .requests = {settings.request_rate, settings.request_burst}}),
      trusted_proxies_(settings.proxy_headers ? TrustedProxies(settings.forwarded_allow_ips)
                                              : TrustedProxies()),
      acceptors_(listen(context, settings.host, settings.port)),
      coalescer_(context),
      session_ended_(context.get_executor()) {}

std::string Server::url() const {
    const bool is_ipv6_address = host_.find(':') != std::string::npos;
    return is_ipv6_address ? fmt::format("http://[{}]:{}", host_, port())
                           : fmt::format("http://{}:{}", host_, port());
}

unsigned short Server::port() const {
    return acceptors_.front().local_endpoint().port();
}

void Server::start() {
    for (Acceptor& acceptor : acceptors_) {
        asio::co_spawn(context_, accept_loop(shared_from_this(), acceptor), asio::detached);
    }
}

awaitable<void> Server::accept_loop(std::shared_ptr<Server> self, Acceptor& acceptor) {
    auto last_complaint = std::chrono::steady_clock::time_point::min();
    while (!self->stopping_) {
        tcp::endpoint client;
        auto [error, socket] = co_await acceptor.async_accept(self->context_.get_executor(), client,
                                                              asio::as_tuple(asio::use_awaitable));
        if (self->stopping_) {
            co_return;
        }
        if (error) {
            // Out of descriptors, as a rule: those who are served go on, and one of them will
            // leave.
            const auto now = std::chrono::steady_clock::now();
            if (now - 1s >= last_complaint) {
                last_complaint = now;
                spdlog::error("cannot accept a connection: {}", error.message());
            }
            co_await asyncio::sleep(100ms);
            continue;
        }
        begin(self, std::move(socket), client);
    }
}

void Server::begin(std::shared_ptr<Server> self, Outbox::Socket socket,
                   const tcp::endpoint& client) {
    // A proxy's connections are those of all its clients.
    const auto wait = self->trusted_proxies_.trusts(client.address())
                          ? Admission::Clock::duration::zero()
                          : self->admission_.allow_connection(client.address());
    if (wait == Admission::Clock::duration::zero()) {
        HttpSession::start(std::move(self), std::move(socket), client);
        return;
    }
    self->refusals().count("connection_rate");
    HttpSession::turn_away(std::move(self), std::move(socket), client, wait);
}

std::chrono::steady_clock::duration Server::next_request_timeout() {
    std::uniform_int_distribution<std::chrono::steady_clock::rep> more(
        0, request_timeout_.count() / 10);
    return request_timeout_ + std::chrono::steady_clock::duration(more(lot_));
}

void Server::add(HttpSession& session) {
    sessions_.insert(&session);
}

void Server::remove(HttpSession& session) noexcept {
    sessions_.erase(&session);
    session_ended_.notify_all();
}

void Server::abort_all() {
    for (HttpSession* const session : std::vector(sessions_.begin(), sessions_.end())) {
        session->abort();
    }
}

awaitable<void> Server::stop(std::shared_ptr<Server> self) {
    self->stopping_ = true;
    error_code ignored;
    for (Acceptor& acceptor : self->acceptors_) {
        acceptor.close(ignored);
    }
    for (HttpSession* const session : std::vector(self->sessions_.begin(), self->sessions_.end())) {
        session->go_away();
    }
    asio::steady_timer deadline(self->context_, self->shutdown_timeout_);
    deadline.async_wait([self](const error_code& error) {
        if (error) {
            return;
        }
        spdlog::warn("{} connections did not end in time, and are torn", self->sessions_.size());
        self->abort_all();
        self->aborted_ = true;
        self->session_ended_.notify_all();
    });
    while (!self->sessions_.empty() && !self->aborted_) {
        co_await self->session_ended_.async_wait(asio::use_awaitable);
    }
}

}  // namespace beastapi::detail
