#include "beastapi/net/local_request.hpp"

#include "beastapi/net/network.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <array>

namespace beastapi::detail {

bool is_at_loopback(const Request& request) {
    boost::system::error_code error;
    const auto client = boost::asio::ip::make_address(request.client.host, error);
    return !error && (client.is_loopback() || Network::parse("127.0.0.0/8")->contains(client));
}

bool is_passed_on(const Request& request) {
    const auto is_sent = [&](const char* name) { return request.headers.get(name).has_value(); };
    const std::array by_proxies{"Forwarded", "X-Forwarded-For", "X-Real-IP"};
    return request.client.port != 0 && std::ranges::any_of(by_proxies, is_sent);
}

}  // namespace beastapi::detail
