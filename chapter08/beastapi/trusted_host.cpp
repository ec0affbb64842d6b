#include "beastapi/trusted_host.hpp"

#include "beastapi/http/text.hpp"
#include "beastapi/net/network.hpp"
#include "beastapi/origin.hpp"

#include <algorithm>

namespace beastapi {

namespace {

std::string_view without_brackets(std::string_view host) {
    return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

bool matches(std::string_view pattern, std::string_view host) {
    if (pattern.starts_with("*.")) {
        const std::string_view suffix = pattern.substr(1);
        return host.size() > suffix.size() &&
               detail::iequals(host.substr(host.size() - suffix.size()), suffix);
    }
    if (pattern == "*" || detail::iequals(pattern, host)) {
        return true;
    }
    const auto network = detail::Network::parse(without_brackets(pattern));
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(std::string(without_brackets(host)), error);
    return network && !error && network->contains(address);
}

}  // namespace

bool TrustedHostMiddleware::allows(std::string_view host) const {
    if (allows_every_host()) {
        return true;
    }
    const auto parsed = parse_host(host);
    return parsed &&
           std::any_of(allowed_hosts.begin(), allowed_hosts.end(),
                       [&](const std::string& pattern) { return matches(pattern, parsed->name); });
}

bool TrustedHostMiddleware::allows_every_host() const {
    return std::find(allowed_hosts.begin(), allowed_hosts.end(), "*") != allowed_hosts.end();
}

bool TrustedHostMiddleware::is_pattern(std::string_view text) {
    if (text == "*" || detail::Network::parse(without_brackets(text))) {
        return true;
    }
    const auto host = parse_host(text.starts_with("*.") ? text.substr(2) : text);
    return host && !host->port;
}

}  // namespace beastapi
