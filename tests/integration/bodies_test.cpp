// Bodies of requests: asked for when a handler will see them, and never read otherwise.
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <stdexcept>

using namespace test;
using beastapi::Request;
using beastapi::Response;

namespace {

beastapi::awaitable<Response> show_body(Request request) {
    co_return beastapi::PlainTextResponse(request.body);
}

beastapi::awaitable<Response> show_host(Request request) {
    const auto host = request.headers.get("Host").value_or("");
    co_return beastapi::PlainTextResponse(fmt::format("{} {}", host, request.path));
}

beastapi::awaitable<Response> throw_a_number() {
    throw 42;
    co_return Response::empty(204);
}

beastapi::awaitable<Response> split_the_head() {
    Response response = Response::empty(204);
    response.header("X-One", "a\r\nX-Two: b");
    co_return response;
}

beastapi::awaitable<Response> two_cookies() {
    Response response = beastapi::PlainTextResponse("x");
    response.header("Set-Cookie", "a=1").header("Set-Cookie", "b=2");
    co_return response;
}

TestServerOptions with_routes() {
    TestServerOptions options = quiet();
    options.set_up = [](beastapi::App& app, chat::Chat&) {
        app.get("/body", show_body);
        app.get("/host", show_host);
        app.get("/", show_host);
        app.get("/number", throw_a_number);
        app.get("/split", split_the_head);
        app.get("/cookies", two_cookies);
    };
    return options;
}

std::string head(std::string_view request_line, std::string_view fields) {
    return fmt::format("{} HTTP/1.1\r\nHost: x\r\n{}\r\n", request_line, fields);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bodies)

SERVER_TEST(a_client_that_waits_is_told_to_send_the_body, with_routes()) {
    for (const std::string expect : {"100-continue", "100-Continue"}) {
        TcpClient client = co_await TcpClient::connect(server.port());
        for (int i = 0; i < 2; ++i) {
            co_await client.send(
                head("GET /body", "Expect: " + expect + "\r\nContent-Length: 5\r\n"));
            const std::string go_on = co_await client.read_until("\r\n\r\n");
            BOOST_TEST(go_on == "HTTP/1.1 100 Continue\r\n\r\n");
            co_await client.send("hello");
            const HttpResponse response = co_await read_response(client);
            BOOST_TEST(response.status == 200U);
            BOOST_TEST(response.body == "hello");
        }
    }
}

SERVER_TEST(a_body_that_nobody_will_see_is_not_read, with_routes()) {
    for (const std::string expect : {"", "Expect: 100-continue\r\n"}) {
        for (const auto& [line, status] : {std::pair<std::string, unsigned>("POST /body", 405),
                                           {"POST /missing", 404},
                                           {"GET /missing", 404},
                                           {"GET /ws", 426}}) {
            TcpClient client = co_await TcpClient::connect(server.port());
            co_await client.send(head(line, expect + "Content-Length: 60000\r\n"));
            const HttpResponse response = co_await read_response(client);
            BOOST_TEST(response.status == status, line);
            BOOST_TEST(response.header("connection").find("close") != std::string::npos);
            const std::string rest = co_await client.read_to_end();
            BOOST_TEST(rest.empty());
        }
    }
}

SERVER_TEST(http_1_0_is_not_told_to_go_on, with_routes()) {
    const HttpResponse response =
        co_await send_raw(server.port(),
                          "GET /body HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n"
                          "\r\nhello");
    BOOST_TEST(response.status == 200U);
    BOOST_TEST(response.body == "hello");
}

SERVER_TEST(a_handshake_with_a_body_is_refused) {
    const HttpResponse response = co_await send_raw(
        server.port(), handshake_request("/ws", "Content-Length: 5\r\n") + "hello");
    BOOST_TEST(response.status == 400U);
}

SERVER_TEST(a_whole_url_names_the_host, with_routes()) {
    for (const auto& [target, seen] :
         {std::pair<std::string, std::string>("http://y/host", "y /host"),
          {"http://y:81/host?a=1", "y:81 /host"},
          {"HTTPS://[::1]/host", "[::1] /host"},
          {"http://y", "y /"},
          {"http://y?a=1", "y /"}}) {
        const HttpResponse response = co_await send_raw(server.port(), head("GET " + target, ""));
        BOOST_TEST(response.status == 200U, target);
        BOOST_TEST(response.body == seen);
    }
}

SERVER_TEST(whatever_a_handler_throws_is_500, with_routes()) {
    for (const char* const path : {"/number", "/split"}) {
        const HttpResponse response = co_await get(server.port(), path);
        BOOST_TEST(response.status == 500U, path);
    }
}

SERVER_TEST(two_cookies_are_two_headers, with_routes()) {
    TcpClient client = co_await TcpClient::connect(server.port());
    co_await client.send(head("GET /cookies", ""));
    const std::string answer = co_await client.read_until("\r\n\r\n");
    BOOST_TEST(answer.find("Set-Cookie: a=1\r\n") != std::string::npos);
    BOOST_TEST(answer.find("Set-Cookie: b=2\r\n") != std::string::npos);
    BOOST_TEST(answer.find("Server:") == std::string::npos);
}

SERVER_TEST(json_is_not_kept_by_a_cache) {
    const HttpResponse status = co_await get(server.port(), "/ws/status");
    BOOST_TEST(status.header("cache-control") == "no-store");
    const HttpResponse missing = co_await get(server.port(), "/missing");
    BOOST_TEST(missing.header("cache-control") == "no-store");
}

BOOST_AUTO_TEST_SUITE_END()
