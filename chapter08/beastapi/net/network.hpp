// Networks of addresses, such as 127.0.0.0/8.
#pragma once

#include <boost/asio/ip/address.hpp>

#include <optional>
#include <string_view>

namespace beastapi::detail {

/// A network of IPv4 or IPv6. An IPv4 address is the same in both of the ways to write it
/// (`127.0.0.1` and `::ffff:127.0.0.1`).
class Network {
public:
    /// Reads `10.0.0.0/8`, `fd00::/8`, or one address; nothing if it is anything else.
    static std::optional<Network> parse(std::string_view text);

    bool contains(const boost::asio::ip::address& address) const;

private:
    Network(boost::asio::ip::address_v6::bytes_type first, unsigned prefix)
        : first_(first), prefix_(prefix) {}

    boost::asio::ip::address_v6::bytes_type first_;
    unsigned prefix_;  // in bits
};

}  // namespace beastapi::detail
