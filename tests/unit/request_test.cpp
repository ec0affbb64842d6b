// The parts of a request: header fields and parameters.
#include "beastapi/request.hpp"

#include <boost/test/unit_test.hpp>

using beastapi::Headers;
using beastapi::Params;

BOOST_AUTO_TEST_SUITE(request)

BOOST_AUTO_TEST_CASE(a_header_is_found_whatever_its_case) {
    Headers headers;
    headers.add("Sec-WebSocket-Key", "abc");
    BOOST_TEST(headers.get("sec-websocket-key").value_or("") == "abc");
    BOOST_TEST(headers.get("SEC-WEBSOCKET-KEY").value_or("") == "abc");
}

BOOST_AUTO_TEST_CASE(a_header_that_is_missing_is_nothing) {
    Headers headers;
    BOOST_TEST(!headers.get("Host").has_value());
    headers.add("Host", "localhost");
    BOOST_TEST(!headers.get("Hos").has_value());
    BOOST_TEST(!headers.get("Hostess").has_value());
    BOOST_TEST(!headers.get("localhost").has_value());
    BOOST_TEST(!headers.get("").has_value());
}

BOOST_AUTO_TEST_CASE(the_first_of_equal_headers_counts) {
    Headers headers;
    headers.add("Accept", "text/html");
    headers.add("accept", "*/*");
    BOOST_TEST(headers.get("Accept").value_or("") == "text/html");
}

BOOST_AUTO_TEST_CASE(a_header_value_may_be_empty_or_have_colons) {
    Headers headers;
    headers.add("X-Empty", "");
    headers.add("Origin", "http://localhost:8000");
    BOOST_TEST_REQUIRE(headers.get("X-Empty").has_value());
    BOOST_TEST(headers.get("X-Empty")->empty());
    BOOST_TEST(headers.get("Origin").value_or("") == "http://localhost:8000");
}

BOOST_AUTO_TEST_CASE(a_value_is_never_taken_for_a_name) {
    Headers headers;
    headers.add("A", "Host:evil");
    BOOST_TEST(!headers.get("Host").has_value());
}

BOOST_AUTO_TEST_CASE(the_first_of_equal_params_counts_and_all_are_kept) {
    Params params;
    params.add("a", "1");
    params.add("b", "");
    params.add("a", "2");
    BOOST_TEST(params.get("a").value_or("") == "1");
    BOOST_TEST_REQUIRE(params.get("b").has_value());
    BOOST_TEST(params.get("b")->empty());
    BOOST_TEST(!params.get("A").has_value());
    BOOST_TEST(params.items().size() == 3U);
}

BOOST_AUTO_TEST_SUITE_END()
