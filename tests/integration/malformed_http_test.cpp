// Requests that are malformed or too big: an answer where there can be one, and then the end.
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace test;
using namespace std::string_literals;

namespace {

/// Expects that status, an error in FastAPI's shape, and the end of the connection.
awaitable<void> check_refused(TestServer& server, unsigned status, std::string bytes,
                              source_location where = source_location::current()) {
    TcpClient client = co_await TcpClient::connect(server.port(), 0, where);
    co_await client.send(bytes, where);
    const HttpResponse response = co_await read_response(client, false, where);
    BOOST_TEST(response.status == status,
               to_string(where) << ": " << response.status << " to " << bytes.substr(0, 60));
    const auto error = response.json();
    BOOST_TEST(error.contains("detail"), to_string(where));
    BOOST_TEST(response.header("connection").find("close") != std::string::npos, to_string(where));
    const std::string rest = co_await client.read_to_end(where);
    BOOST_TEST(rest.empty(), to_string(where));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(malformed_http)

SERVER_TEST(what_is_no_http_is_answered_400) {
    for (const std::string& bytes :
         {"\r\n\r\n\r\n"s, "Hello\r\n\r\n"s, "GET\r\n\r\n"s, "GET /\r\n\r\n"s,
          "GET / HTTP/9.9\r\n\r\n"s, "GET / HTTX/1.1\r\n\r\n"s, "GET  / HTTP/1.1\r\n\r\n"s,
          "G\x01T / HTTP/1.1\r\n\r\n"s, "GET /\x01 HTTP/1.1\r\n\r\n"s,
          "GET / HTTP/1.1\r\nno colon\r\n\r\n"s, "GET / HTTP/1.1\r\nBad Name: x\r\n\r\n"s,
          "GET / HTTP/1.1\r\nA: \x01\r\n\r\n"s, "GET / HTTP/1.1\r\n: x\r\n\r\n"s,
          "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"s}) {
        co_await check_refused(server, 400, bytes);
    }
}

SERVER_TEST(a_malformed_length_is_answered_400) {
    for (const std::string header :
         {"Content-Length: x", "Content-Length: -1", "Content-Length: 1, 2",
          "Content-Length: 99999999999999999999", "Content-Length: 1\r\nContent-Length: 2",
          "Content-Length: 1\r\nTransfer-Encoding: chunked"}) {
        co_await check_refused(server, 400,
                               "POST / HTTP/1.1\r\nHost: x\r\n" + header + "\r\n\r\nx");
    }
    co_await check_refused(
        server, 400,
        "GET /ws/status HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
}

SERVER_TEST(only_a_chunked_transfer_encoding_is_understood) {
    for (const std::string headers :
         {"Transfer-Encoding: xchunked", "Transfer-Encoding: gzip", "Transfer-Encoding: identity",
          "Transfer-Encoding: chunked, identity", "Transfer-Encoding: gzip, chunked",
          "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
          "Transfer-Encoding:", "Transfer-Encoding: gzip\r\nContent-Length: 5",
          "Content-Length: 5\r\nTransfer-Encoding: identity"}) {
        co_await check_refused(server, 400,
                               "GET /ws/status HTTP/1.1\r\nHost: x\r\n" + headers +
                                   "\r\n\r\nGET /ws/status HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    co_await check_refused(server, 400,
                           "GET /ws/status HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
                           "\r\n0\r\n\r\n");
    const HttpResponse response =
        co_await send_raw(server.port(),
                          "GET /ws/status HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n"
                          "\r\n1\r\nx\r\n0\r\n\r\n");
    BOOST_TEST(response.status == 200U);
}

SERVER_TEST(too_many_fields_or_parameters_are_refused) {
    const auto head = [](int fields) {
        std::string text = "GET /ws/status HTTP/1.1\r\nHost: x\r\n";
        for (int i = 1; i < fields; ++i) {
            text += "a:\r\n";
        }
        return text + "\r\n";
    };
    const HttpResponse most = co_await send_raw(server.port(), head(100));
    BOOST_TEST(most.status == 200U);
    co_await check_refused(server, 431, head(101));
    BOOST_TEST(server.refusals().of("head_too_large") == 1U);
    std::string query = "/ws/status?a";
    for (int i = 0; i < 100; ++i) {
        query += "&a";
    }
    co_await check_refused(server, 400, "GET " + query + " HTTP/1.1\r\nHost: x\r\n\r\n");
}

SERVER_TEST(an_unknown_expectation_is_answered_417) {
    co_await check_refused(server, 417,
                           "GET /ws/status HTTP/1.1\r\nHost: x\r\nExpect: 200-ok\r\n\r\n");
}

SERVER_TEST(a_target_that_is_no_url_is_answered_400) {
    for (const std::string target :
         {"/%", "/%zz", "/ws/chat/%2", "/?a=%", "*", "nothing", "x://", "/a#b", "http://",
          "http:///ws/status", "http://me@x/ws/status", "ftp://x/ws/status",
          "http://x:port/ws/status"}) {
        co_await check_refused(server, 400, "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
    }
}

SERVER_TEST(a_request_without_the_one_host_is_answered_400) {
    co_await check_refused(server, 400, "GET /ws/status HTTP/1.1\r\n\r\n");
    for (const std::string version : {"1.0", "1.1"}) {
        const std::string twice = "HTTP/" + version + "\r\nHost: x\r\nHost: x\r\n";
        co_await check_refused(server, 400, "GET /ws/status " + twice + "\r\n");
        co_await check_refused(server, 400,
                               "GET /ws " + twice +
                                   "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                                   "Sec-WebSocket-Version: 13\r\n"
                                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    }
    TcpClient client = co_await TcpClient::connect(server.port());
    co_await client.send("GET /ws/status HTTP/1.0\r\n\r\n");
    const HttpResponse response = co_await read_response(client);
    BOOST_TEST(response.status == 200U);
}

SERVER_TEST(a_header_that_is_too_large_is_answered_431) {
    const std::string large(20'000, 'x');
    co_await check_refused(server, 431, "GET / HTTP/1.1\r\nHost: x\r\nX: " + large + "\r\n\r\n");
    co_await check_refused(server, 431, "GET /" + large + " HTTP/1.1\r\nHost: x\r\n\r\n");
    std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
    for (int i = 0; i < 2'000; ++i) {
        many += fmt::format("X-{}: y\r\n", i);
    }
    co_await check_refused(server, 431, many + "\r\n");
}

SERVER_TEST(a_header_that_does_not_end_is_answered_431) {
    co_await check_refused(server, 431, "GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x'));
    co_await check_refused(server, 431, std::string(100'000, 'G'));
}

SERVER_TEST(a_body_that_is_too_large_is_answered_413) {
    co_await check_refused(server, 413,
                           "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx");
    co_await check_refused(
        server, 413,
        "GET /ws/status HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        "100000\r\n" +
            std::string(0x10000, 'x'));
}

SERVER_TEST(what_follows_a_malformed_request_is_not_answered) {
    co_await check_refused(server, 400,
                           "nonsense\r\n\r\nGET /ws/status HTTP/1.1\r\nHost: x\r\n\r\n");
}

SERVER_TEST(the_server_goes_on_afterwards) {
    WebSocketClient alice = co_await server.join("Alice");
    for (int i = 0; i < 100; ++i) {
        co_await check_refused(server, 400, "nonsense\r\n\r\n");
    }
    co_await alice.expect_nothing();
    co_await server.until_sessions(1);
}

BOOST_AUTO_TEST_SUITE_END()
