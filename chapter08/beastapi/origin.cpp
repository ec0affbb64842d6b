#include "beastapi/origin.hpp"

#include <algorithm>
#include <charconv>

namespace beastapi {

namespace {

constexpr std::string_view letters_and_digits = "abcdefghijklmnopqrstuvwxyz0123456789";

std::string lower(std::string_view text) {
    std::string lowered(text);
    std::transform(lowered.begin(), lowered.end(), lowered.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    return lowered;
}

bool consists_of(std::string_view text, std::string_view characters, std::string_view others) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return characters.find(c) != std::string_view::npos ||
               others.find(c) != std::string_view::npos;
    });
}

unsigned default_port(std::string_view scheme) {
    if (scheme == "http" || scheme == "ws") {
        return 80;
    }
    return scheme == "https" || scheme == "wss" ? 443 : 0;
}

bool is_host(std::string_view host) {
    if (host.starts_with('[') && host.ends_with(']')) {
        return consists_of(host.substr(1, host.size() - 2), "0123456789abcdef", ":.");
    }
    return consists_of(host, letters_and_digits, "-._");
}

std::optional<unsigned> parse_port(std::string_view text) {
    unsigned port = 0;
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    const auto [stop, error] = std::from_chars(begin, end, port);
    constexpr unsigned largest = 65535;
    if (error != std::errc() || stop != end || port > largest) {
        return std::nullopt;
    }
    return port;
}

/// Reads `host` or `host:port`, to be used with `scheme`.
std::optional<Origin> parse_authority(std::string scheme, std::string_view text) {
    const std::size_t colon = text.find(':', text.starts_with('[') ? text.find(']') : 0);
    std::optional<unsigned> port = default_port(scheme);
    if (colon != std::string_view::npos) {
        port = parse_port(text.substr(colon + 1));
    }
    std::string host = lower(text.substr(0, colon));
    if (!port || !is_host(host)) {
        return std::nullopt;
    }
    return Origin{std::move(scheme), std::move(host), *port};
}

}  // namespace

std::optional<Origin> parse_origin(std::string_view text) {
    const std::size_t end = text.find("://");
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    std::string scheme = lower(text.substr(0, end));
    if (!consists_of(scheme, letters_and_digits, "+-.")) {
        return std::nullopt;
    }
    return parse_authority(std::move(scheme), text.substr(end + 3));
}

bool is_same_origin(std::string_view origin, std::string_view host) {
    const auto page = parse_origin(origin);
    return page && page == parse_authority(page->scheme, host);
}

}  // namespace beastapi
