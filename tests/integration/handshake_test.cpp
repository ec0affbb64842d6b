// The opening handshake of a WebSocket (RFC 6455, section 4.2), and what is no handshake.
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>

using namespace test;

namespace {

/// A handshake in which `line` is replaced by `by`; both end without \r\n, and `by` may be empty.
std::string handshake_with(std::string_view line, std::string by, std::string target = "/ws") {
    std::string request = handshake_request(std::move(target));
    const std::size_t at = request.find(line);
    BOOST_TEST_REQUIRE(at != std::string::npos);
    request.replace(at, line.size() + (by.empty() ? 2 : 0), by);
    return request;
}

constexpr std::string_view key_line = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view version_line = "Sec-WebSocket-Version: 13";

}  // namespace

BOOST_AUTO_TEST_SUITE(handshake)

SERVER_TEST(a_plain_get_of_a_websocket_path_is_answered_426) {
    for (const std::string target : {"/ws", "/ws/chat", "/ws/chat/Alice", "/ws/chat/A/heartbeat"}) {
        const HttpResponse response = co_await get(server.port(), target);
        BOOST_TEST(response.status == 426U, target);
        BOOST_TEST(response.header("upgrade") == "websocket");
        BOOST_TEST(response.header("connection").find("Upgrade") != std::string::npos);
        const auto body = response.json();
        BOOST_TEST(body.contains("detail"));
    }
}

SERVER_TEST(a_missing_or_malformed_key_is_answered_400) {
    for (const std::string by : {"", "Sec-WebSocket-Key: ", "Sec-WebSocket-Key: short==",
                                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ",
                                 "Sec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!=="}) {
        const HttpResponse response =
            co_await send_raw(server.port(), handshake_with(key_line, by));
        BOOST_TEST(response.status == 400U, by);
    }
}

SERVER_TEST(another_version_is_answered_426_with_the_one_that_is_spoken) {
    for (const std::string by : {"", "Sec-WebSocket-Version: 12", "Sec-WebSocket-Version: 8",
                                 "Sec-WebSocket-Version: x"}) {
        const HttpResponse response =
            co_await send_raw(server.port(), handshake_with(version_line, by));
        BOOST_TEST(response.status == 426U, by);
        BOOST_TEST(response.header("sec-websocket-version") == "13", by);
    }
}

SERVER_TEST(http_1_0_cannot_be_upgraded) {
    std::string request = handshake_request("/ws");
    request.replace(request.find("HTTP/1.1"), 8, "HTTP/1.0");
    const HttpResponse response = co_await send_raw(server.port(), request);
    BOOST_TEST(response.status == 426U);
}

SERVER_TEST(only_get_is_upgraded) {
    std::string request = handshake_request("/ws");
    request.replace(0, 3, "POST");
    const HttpResponse response = co_await send_raw(server.port(), request);
    BOOST_TEST(response.status == 405U);
}

SERVER_TEST(a_path_without_a_websocket_is_not_upgraded) {
    const HttpResponse missing = co_await send_raw(server.port(), handshake_request("/missing"));
    BOOST_TEST(missing.status == 404U);
    const HttpResponse plain = co_await send_raw(server.port(), handshake_request("/ws/status"));
    BOOST_TEST(plain.status == 200U);
    const HttpResponse deep = co_await send_raw(server.port(), handshake_request("/ws/chat/a/b"));
    BOOST_TEST(deep.status == 404U);
    const HttpResponse empty = co_await send_raw(server.port(), handshake_request("/ws/chat/"));
    BOOST_TEST(empty.status == 404U);
}

SERVER_TEST(header_names_and_tokens_have_no_case) {
    const std::string request =
        "GET /ws HTTP/1.1\r\nhost: localhost\r\nCONNECTION: keep-alive, upgrade\r\n"
        "upgrade: WebSocket\r\nsec-websocket-version: 13\r\n"
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    const HttpResponse response = co_await send_raw(server.port(), request);
    BOOST_TEST(response.status == 101U);
}

SERVER_TEST(the_query_does_not_matter_to_the_route) {
    WebSocketClient client = co_await server.connect("/ws?room=a&x");
    co_await client.send_text("X");
    const std::string answer = co_await client.receive_text();
    BOOST_TEST(answer == "Echo: X");
}

SERVER_TEST(messages_may_follow_the_handshake_without_waiting_for_its_answer) {
    TcpClient client = co_await TcpClient::connect(server.port());
    Frame frame;
    frame.payload = "early";
    co_await client.send(handshake_request("/ws") + encode(frame) + encode(frame));
    const HttpResponse response = co_await read_response(client);
    BOOST_TEST(response.status == 101U);
    const std::string answers = co_await client.read(26);
    BOOST_TEST(answers ==
               "\x81\x0b"
               "Echo: early"
               "\x81\x0b"
               "Echo: early");
}

SERVER_TEST(a_handshake_may_follow_other_requests_on_the_same_connection) {
    TcpClient client = co_await TcpClient::connect(server.port());
    Frame frame;
    frame.payload = "X";
    co_await client.send("GET /ws/status HTTP/1.1\r\nHost: localhost\r\n\r\n" +
                         handshake_request("/ws") + encode(frame));
    const HttpResponse status = co_await read_response(client);
    BOOST_TEST(status.status == 200U);
    const HttpResponse upgraded = co_await read_response(client);
    BOOST_TEST(upgraded.status == 101U);
    const std::string answer = co_await client.read(9);
    BOOST_TEST(answer ==
               "\x81\x07"
               "Echo: X");
}

SERVER_TEST(malformed_percent_encoding_in_a_name_is_answered_400) {
    for (const std::string target : {"/ws/chat/%", "/ws/chat/%4", "/ws/chat/%zz"}) {
        const HttpResponse response = co_await send_raw(server.port(), handshake_request(target));
        BOOST_TEST(response.status == 400U, target);
    }
}

SERVER_TEST(a_handshake_that_is_torn_leaves_nothing) {
    const std::string request = handshake_request("/ws/chat/Alice");
    for (std::size_t size = 0; size < request.size(); size += 10) {
        TcpClient client = co_await TcpClient::connect(server.port());
        co_await client.send(request.substr(0, size));
        client.tear();
    }
    co_await server.until_sessions(0);
    BOOST_TEST(server.manager().get_connection_count() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
