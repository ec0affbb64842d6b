#include "beastapi/http/listen.hpp"

#include <boost/asio/ip/v6_only.hpp>
#include <fmt/format.h>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>

namespace beastapi::detail {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

std::vector<tcp::endpoint> resolve(asio::io_context& context, const std::string& host) {
    error_code error;
    tcp::resolver resolver(context);
    const auto found = resolver.resolve(host, "0", tcp::resolver::passive, error);
    std::vector<tcp::endpoint> endpoints;
    for (const auto& entry : found) {
        if (std::find(endpoints.begin(), endpoints.end(), entry.endpoint()) == endpoints.end()) {
            endpoints.push_back(entry.endpoint());
        }
    }
    if (error || endpoints.empty()) {
        throw std::runtime_error(
            fmt::format("the host '{}' is unknown: {}", host, error.message()));
    }
    return endpoints;
}

error_code open(Acceptor& acceptor, const tcp::endpoint& endpoint, bool alone) {
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) {
        acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    }
    if (!error && endpoint.protocol() == tcp::v6() && !alone) {
        // Otherwise :: takes the port of 0.0.0.0, too.
        acceptor.set_option(asio::ip::v6_only(true), error);
    }
    if (!error) {
        acceptor.bind(endpoint, error);
    }
    if (!error) {
        acceptor.listen(asio::socket_base::max_listen_connections, error);
    }
    return error;
}

void share_port(Acceptor& acceptor) {
    const int on = 1;
    if (::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) != 0) {
        throw boost::system::system_error(errno, boost::system::system_category());
    }
}

bool is_missing(const error_code& error) {
    return error == boost::system::errc::address_not_available ||
           error == boost::system::errc::address_family_not_supported;
}

/// Opens what can be opened; the error is the first that counts.
error_code open_all(asio::io_context& context, const std::vector<tcp::endpoint>& endpoints,
                    unsigned short port, std::vector<Acceptor>& acceptors) {
    error_code missing;
    for (tcp::endpoint endpoint : endpoints) {
        endpoint.port(acceptors.empty() ? port : acceptors.front().local_endpoint().port());
        Acceptor acceptor(context);
        const error_code error = open(acceptor, endpoint, endpoints.size() == 1);
        if (!error) {
            acceptors.push_back(std::move(acceptor));
        } else if (is_missing(error)) {
            missing = error;
        } else {
            return error;
        }
    }
    return acceptors.empty() ? missing : error_code();
}

}  // namespace

std::vector<Acceptor> listen(asio::io_context& context, const std::string& host,
                             unsigned short port) {
    const auto endpoints = resolve(context, host);
    // A port that is free at one address may be taken at the next.
    constexpr int max_tries = 10;
    error_code error;
    for (int tries = 0; tries < (port == 0 ? max_tries : 1); ++tries) {
        std::vector<Acceptor> acceptors;
        error = open_all(context, endpoints, port, acceptors);
        if (!error) {
            return acceptors;
        }
    }
    if (error == asio::error::address_in_use) {
        throw std::runtime_error(fmt::format(
            "port {} on {} is taken by another program: stop that, or choose another with --port",
            port, host));
    }
    throw std::runtime_error(
        fmt::format("cannot listen on {} port {}: {}", host, port, error.message()));
}

Acceptor listen_beside(Acceptor& first, asio::io_context& context) {
    Acceptor acceptor(context);
    try {
        const tcp::endpoint endpoint = first.local_endpoint();
        share_port(first);
        acceptor.open(endpoint.protocol());
        acceptor.set_option(tcp::acceptor::reuse_address(true));
        share_port(acceptor);
        if (endpoint.protocol() == tcp::v6()) {
            asio::ip::v6_only v6_only;
            first.get_option(v6_only);
            acceptor.set_option(v6_only);
        }
        acceptor.bind(endpoint);
        acceptor.listen(asio::socket_base::max_listen_connections);
    } catch (const boost::system::system_error& error) {
        throw std::runtime_error(
            fmt::format("cannot share a port out among workers: {}", error.code().message()));
    }
    return acceptor;
}

}  // namespace beastapi::detail
