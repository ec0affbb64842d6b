#include "routers/monitor.hpp"

#include "beastapi/net/local_request.hpp"
#include "monitor/metrics.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace routers {

using beastapi::awaitable;
using beastapi::Refusals;
using beastapi::Request;
using beastapi::Response;
using beastapi::Router;
using beastapi::detail::Network;
using chat::Chat;

namespace {

Response forbidden(const Request& request) {
    if (beastapi::detail::is_at_loopback(request)) {
        return beastapi::PlainTextResponse(
            fmt::format("{} is for programs on the server's own machine, and a proxy has passed "
                        "this on. Ask without it, or start the server with --proxy-headers, so "
                        "that it knows who asks.\n",
                        request.path),
            403);
    }
    return beastapi::PlainTextResponse(
        fmt::format(
            "{} is for programs on the server's own machine. To let {} look, start the server with "
            "--monitor-host {}, or, where it knows tokens, send one: Authorization: Bearer TOKEN\n",
            request.path, request.client.host, request.client.host),
        403);
}

monitor::Whole look_at_whole(Chat& chat, const Refusals& server, const std::string& version) {
    monitor::Whole whole{.version = version,
                         .users = chat.manager().lobby().users().size(),
                         .rooms = chat.manager().rooms().size(),
                         .commits = chat.log().commits()};
    for (const Refusals* const refusals :
         {&server, static_cast<const Refusals*>(&chat.refusals())}) {
        for (const auto& [reason, count] : refusals->by_reason()) {
            whole.refusals[reason] += count;
        }
    }
    return whole;
}

// What Prometheus reads, and the page of /status.
awaitable<Response> metrics(Request request, Chat& chat, const Refusals& refusals,
                            Monitor& monitor) {
    if (auto refusal = monitor.access.refuse(request, chat.authenticator())) {
        co_return std::move(*refusal);
    }
    auto workers = co_await monitor.workers.look();
    const monitor::Metrics metrics(std::move(workers),
                                   look_at_whole(chat, refusals, monitor.version));
    Response response(200, monitor::Metrics::content_type, metrics.text());
    response.header("Cache-Control", "no-store");
    co_return response;
}

// A browser can't send a token with the page, so where tokens are on, everybody gets it: it asks
// for one, and without it for nothing.
awaitable<Response> status_page(Request request, Chat& chat, Monitor& monitor) {
    const chat::Authenticator& authenticator = chat.authenticator();
    if (!monitor.access.allows(request, authenticator) && !authenticator.requires_tokens()) {
        co_return forbidden(request);
    }
    Response page = beastapi::FileResponse(monitor.static_dir / "status.html");
    if (!monitor.content_security_policy.empty()) {
        page.header("Content-Security-Policy", monitor.content_security_policy);
    }
    co_return page;
}

}  // namespace

MonitorAccess::MonitorAccess(const std::vector<std::string>& hosts) {
    for (const std::string& host : hosts) {
        const auto network = Network::parse(host);
        if (host == "*") {
            everybody_ = true;
        } else if (network) {
            networks_.push_back(*network);
        } else {
            throw std::invalid_argument(
                fmt::format("'{}' is neither an address nor a network", host));
        }
    }
}

bool MonitorAccess::allows(const Request& request, const chat::Authenticator& authenticator) const {
    boost::system::error_code error;
    const auto client = boost::asio::ip::make_address(request.client.host, error);
    const auto has = [&](const Network& network) { return network.contains(client); };
    if (everybody_ || beastapi::detail::is_local(request) ||
        (!error && std::ranges::any_of(networks_, has))) {
        return true;
    }
    return authenticator.requires_tokens() && authenticator.may_see_users(request);
}

std::optional<Response> MonitorAccess::refuse(const Request& request,
                                              const chat::Authenticator& authenticator) const {
    return allows(request, authenticator) ? std::nullopt : std::optional(forbidden(request));
}

Router monitor(Chat& chat, const Refusals& refusals, Monitor& monitor) {
    Router router({.tags = {"Monitor"}});
    router.get("/metrics", metrics, chat, refusals, monitor)
        .summary("What the server counts and measures, for Prometheus")
        .response_class("text/plain")
        .answered_when_full(true);
    router.get("/status", status_page, chat, monitor)
        .summary("The same, live, for people")
        .response_class("text/html");
    return router;
}

}  // namespace routers
