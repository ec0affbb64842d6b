// Origins: what is one, and which is the server's own.
#include "beastapi/origin.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using beastapi::is_same_origin;
using beastapi::Origin;
using beastapi::parse_origin;

BOOST_AUTO_TEST_SUITE(origins)

BOOST_AUTO_TEST_CASE(an_origin_is_scheme_host_and_port) {
    BOOST_TEST((parse_origin("https://example.org") == Origin{"https", "example.org", 443}));
    BOOST_TEST((parse_origin("http://example.org") == Origin{"http", "example.org", 80}));
    BOOST_TEST((parse_origin("HTTP://Example.ORG:8000") == Origin{"http", "example.org", 8000}));
    BOOST_TEST((parse_origin("http://[::1]:8000") == Origin{"http", "[::1]", 8000}));
    BOOST_TEST((parse_origin("http://[2001:DB8::1]") == Origin{"http", "[2001:db8::1]", 80}));
    BOOST_TEST(
        (parse_origin("https://a_b-c.example:443") == parse_origin("https://a_b-c.example")));
    BOOST_TEST((parse_origin("app://chat") == Origin{"app", "chat", 0}));
}

BOOST_AUTO_TEST_CASE(anything_else_is_none) {
    for (const char* const text : {"",
                                   "null",
                                   "*",
                                   "example.org",
                                   "//example.org",
                                   "://example.org",
                                   "http://",
                                   "http:///",
                                   "http:// ",
                                   "http://example.org/",
                                   "http://example.org/chat",
                                   "http://example.org?x",
                                   "http://example.org#x",
                                   "http://me@example.org",
                                   "http://example.org:",
                                   "http://:80",
                                   "http://example.org:80a",
                                   "http://example.org:-1",
                                   "http://example.org:65536",
                                   "http://example.org:99999999999",
                                   "http://example.org:80:80",
                                   "http://[::1",
                                   "http://[]",
                                   "http://[::1]x",
                                   "http://ex ample.org",
                                   "http://example.org,http://example.net",
                                   "http://b\xc3\xbc"
                                   "cher.example",
                                   " http://example.org",
                                   "http://example.org "}) {
        BOOST_TEST(!parse_origin(text).has_value(), text);
    }
}

BOOST_AUTO_TEST_CASE(the_page_of_the_server_itself_is_of_the_same_origin) {
    BOOST_TEST(is_same_origin("http://example.org", "example.org"));
    BOOST_TEST(is_same_origin("http://Example.org", "EXAMPLE.ORG"));
    BOOST_TEST(is_same_origin("http://127.0.0.1:8000", "127.0.0.1:8000"));
    BOOST_TEST(is_same_origin("http://[::1]:8000", "[::1]:8000"));
}

BOOST_AUTO_TEST_CASE(a_port_left_out_is_the_one_of_the_scheme) {
    BOOST_TEST(is_same_origin("http://example.org:80", "example.org"));
    BOOST_TEST(is_same_origin("http://example.org", "example.org:80"));
    BOOST_TEST(is_same_origin("https://example.org", "example.org"));  // by a proxy with TLS
    BOOST_TEST(is_same_origin("https://example.org", "example.org:443"));
    BOOST_TEST(!is_same_origin("http://example.org", "example.org:443"));
    BOOST_TEST(!is_same_origin("https://example.org:80", "example.org"));
}

BOOST_AUTO_TEST_CASE(another_page_is_not) {
    for (const char* const origin :
         {"http://example.net:8000", "http://example.org", "http://example.org:8001",
          "http://chat.example.org:8000", "http://example.org:8000.evil.example",
          "http://example.org.evil.example:8000", "http://evil.example/example.org:8000", "null",
          "", "example.org:8000", "http://example.org:8000/", "file://",
          "http://example.org@evil:8000"}) {
        BOOST_TEST(!is_same_origin(origin, "example.org:8000"), origin);
    }
}

BOOST_AUTO_TEST_CASE(without_a_host_nothing_is_the_same) {
    BOOST_TEST(!is_same_origin("http://example.org", ""));
    BOOST_TEST(!is_same_origin("null", ""));
    BOOST_TEST(!is_same_origin("null", "null"));
    BOOST_TEST(!is_same_origin("", ""));
}

BOOST_AUTO_TEST_SUITE_END()
