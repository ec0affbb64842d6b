#include "beastapi/http/trusted_proxies.hpp"

#include "beastapi/http/text.hpp"

#include <boost/algorithm/string/trim.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace beastapi::detail {

namespace ip = boost::asio::ip;

namespace {

/// All the fields of that name as one list (RFC 9110, section 5.3).
std::string combined(const HttpMessage& head, std::string_view name) {
    std::string list;
    const auto [begin, end] = head.equal_range({name.data(), name.size()});
    for (auto field = begin; field != end; ++field) {
        list.append(list.empty() ? "" : ",").append(field->value().data(), field->value().size());
    }
    return list;
}

/// Cuts the last item off `list`.
std::string take_last(std::string& list) {
    const std::size_t comma = list.rfind(',');
    const std::size_t begin = comma == std::string::npos ? 0 : comma + 1;
    std::string item = boost::algorithm::trim_copy(list.substr(begin));
    list.resize(comma == std::string::npos ? 0 : comma);
    return item;
}

/// Reads `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]` and `[2001:db8::1]:443`.
std::optional<ip::address> parse_hop(std::string text) {
    if (text.starts_with('[')) {
        text = text.substr(1, text.find(']') - 1);
    } else if (std::count(text.begin(), text.end(), ':') == 1) {
        text.resize(text.find(':'));
    }
    boost::system::error_code error;
    const auto address = ip::make_address(text, error);
    return error ? std::nullopt : std::optional(address);
}

}  // namespace

TrustedProxies::TrustedProxies(const std::vector<std::string>& trusted) {
    for (const std::string& text : trusted) {
        if (text == "*") {
            everybody_ = true;
        } else if (const auto network = Network::parse(text)) {
            networks_.push_back(*network);
        } else {
            throw std::invalid_argument(
                fmt::format("'{}' is neither an address nor a network", text));
        }
    }
}

bool TrustedProxies::trusts(const ip::address& address) const {
    return everybody_ ||
           std::any_of(networks_.begin(), networks_.end(),
                       [&](const Network& network) { return network.contains(address); });
}

Sender TrustedProxies::sender_of(const ip::tcp::endpoint& peer, const HttpMessage& head) const {
    Sender sender{.client = peer};
    if (!trusts(peer.address())) {
        return sender;
    }
    if (std::string protocols = combined(head, "X-Forwarded-Proto"); !protocols.empty()) {
        const std::string scheme = take_last(protocols);
        sender.scheme = iequals(scheme, "https") || iequals(scheme, "wss") ? "https" : "http";
    }
    std::string hops = combined(head, "X-Forwarded-For");
    while (!hops.empty() && trusts(sender.client.address())) {
        const auto hop = parse_hop(take_last(hops));
        if (!hop) {
            break;
        }
        sender.client = {*hop, 0};
    }
    return sender;
}

}  // namespace beastapi::detail
