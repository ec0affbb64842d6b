#include "beastapi/http/server.hpp"

#include "beastapi/asyncio.hpp"
#include "beastapi/http/http_session.hpp"
#include "beastapi/net/handle_count.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace beastapi::detail {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

Server::Server(asio::io_context& context, App& app, const ServerSettings& settings)
    : Server(context, app, settings, std::make_shared<SharedLimits>(settings)) {
    for (Acceptor& acceptor : listen(context, settings.host, settings.port)) {
        listeners_.emplace_back(std::move(acceptor));
    }
}

Server::Server(asio::io_context& context, App& app, const ServerSettings& settings, Server& first)
    : Server(context, app, settings, first.limits_) {
    for (Listener& listener : first.listeners_) {
        listeners_.emplace_back(listen_beside(listener.acceptor, context));
    }
}

Server::Server(asio::io_context& context, App& app, const ServerSettings& settings,
               std::shared_ptr<SharedLimits> limits)
    : context_(context),
      app_(app),
      host_(settings.host),
      request_timeout_(settings.request_timeout),
      max_head_bytes_(settings.max_head_bytes),
      max_body_bytes_(settings.max_body_bytes),
      shutdown_timeout_(settings.shutdown_timeout),
      websocket_settings_{.ping_interval = settings.ping_interval,
                          .handshake_timeout = settings.handshake_timeout},
      refused_websocket_settings_(websocket_settings_),
      decoders_(settings.max_message_bytes),
      limits_(std::move(limits)),
      trusted_proxies_(settings.proxy_headers ? TrustedProxies(settings.forwarded_allow_ips)
                                              : TrustedProxies()),
      coalescer_(context,
                 {.behind = settings.outbox_limit,
                  .total = settings.outbox_total,
                  .send_timeout = settings.send_timeout},
                 &limits_->queued_bytes, &app.traffic()),
      lag_(context, app.traffic().loop_lag),
      session_ended_(context.get_executor()) {
    refused_websocket_settings_.handshake_timeout = std::min<std::chrono::steady_clock::duration>(
        websocket_settings_.handshake_timeout, HttpSession::refused_timeout);
    HandleCount::prepare(context);
    app.set_load([this] { return load(); });
}

std::string Server::url() const {
    const bool is_ipv6_address = host_.find(':') != std::string::npos;
    return is_ipv6_address ? fmt::format("http://[{}]:{}", host_, port())
                           : fmt::format("http://{}:{}", host_, port());
}

unsigned short Server::port() const {
    return listeners_.front().acceptor.local_endpoint().port();
}

void Server::start() noexcept {
    for (Listener& listener : listeners_) {
        start(listener);
    }
    lag_.start();
}

Load Server::load() const noexcept {
    Load load = coalescer_.load();
    load.connections = sessions_.size();
    return load;
}

void Server::start(Listener& listener) noexcept {
    listener.start.post(context_.get_executor(), [self = shared_from_this(), &listener] {
        try {
            asio::co_spawn(self->context_, accept_loop(self, listener), asio::detached);
        } catch (const std::exception&) {
            self->start(listener);  // again, behind all else: something will free memory
        }
    });
}

/// Lives in the coroutine that accepts. Asio destroys a coroutine for whose next operation there is
/// no memory: then another one is begun.
class Server::AcceptGuard {
public:
    AcceptGuard(std::shared_ptr<Server> server, Listener& listener) noexcept
        : server_(std::move(server)), listener_(listener) {}
    AcceptGuard(const AcceptGuard&) = delete;
    AcceptGuard& operator=(const AcceptGuard&) = delete;
    ~AcceptGuard() {
        if (!server_->stopping_ && !server_->context_.stopped()) {
            server_->start(listener_);
        }
    }

private:
    std::shared_ptr<Server> server_;
    Listener& listener_;
};

// The listener belongs to the server.
awaitable<void> Server::accept_loop(std::shared_ptr<Server> self, Listener& listener) {
    const AcceptGuard guard(self, listener);
    while (!self->stopping_) {
        tcp::endpoint client;
        auto [error, socket] = co_await listener.acceptor.async_accept(
            self->context_.get_executor(), client, asio::as_tuple(asio::use_awaitable));
        if (self->stopping_) {
            co_return;
        }
        if (error) {
            // Out of descriptors, as a rule: the others are served on, and one of them will leave.
            self->complain(error.message());
            co_await asyncio::sleep(100ms);
            continue;
        }
        try {
            begin(self, std::move(socket), client);
        } catch (const std::exception& failure) {
            self->complain(failure.what());
        }
    }
}

void Server::complain(std::string_view why) {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_complaint_ >= 1s) {
        last_complaint_ = now;
        spdlog::error("cannot accept a connection: {}", why);
    }
}

void Server::begin(std::shared_ptr<Server> self, Outbox::Socket socket, const tcp::endpoint& peer) {
    auto client = self->clients().of_address(peer.address());
    // A proxy's connections are those of all its clients.
    const auto wait = self->trusted_proxies_.trusts(peer.address())
                          ? ClientBudget::Clock::duration()
                          : client->take_connection();
    if (wait > wait.zero()) {
        self->refusals().count("connection_rate");
        HttpSession::turn_away(std::move(self), std::move(socket), peer,
                               HttpSession::too_many_requests(wait));
        return;
    }
    auto place = self->acquire(client);
    if (const auto* const refused = std::get_if<const Admission::Refusal*>(&place)) {
        const Admission::Refusal& refusal = **refused;
        self->refusals().count(refusal.name);
        if (self->turned_away_count() >= HttpSession::max_refused) {
            HttpSession::turn_away(std::move(self), std::move(socket), peer,
                                   HttpSession::no_place(refusal));
            return;
        }
    }
    HttpSession::start(std::move(self), std::move(socket), peer, std::move(client),
                       std::move(place));
}

std::variant<Admission::Slot, const Admission::Refusal*> Server::acquire(
    const Admission::Client& client) {
    auto place = admission().acquire(client);
    if (const auto* const refused = std::get_if<const Admission::Refusal*>(&place)) {
        const bool server_is_full = *refused == &Admission::server_full;
        if (make_room(server_is_full ? nullptr : client.get(), false)) {
            place = admission().acquire(client);
        }
    }
    return place;
}

bool Server::make_room(const ClientBudget* client, bool unreserved) {
    const auto fits = [&](const HttpSession* session) {
        return (client == nullptr || session->client() == client) &&
               !(unreserved && session->has_reserved_place());
    };
    const auto longest = std::find_if(waiting_.begin(), waiting_.end(), fits);
    if (longest == waiting_.end()) {
        return false;
    }
    (*longest)->give_way(client == nullptr ? Admission::server_full : Admission::address_full);
    return true;
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
    self->lag_.stop();
    error_code ignored;
    for (Listener& listener : self->listeners_) {
        listener.acceptor.close(ignored);
    }
    for (HttpSession* const session : std::vector(self->sessions_.begin(), self->sessions_.end())) {
        session->go_away();
    }
    asio::steady_timer deadline(self->context_, self->shutdown_timeout_);
    deadline.async_wait([self](const error_code& error) {
        if (error) {
            return;
        }
        spdlog::warn("{} connections did not end in time, so the server closes them",
                     self->sessions_.size());
        self->abort_all();
        self->aborted_ = true;
        self->session_ended_.notify_all();
    });
    while (!self->sessions_.empty() && !self->aborted_) {
        co_await self->session_ended_.wait();
    }
}

}  // namespace beastapi::detail
