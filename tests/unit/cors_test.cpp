// Cross-origin requests: the answers of FastAPI's CORSMiddleware.
#include "beastapi/cors.hpp"

#include <boost/test/unit_test.hpp>

using beastapi::CORSMiddleware;
using beastapi::PlainTextResponse;
using beastapi::Request;
using beastapi::Response;

namespace {

constexpr std::string_view origin = "https://example.org";

CORSMiddleware everything() {
    CORSMiddleware cors;
    cors.allow_origins = {"*"};
    cors.allow_credentials = true;
    cors.allow_methods = {"*"};
    cors.allow_headers = {"*"};
    return cors;
}

CORSMiddleware only_example_org() {
    CORSMiddleware cors;
    cors.allow_origins = {std::string(origin)};
    cors.allow_methods = {"GET", "POST"};
    cors.allow_headers = {"X-One", "X-Two"};
    return cors;
}

Request from(std::string_view where, std::string method = "GET") {
    Request request;
    request.method = std::move(method);
    request.headers.add("Origin", where);
    return request;
}

Request preflight_from(std::string_view where, std::string_view method) {
    Request request = from(where, "OPTIONS");
    request.headers.add("Access-Control-Request-Method", method);
    return request;
}

Response applied(const CORSMiddleware& cors, const Request& request) {
    Response response = PlainTextResponse("x");
    cors.apply(request, response);
    return response;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cors)

BOOST_AUTO_TEST_CASE(a_request_without_origin_is_answered_as_ever) {
    const Response response = applied(everything(), Request());
    BOOST_TEST(!response.header("Access-Control-Allow-Origin").has_value());
    BOOST_TEST(!everything().preflight(Request()).has_value());
}

BOOST_AUTO_TEST_CASE(with_credentials_the_origin_itself_is_named) {
    const Response response = applied(everything(), from(origin));
    BOOST_TEST(response.header("Access-Control-Allow-Origin").value() == origin);
    BOOST_TEST(response.header("Access-Control-Allow-Credentials").value() == "true");
    BOOST_TEST(response.header("Vary").value() == "Origin");
}

BOOST_AUTO_TEST_CASE(without_credentials_any_origin_is_a_star) {
    CORSMiddleware cors = everything();
    cors.allow_credentials = false;
    const Response response = applied(cors, from(origin));
    BOOST_TEST(response.header("Access-Control-Allow-Origin").value() == "*");
    BOOST_TEST(!response.header("Access-Control-Allow-Credentials").has_value());
    BOOST_TEST(!response.header("Vary").has_value());
}

BOOST_AUTO_TEST_CASE(an_origin_that_is_not_listed_gets_no_permission) {
    const Response response = applied(only_example_org(), from("https://evil.example"));
    BOOST_TEST(!response.header("Access-Control-Allow-Origin").has_value());
    BOOST_TEST(!response.header("Access-Control-Allow-Credentials").has_value());
    BOOST_TEST(
        applied(only_example_org(), from(origin)).header("Access-Control-Allow-Origin").value() ==
        origin);
}

BOOST_AUTO_TEST_CASE(a_cache_is_told_that_the_origin_matters_even_where_the_answer_is_no) {
    BOOST_TEST(applied(only_example_org(), Request()).header("Vary").value() == "Origin");
    BOOST_TEST(applied(only_example_org(), from("https://evil.example")).header("Vary").value() ==
               "Origin");
    const auto refused =
        only_example_org().preflight(preflight_from("https://evil.example", "GET"));
    BOOST_TEST(refused.value().header("Vary").value() == "Origin");
}

BOOST_AUTO_TEST_CASE(what_a_handler_says_of_caches_is_kept) {
    Response response = PlainTextResponse("x");
    response.header("Vary", "Accept-Language");
    only_example_org().apply(from(origin), response);
    BOOST_TEST(response.header("Vary").value() == "Accept-Language, Origin");
    only_example_org().apply(from(origin), response);
    BOOST_TEST(response.header("Vary").value() == "Accept-Language, Origin");
}

BOOST_AUTO_TEST_CASE(a_list_of_headers_that_is_malformed_is_refused) {
    for (const char* const list : {"x-one x-two", "x-one, {}", "x-one\"", "x-one;"}) {
        Request request = preflight_from(origin, "GET");
        request.headers.add("Access-Control-Request-Headers", list);
        const auto response = everything().preflight(request);
        BOOST_TEST(response.value().status() == 400U, list);
        BOOST_TEST(response->header("Access-Control-Allow-Headers").value_or("") != list);
    }
}

BOOST_AUTO_TEST_CASE(a_preflight_is_answered_with_what_is_allowed) {
    Request request = preflight_from(origin, "PUT");
    request.headers.add("Access-Control-Request-Headers", "x-mine, content-type");
    const auto response = everything().preflight(request);
    BOOST_TEST_REQUIRE(response.has_value());
    BOOST_TEST(response->status() == 200U);
    BOOST_TEST(response->header("Access-Control-Allow-Origin").value() == origin);
    BOOST_TEST(response->header("Access-Control-Allow-Methods").value().find("PUT") !=
               std::string_view::npos);
    BOOST_TEST(response->header("Access-Control-Allow-Headers").value() == "x-mine, content-type");
    BOOST_TEST(response->header("Access-Control-Max-Age").value() == "600");
}

BOOST_AUTO_TEST_CASE(a_preflight_lists_what_was_listed) {
    const auto response = only_example_org().preflight(preflight_from(origin, "POST"));
    BOOST_TEST_REQUIRE(response.has_value());
    BOOST_TEST(response->status() == 200U);
    BOOST_TEST(response->header("Access-Control-Allow-Methods").value() == "GET, POST");
    BOOST_TEST(response->header("Access-Control-Allow-Headers").value() == "X-One, X-Two");
}

BOOST_AUTO_TEST_CASE(a_preflight_that_is_not_allowed_is_refused) {
    const auto origin_refused =
        only_example_org().preflight(preflight_from("https://evil.example", "GET"));
    BOOST_TEST_REQUIRE(origin_refused.has_value());
    BOOST_TEST(origin_refused->status() == 400U);
    BOOST_TEST(origin_refused->body() == "Disallowed CORS origin");
    BOOST_TEST(!origin_refused->header("Access-Control-Allow-Origin").has_value());
    const auto method_refused = only_example_org().preflight(preflight_from(origin, "DELETE"));
    BOOST_TEST_REQUIRE(method_refused.has_value());
    BOOST_TEST(method_refused->status() == 400U);
    BOOST_TEST(method_refused->body() == "Disallowed CORS method");
}

BOOST_AUTO_TEST_CASE(a_header_that_is_not_allowed_is_refused_in_a_preflight) {
    Request request = preflight_from(origin, "GET");
    request.headers.add("Access-Control-Request-Headers", "x-one, x-three");
    const auto response = only_example_org().preflight(request);
    BOOST_TEST_REQUIRE(response.has_value());
    BOOST_TEST(response->status() == 400U);
    BOOST_TEST(response->body() == "Disallowed CORS headers");
    Request allowed = preflight_from(origin, "GET");
    allowed.headers.add("Access-Control-Request-Headers", "x-one,X-TWO, Content-Type");
    BOOST_TEST(only_example_org().preflight(allowed).value().status() == 200U);
}

BOOST_AUTO_TEST_CASE(only_options_with_both_headers_is_a_preflight) {
    BOOST_TEST(!everything().preflight(from(origin, "OPTIONS")).has_value());
    Request request = preflight_from(origin, "GET");
    request.method = "GET";
    BOOST_TEST(!everything().preflight(request).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
