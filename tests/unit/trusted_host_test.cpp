// Which hosts are allowed, which proxies are trusted, and whom they name.
#include "beastapi/trusted_host.hpp"

#include "beastapi/http/trusted_proxies.hpp"
#include "beastapi/net/network.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>

using beastapi::TrustedHostMiddleware;
using beastapi::detail::HttpMessage;
using beastapi::detail::Network;
using beastapi::detail::TrustedProxies;
namespace ip = boost::asio::ip;

namespace {

bool contains(std::string_view network, const std::string& address) {
    return Network::parse(network).value().contains(ip::make_address(address));
}

/// The client's address if 127.0.0.1 passes this on.
std::string client(const std::vector<std::string>& trusted, const std::string& forwarded_for,
                   const std::string& peer = "127.0.0.1") {
    HttpMessage head;
    head.insert("X-Forwarded-For", forwarded_for);
    const auto sender = TrustedProxies(trusted).sender_of({ip::make_address(peer), 1234}, head);
    return sender.client.address().to_string();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(trusted_hosts)

BOOST_AUTO_TEST_CASE(a_host_is_allowed_by_name_with_any_port) {
    const TrustedHostMiddleware hosts{{"chat.example", "*.example.org", "127.0.0.0/8", "::1"}};
    for (const char* const host :
         {"chat.example", "CHAT.example:8000", "a.example.org", "a.b.example.org:1", "127.0.0.1",
          "127.9.8.7:80", "[::1]:8000", "[0:0::1]"}) {
        BOOST_TEST(hosts.allows(host), host);
    }
    for (const char* const host :
         {"", "evil.example", "example.org", "aexample.org", "chat.example.evil.example",
          "chat.example:x", "me@chat.example", "128.0.0.1", "[::2]", "chat.example/", "::1",
          "127.0.0.1.evil.example"}) {
        BOOST_TEST(!hosts.allows(host), host);
    }
}

BOOST_AUTO_TEST_CASE(a_star_allows_any_host) {
    BOOST_TEST(TrustedHostMiddleware().allows("anything"));
    BOOST_TEST(TrustedHostMiddleware().allows(""));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_a_host_is_no_pattern) {
    for (const char* const text :
         {"*", "*.example.org", "chat.example", "10.0.0.0/8", "[::1]", "::1"}) {
        BOOST_TEST(TrustedHostMiddleware::is_pattern(text), text);
    }
    for (const char* const text :
         {"", "*.", "a.*", "**", "http://a", "a:80", "a b", "10.0.0.0/33", "*.*.a"}) {
        BOOST_TEST(!TrustedHostMiddleware::is_pattern(text), text);
    }
}

BOOST_AUTO_TEST_CASE(a_network_contains_its_addresses) {
    BOOST_TEST(contains("10.0.0.0/8", "10.255.0.1"));
    BOOST_TEST(!contains("10.0.0.0/8", "11.0.0.1"));
    BOOST_TEST(contains("0.0.0.0/0", "192.0.2.1"));
    BOOST_TEST(!contains("0.0.0.0/0", "2001:db8::1"));
    BOOST_TEST(contains("127.0.0.1", "::ffff:127.0.0.1"));
    BOOST_TEST(contains("fd00::/7", "fdff::1"));
    BOOST_TEST(contains("192.0.2.128/25", "192.0.2.200"));
    BOOST_TEST(!contains("192.0.2.128/25", "192.0.2.100"));
    for (const char* const text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1",
                                   "10.0.0.0/8x", "localhost"}) {
        BOOST_TEST(!Network::parse(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(the_client_is_the_rightmost_address_that_is_not_trusted) {
    BOOST_TEST(client({"127.0.0.1"}, "192.0.2.1") == "192.0.2.1");
    BOOST_TEST(client({"127.0.0.1"}, "198.51.100.1, 192.0.2.1") == "192.0.2.1");
    BOOST_TEST(client({"127.0.0.1", "10.0.0.0/8"}, "192.0.2.1,10.1.1.1 , 10.2.2.2") == "192.0.2.1");
    BOOST_TEST(client({"*"}, "198.51.100.1, 192.0.2.1") == "198.51.100.1");
    BOOST_TEST(client({"127.0.0.1"}, "192.0.2.1:443") == "192.0.2.1");
    BOOST_TEST(client({"127.0.0.1"}, "[2001:db8::1]:443") == "2001:db8::1");
    BOOST_TEST(client({"127.0.0.1"}, "2001:db8::1") == "2001:db8::1");
}

BOOST_AUTO_TEST_CASE(what_nobody_trusted_said_is_not_read) {
    BOOST_TEST(client({}, "192.0.2.1") == "127.0.0.1");
    BOOST_TEST(client({"127.0.0.1"}, "192.0.2.1", "203.0.113.5") == "203.0.113.5");
    BOOST_TEST(client({"127.0.0.1"}, "") == "127.0.0.1");
    for (const char* const text : {"unknown", "[", "[]", ":", "192.0.2.1, ,", "a, _x"}) {
        BOOST_TEST(client({"127.0.0.1"}, text) == "127.0.0.1", text);
    }
    BOOST_CHECK_THROW(TrustedProxies({"localhost"}), std::invalid_argument);
}

BOOST_AUTO_TEST_CASE(the_scheme_is_the_proxys) {
    HttpMessage head;
    head.insert("X-Forwarded-Proto", "https");
    const ip::tcp::endpoint peer(ip::make_address("127.0.0.1"), 1);
    BOOST_TEST(TrustedProxies({"127.0.0.1"}).sender_of(peer, head).scheme == "https");
    BOOST_TEST(TrustedProxies().sender_of(peer, head).scheme == "http");
}

BOOST_AUTO_TEST_SUITE_END()
