#include "web_options.hpp"

#include "beastapi/net/network.hpp"
#include "beastapi/origin.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace {

/// Nothing, or what is wrong with an origin.
std::string check_origin(const std::string& text) {
    if (text == "*" || beastapi::parse_origin(text)) {
        return "";
    }
    return fmt::format(
        "'{}' isn't an origin: write scheme://host or scheme://host:port, with no path behind it, "
        "or "
        "*",
        text);
}

std::string check_host(const std::string& text) {
    if (beastapi::TrustedHostMiddleware::is_pattern(text)) {
        return "";
    }
    return fmt::format("'{}' isn't a host: write a name without a port, *.name, an address, or *",
                       text);
}

std::string check_network(const std::string& text) {
    if (text == "*" || beastapi::detail::Network::parse(text)) {
        return "";
    }
    return fmt::format("'{}' is neither an address nor a network such as 10.0.0.0/8, nor *", text);
}

std::string check_policy(const std::string& text) {
    const auto is_control = [](unsigned char c) { return std::iscntrl(c) != 0; };
    return std::none_of(text.begin(), text.end(), is_control) ? "" : "it has a line break";
}

/// An option that can be given several times, or with commas.
void add_list(CLI::App& app, const std::string& name, const std::string& variable,
              std::vector<std::string>& into, const std::string& type,
              std::string (*check)(const std::string&), const std::string& description) {
    app.add_option(name, into, description + ". May be given several times, or with commas")
        ->envname(variable)
        ->type_name(type)
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(CLI::Validator(check, ""));
}

bool is_loopback(const std::string& host) {
    boost::system::error_code error;
    const auto address = boost::asio::ip::make_address(host, error);
    return error ? host == "localhost" : address.is_loopback();
}

}  // namespace

void add_web_options(CLI::App& app, Settings& settings) {
    add_list(app, "--allow-origin", "CHAT_ALLOW_ORIGIN", settings.allow_origins, "ORIGIN",
             check_origin,
             "Another origin whose pages may use this server, such as https://example.org; * for "
             "all");
    add_list(app, "--allowed-host", "CHAT_ALLOWED_HOST", settings.allowed_hosts, "HOST", check_host,
             "A host name under which the server answers, such as chat.example.org or "
             "*.example.org; * for any. By default loopback names where it listens at loopback "
             "only, else any");
    app.add_flag("--proxy-headers,!--no-proxy-headers", settings.server.proxy_headers,
                 "Take the client's address and scheme from X-Forwarded-For and X-Forwarded-Proto "
                 "of a trusted proxy")
        ->envname("CHAT_PROXY_HEADERS");
    add_list(app, "--forwarded-allow-ips", "CHAT_FORWARDED_ALLOW_IPS",
             settings.server.forwarded_allow_ips, "ADDRESS", check_network,
             "A proxy that is trusted with --proxy-headers: an address, a network, or * for all");
    add_list(
        app, "--monitor-host", "CHAT_MONITOR_HOST", settings.monitor_hosts, "ADDRESS",
        check_network,
        "Another machine that may see /metrics, /status and /inspect: an address, a network, or "
        "* for all. This machine always may, and so may who sends a token, where tokens are on");
    app.add_option("--content-security-policy", settings.content_security_policy,
                   "The policy of the pages in --static-dir. By default the project's own page may "
                   "run its own files only, and pages of yours may do what they like")
        ->envname("CHAT_CONTENT_SECURITY_POLICY")
        ->type_name("TEXT")
        ->check(CLI::Validator(check_policy, ""));
}

void complete_web_settings(Settings& settings) {
    const std::string& host = settings.server.host;
    if (settings.allowed_hosts.empty() && is_loopback(host)) {
        settings.allowed_hosts = {"localhost", "127.0.0.0/8", "::1"};
    } else if (settings.allowed_hosts.empty()) {
        settings.allowed_hosts = {"*"};
    }
    std::error_code error;
    if (settings.content_security_policy.empty() &&
        !std::filesystem::equivalent(settings.static_dir, CHAPTER08_STATIC_DIR, error)) {
        // No other page may show it in a frame; all else is the page's own business.
        settings.content_security_policy = "frame-ancestors 'self'";
    }
}
