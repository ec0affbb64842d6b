// What handlers answer: kinds of response, their headers, and files.
#include "beastapi/response.hpp"

#include "support/temporary_directory.hpp"

#include <boost/json/object.hpp>
#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>

using namespace beastapi;

BOOST_AUTO_TEST_SUITE(response)

BOOST_AUTO_TEST_CASE(each_kind_has_its_content_type) {
    const boost::json::object json{{"a", 1}};
    BOOST_TEST(JSONResponse(json).header("content-type").value() == "application/json");
    BOOST_TEST(JSONResponse(json, 201).status() == 201U);
    BOOST_TEST(JSONResponse(json).body() == R"({"a":1})");
    BOOST_TEST(HTMLResponse("<p>").header("Content-Type").value() == "text/html; charset=utf-8");
    BOOST_TEST(PlainTextResponse("x").header("Content-Type").value() ==
               "text/plain; charset=utf-8");
    BOOST_TEST(PlainTextResponse("x").status() == 200U);
    BOOST_TEST(PlainTextResponse("x").body() == "x");
}

BOOST_AUTO_TEST_CASE(an_error_has_the_shape_of_fastapi) {
    const Response response = error_response(404, "Not Found");
    BOOST_TEST(response.status() == 404U);
    BOOST_TEST(response.body() == R"({"detail":"Not Found"})");
    BOOST_TEST(response.header("Content-Type").value() == "application/json");
}

BOOST_AUTO_TEST_CASE(an_empty_response_has_neither_body_nor_type) {
    const Response response = Response::empty(304);
    BOOST_TEST(response.status() == 304U);
    BOOST_TEST(response.body().empty());
    BOOST_TEST(response.headers().empty());
}

BOOST_AUTO_TEST_CASE(a_header_set_again_is_replaced) {
    Response response = PlainTextResponse("x");
    response.header("X-One", "1").header("x-one", "2");
    BOOST_TEST(response.header("X-ONE").value() == "2");
    BOOST_TEST(response.headers().size() == 2U);
    BOOST_TEST(!response.header("X-Two").has_value());
}

BOOST_AUTO_TEST_CASE(a_value_cannot_add_a_header_of_its_own) {
    using namespace std::string_literals;
    Response response = PlainTextResponse("x");
    for (const std::string& value : {"a\r\nSet-Cookie: b"s, "a\n"s, "\ra"s, "a\0b"s}) {
        BOOST_CHECK_THROW(response.header("X-One", value), std::invalid_argument);
    }
    for (const char* const name : {"", "X One", "X:One", "X-One\r\n", "X-\xc3\xa4"}) {
        BOOST_CHECK_THROW(response.header(name, "1"), std::invalid_argument);
    }
    BOOST_CHECK_THROW(RedirectResponse("/\r\nX: y"), std::invalid_argument);
    BOOST_TEST(response.headers().size() == 1U);
}

BOOST_AUTO_TEST_CASE(each_cookie_is_a_header_of_its_own) {
    Response response = PlainTextResponse("x");
    response.header("Set-Cookie", "a=1").header("set-cookie", "b=2");
    BOOST_TEST(response.headers().size() == 3U);
    BOOST_TEST(response.header("Set-Cookie").value() == "a=1");
}

BOOST_AUTO_TEST_CASE(a_list_grows_by_what_it_does_not_have) {
    Response response = PlainTextResponse("x");
    response.add_to_list("Vary", "Origin").add_to_list("Vary", "Cookie");
    response.add_to_list("Vary", "origin");
    BOOST_TEST(response.header("Vary").value() == "Origin, Cookie");
}

BOOST_AUTO_TEST_CASE(a_file_is_answered_with_its_type_and_its_validators) {
    const test::TemporaryDirectory directory;
    const auto path = directory.write("page.HTML", "<p>");
    const Response response = FileResponse(path);
    BOOST_TEST(response.status() == 200U);
    BOOST_TEST_REQUIRE(response.file().has_value());
    BOOST_TEST(*response.file() == path);
    BOOST_TEST(response.header("Content-Type").value() == "text/html; charset=utf-8");
    BOOST_TEST(response.header("Last-Modified").value().ends_with(" GMT"));
    BOOST_TEST(response.header("ETag").value().starts_with("\""));
    BOOST_TEST(response.header("ETag").value().ends_with("\""));
}

BOOST_AUTO_TEST_CASE(a_file_of_unknown_type_is_a_stream_of_bytes) {
    const test::TemporaryDirectory directory;
    for (const char* const name : {"data", "data.unknown", ".html"}) {
        const Response response = FileResponse(directory.write(name, "x"));
        BOOST_TEST(response.header("Content-Type").value() == "application/octet-stream", name);
    }
}

BOOST_AUTO_TEST_CASE(a_changed_file_has_another_etag) {
    const test::TemporaryDirectory directory;
    const std::string before(FileResponse(directory.write("a.txt", "one")).header("ETag").value());
    const std::string after(FileResponse(directory.write("a.txt", "three")).header("ETag").value());
    BOOST_TEST(before != after);
}

BOOST_AUTO_TEST_CASE(what_is_no_file_is_not_found) {
    const test::TemporaryDirectory directory;
    BOOST_TEST(FileResponse(directory.path() / "missing").status() == 404U);
    BOOST_TEST(FileResponse(directory.path()).status() == 404U);
}

BOOST_AUTO_TEST_SUITE_END()
