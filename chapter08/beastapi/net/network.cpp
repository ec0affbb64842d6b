#include "beastapi/net/network.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>

#include <charconv>
#include <string>

namespace beastapi::detail {

namespace ip = boost::asio::ip;

namespace {

constexpr unsigned ipv4_bits = 32;
constexpr unsigned ipv6_bits = 128;

/// As IPv6; an IPv4 address as its mapped one.
ip::address_v6::bytes_type bytes_of(const ip::address& address) {
    return address.is_v4() ? ip::make_address_v6(ip::v4_mapped, address.to_v4()).to_bytes()
                           : address.to_v6().to_bytes();
}

}  // namespace

std::optional<Network> Network::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    boost::system::error_code error;
    const auto address = ip::make_address(std::string(text.substr(0, slash)), error);
    if (error) {
        return std::nullopt;
    }
    const unsigned bits = address.is_v4() ? ipv4_bits : ipv6_bits;
    unsigned prefix = bits;
    if (slash != std::string_view::npos) {
        const char* const end = text.data() + text.size();
        const auto [stop, failure] = std::from_chars(text.data() + slash + 1, end, prefix);
        if (failure != std::errc() || stop != end || prefix > bits) {
            return std::nullopt;
        }
    }
    return Network(bytes_of(address), prefix + ipv6_bits - bits);
}

bool Network::contains(const ip::address& address) const {
    const auto bytes = bytes_of(address);
    for (unsigned bit = 0; bit < prefix_; ++bit) {
        const unsigned mask = 0x80U >> (bit % 8);
        if (((bytes[bit / 8] ^ first_[bit / 8]) & mask) != 0) {
            return false;
        }
    }
    return true;
}

}  // namespace beastapi::detail
