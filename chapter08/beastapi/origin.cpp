#include "beastapi/origin.hpp"

#include <boost/algorithm/string/case_conv.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/rfc/authority_rule.hpp>
#include <boost/url/url_view.hpp>

#include <locale>

namespace beastapi {

namespace urls = boost::urls;

namespace {

std::string lower(std::string_view text) {
    return boost::algorithm::to_lower_copy(std::string(text), std::locale::classic());
}

std::uint16_t default_port(std::string_view scheme) {
    if (scheme == "http" || scheme == "ws") {
        return 80;
    }
    return scheme == "https" || scheme == "wss" ? 443 : 0;
}

/// A reg-name of RFC 3986 may have marks such as `,`, which no name of a host has.
bool is_host_name(std::string_view name) {
    return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._") ==
                                std::string_view::npos;
}

std::optional<Host> to_host(const urls::authority_view& authority) {
    Host host{lower(authority.encoded_host()), std::nullopt};
    const bool is_ipv6 = authority.host_type() == urls::host_type::ipv6;
    // A port of 0 is one that does not fit into 16 bits, or that nobody can listen at.
    if (authority.has_userinfo() || (!is_ipv6 && !is_host_name(host.name)) ||
        (authority.has_port() && authority.port_number() == 0)) {
        return std::nullopt;
    }
    if (authority.has_port()) {
        host.port = authority.port_number();
    }
    return host;
}

}  // namespace

std::optional<Host> parse_host(std::string_view text) {
    const auto authority = urls::parse_authority({text.data(), text.size()});
    return authority ? to_host(*authority) : std::nullopt;
}

std::optional<Origin> parse_origin(std::string_view text) {
    const auto url = urls::parse_uri({text.data(), text.size()});
    if (!url || !url->has_authority() || !url->encoded_path().empty() || url->has_query() ||
        url->has_fragment()) {
        return std::nullopt;
    }
    auto host = to_host(url->authority());
    if (!host) {
        return std::nullopt;
    }
    std::string scheme = lower(url->scheme());
    const unsigned port = host->port.value_or(default_port(scheme));
    return Origin{std::move(scheme), std::move(host->name), port};
}

bool is_same_origin(std::string_view origin, std::string_view host) {
    const auto page = parse_origin(origin);
    const auto server = parse_host(host);
    return page && server && page->host == server->name &&
           page->port == server->port.value_or(default_port(page->scheme));
}

}  // namespace beastapi
