// What a proxy in front says of the client: uvicorn's ProxyHeadersMiddleware.
#pragma once

#include "beastapi/http/http_request.hpp"
#include "beastapi/net/network.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace beastapi::detail {

/// Who a request comes from.
struct Sender {
    boost::asio::ip::tcp::endpoint client;  ///< with port 0 if a proxy named it
    std::string_view scheme = "http";       ///< or `https`
};

/// The proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed. Anybody can send
/// these, so what another peer says there is ignored.
class TrustedProxies {
public:
    /// Trusts nobody.
    TrustedProxies() = default;

    /// Trusts these addresses and networks; `*` trusts everybody. Throws std::invalid_argument if
    /// one is neither.
    explicit TrustedProxies(const std::vector<std::string>& trusted);

    bool trusts(const boost::asio::ip::address& address) const;

    /// Each proxy adds, on the right of `X-Forwarded-For`, the address that it was asked from. So
    /// the client is the first from the right that is not a trusted proxy, or the leftmost if all
    /// are. What is left of something that is not an address is not read.
    Sender sender_of(const boost::asio::ip::tcp::endpoint& peer, const HttpMessage& head) const;

private:
    std::vector<Network> networks_;
    bool everybody_ = false;
};

}  // namespace beastapi::detail
