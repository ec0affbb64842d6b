// The headers that keep a page to what its server meant.
#include "beastapi/security_headers.hpp"

#include <boost/test/unit_test.hpp>

using beastapi::HTMLResponse;
using beastapi::JSONResponse;
using beastapi::Response;
using beastapi::SecurityHeaders;

BOOST_AUTO_TEST_SUITE(security_headers)

BOOST_AUTO_TEST_CASE(every_answer_is_taken_for_what_it_says_it_is) {
    for (Response response : {JSONResponse(1), Response::empty(304), HTMLResponse("<p>")}) {
        SecurityHeaders().apply(response);
        BOOST_TEST(response.header("X-Content-Type-Options").value() == "nosniff");
        BOOST_TEST(response.header("Referrer-Policy").value() == "same-origin");
    }
}

BOOST_AUTO_TEST_CASE(a_page_may_run_the_servers_files_only) {
    Response page = HTMLResponse("<p>");
    SecurityHeaders().apply(page);
    const std::string_view policy = page.header("Content-Security-Policy").value();
    BOOST_TEST(policy.find("default-src 'self'") != std::string_view::npos);
    BOOST_TEST(policy.find("unsafe") == std::string_view::npos);
    BOOST_TEST(policy.find("frame-ancestors 'self'") != std::string_view::npos);
    BOOST_TEST(page.header("X-Frame-Options").value() == "SAMEORIGIN");
}

BOOST_AUTO_TEST_CASE(a_page_keeps_the_policy_that_it_has) {
    Response page = HTMLResponse("<p>");
    page.header("Content-Security-Policy", "default-src 'none'");
    SecurityHeaders().apply(page);
    BOOST_TEST(page.header("Content-Security-Policy").value() == "default-src 'none'");
}

BOOST_AUTO_TEST_CASE(a_drawing_runs_no_script) {
    Response drawing(200, "image/svg+xml", "<svg/>");
    SecurityHeaders().apply(drawing);
    const std::string_view policy = drawing.header("Content-Security-Policy").value();
    BOOST_TEST(policy.find("default-src 'none'") != std::string_view::npos);
    BOOST_TEST(policy.find("sandbox") != std::string_view::npos);
}

BOOST_AUTO_TEST_CASE(what_is_no_page_needs_no_policy) {
    Response response = JSONResponse(1);
    SecurityHeaders().apply(response);
    BOOST_TEST(!response.header("Content-Security-Policy").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
