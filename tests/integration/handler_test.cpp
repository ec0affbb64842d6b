// What a handler may do with a WebSocket, seen from both sides.
#include "beastapi/asyncio.hpp"
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <optional>
#include <stdexcept>

using namespace test;
using beastapi::WebSocket;
using beastapi::WebSocketDisconnect;
namespace asyncio = beastapi::asyncio;

namespace {

TestServerOptions with(std::string path, awaitable<void> (*handler)(WebSocket)) {
    TestServerOptions options = quiet();
    options.set_up = [path, handler](beastapi::App& app, chat::Chat&) {
        app.websocket(path, handler);
    };
    return options;
}

awaitable<void> throws_after_a_message(WebSocket websocket) {
    co_await websocket.accept();
    co_await websocket.receive_text();
    throw std::runtime_error("a mistake in the handler");
}

awaitable<void> throws_no_std_exception(WebSocket websocket) {
    co_await websocket.accept();
    throw 7;
}

awaitable<void> throws_before_accept(WebSocket) {
    throw std::runtime_error("a mistake in the handler");
    co_return;
}

awaitable<void> returns_at_once(WebSocket websocket) {
    co_await websocket.accept();
}

awaitable<void> never_accepts(WebSocket) {
    co_return;
}

awaitable<void> closes_before_accept(WebSocket websocket) {
    co_await websocket.close(1008);
}

awaitable<void> closes_with_a_long_reason(WebSocket websocket) {
    co_await websocket.accept();
    // 62 characters of 2 bytes: one byte more than fits.
    std::string reason;
    for (int i = 0; i < 62; ++i) {
        reason.append("é");
    }
    co_await websocket.close(4000, reason);
    co_await websocket.close(4001, "the first counts");
    BOOST_TEST(!websocket.connected());
}

awaitable<void> uses_it_after_the_close(WebSocket websocket) {
    co_await websocket.accept();
    co_await websocket.close(4000, "over");
    int disconnects = 0;
    for (int operation = 0; operation < 3; ++operation) {
        try {
            if (operation == 0) {
                co_await websocket.send_text("x");
            } else if (operation == 1) {
                co_await websocket.receive();
            } else {
                co_await websocket.receive_text();
            }
        } catch (const WebSocketDisconnect& disconnect) {
            BOOST_TEST(disconnect.code() == 4000);
            BOOST_TEST(disconnect.reason() == "over");
            ++disconnects;
        }
    }
    websocket.post_text("dropped");
    BOOST_TEST(disconnects == 3);
}

awaitable<void> waits_a_little_at_a_time(WebSocket websocket) {
    co_await websocket.accept();
    int timeouts = 0;
    while (true) {
        std::optional<std::string> text;
        try {
            text = co_await asyncio::wait_for(websocket.receive_text(), 1ms);
        } catch (const asyncio::TimeoutError&) {
            ++timeouts;
        }
        if (text == "how often?") {
            co_await websocket.send_text(fmt::format("{}", timeouts));
        } else if (text) {
            co_await websocket.send_text(*text);
        }
    }
}

awaitable<void> tells_about_the_request(WebSocket websocket) {
    co_await websocket.accept();
    co_await websocket.send_text(fmt::format(
        "{} {} {} {} {}", websocket.request().path, websocket.query_param("a").value_or("-"),
        websocket.query_param("b").value_or("-"), websocket.header("x-mine").value_or("-"),
        websocket.client().host));
}

awaitable<void> chooses_a_subprotocol(WebSocket websocket) {
    co_await websocket.accept("chat");
}

awaitable<void> accepts_twice(WebSocket websocket) {
    co_await websocket.accept();
    co_await websocket.accept();
}

awaitable<void> wants_bytes(WebSocket websocket) {
    co_await websocket.accept();
    const std::string bytes = co_await websocket.receive_bytes();
    co_await websocket.send_bytes(bytes);
    co_await websocket.receive_bytes();
}

struct Seen {
    std::optional<std::uint16_t> code;
    std::string reason;
};

awaitable<void> notes_the_disconnect(WebSocket websocket, Seen& seen) {
    co_await websocket.accept();
    try {
        while (true) {
            co_await websocket.receive();
        }
    } catch (const WebSocketDisconnect& disconnect) {
        seen.code = disconnect.code();
        seen.reason = disconnect.reason();
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(handler)

SERVER_TEST(one_that_throws_ends_its_connection_with_1011_and_no_other,
            with("/test", throws_after_a_message)) {
    WebSocketClient neighbour = co_await server.connect("/test");
    WebSocketClient client = co_await server.connect("/test");
    co_await client.send_text("now");
    co_await client.expect_close(1011);
    WebSocketClient echo = co_await server.connect("/ws");
    co_await echo.send_text("X");
    const std::string answer = co_await echo.receive_text();
    BOOST_TEST(answer == "Echo: X");
    co_await neighbour.close();
}

SERVER_TEST(one_that_throws_what_is_no_exception_ends_with_1011_too,
            with("/test", throws_no_std_exception)) {
    WebSocketClient client = co_await server.connect("/test");
    co_await client.expect_close(1011);
}

SERVER_TEST(one_that_throws_before_it_accepts_is_answered_500,
            with("/test", throws_before_accept)) {
    const HttpResponse response = co_await send_raw(server.port(), handshake_request("/test"));
    BOOST_TEST(response.status == 500U);
    BOOST_TEST(response.body.find("mistake") == std::string::npos);
}

SERVER_TEST(one_that_returns_closes_with_1000, with("/test", returns_at_once)) {
    WebSocketClient client = co_await server.connect("/test");
    co_await client.expect_close(1000);
}

SERVER_TEST(one_that_never_accepts_is_an_error_of_the_server, with("/test", never_accepts)) {
    const HttpResponse response = co_await send_raw(server.port(), handshake_request("/test"));
    BOOST_TEST(response.status == 500U);
}

SERVER_TEST(one_that_closes_before_it_accepts_is_answered_403,
            with("/test", closes_before_accept)) {
    const HttpResponse response = co_await send_raw(server.port(), handshake_request("/test"));
    BOOST_TEST(response.status == 403U);
}

SERVER_TEST(a_reason_too_long_is_cut_between_characters, with("/test", closes_with_a_long_reason)) {
    std::string reason;
    for (int i = 0; i < 61; ++i) {
        reason.append("é");
    }
    WebSocketClient client = co_await server.connect("/test");
    co_await client.expect_close(4000, reason);
}

SERVER_TEST(every_use_after_the_close_says_that_it_is_closed,
            with("/test", uses_it_after_the_close)) {
    WebSocketClient client = co_await server.connect("/test");
    co_await client.expect_close(4000, "over");
}

SERVER_TEST(a_receive_that_timed_out_leaves_the_connection_usable_and_loses_nothing,
            with("/test", waits_a_little_at_a_time)) {
    WebSocketClient client = co_await server.connect("/test");
    for (int i = 0; i < 300; ++i) {
        co_await client.send_text(std::to_string(i));
        const std::string answer = co_await client.receive_text();
        BOOST_TEST_REQUIRE(answer == std::to_string(i));
        if (i % 10 == 0) {
            // Long enough for a few timeouts; nothing depends on how many.
            co_await asyncio::sleep(3ms);
        }
    }
    co_await client.send_text("how often?");
    const std::string timeouts = co_await client.receive_text();
    BOOST_TEST(std::stoi(timeouts) > 0);
    co_await client.close();
}

SERVER_TEST(it_learns_about_the_request, with("/test", tells_about_the_request)) {
    ConnectOptions options;
    options.headers = "X-Mine: yes\r\n";
    WebSocketClient client =
        co_await WebSocketClient::connect(server.port(), "/test?a=1+2&c", options);
    const std::string text = co_await client.receive_text();
    BOOST_TEST(text == "/test 1 2 - yes 127.0.0.1");
}

SERVER_TEST(it_may_choose_a_subprotocol, with("/test", chooses_a_subprotocol)) {
    ConnectOptions options;
    options.headers = "Sec-WebSocket-Protocol: talk, chat\r\n";
    WebSocketClient client = co_await WebSocketClient::connect(server.port(), "/test", options);
    BOOST_TEST(client.response().header("sec-websocket-protocol") == "chat");
}

SERVER_TEST(one_that_accepts_twice_is_in_error, with("/test", accepts_twice)) {
    WebSocketClient client = co_await server.connect("/test");
    co_await client.expect_close(1011);
}

SERVER_TEST(one_that_wants_bytes_closes_a_text_with_1003, with("/test", wants_bytes)) {
    WebSocketClient client = co_await server.connect("/test");
    Frame frame;
    frame.opcode = opcode::binary;
    frame.payload = "bytes";
    co_await client.send(frame);
    const Frame answer = co_await client.receive();
    BOOST_TEST(answer.opcode == opcode::binary);
    BOOST_TEST(answer.payload == "bytes");
    co_await client.send_text("text");
    co_await client.expect_close(1003);
}

static Seen seen;

static TestServerOptions with_seen() {
    TestServerOptions options = quiet();
    seen = Seen();
    options.set_up = [](beastapi::App& app, chat::Chat&) {
        app.websocket("/test", notes_the_disconnect, seen);
    };
    return options;
}

static awaitable<void> until_seen(source_location where = source_location::current()) {
    const auto is_seen = [] { return seen.code.has_value(); };
    co_await until(is_seen, "the disconnect", where);
}

SERVER_TEST(it_learns_the_code_and_the_reason_of_the_client, with_seen()) {
    WebSocketClient client = co_await server.connect("/test");
    Frame goodbye;
    goodbye.opcode = opcode::close;
    goodbye.payload = close_payload(4321, "good night");
    co_await client.send(goodbye);
    co_await until_seen();
    BOOST_TEST(*seen.code == 4321);
    BOOST_TEST(seen.reason == "good night");
}

SERVER_TEST(it_learns_that_there_was_no_code, with_seen()) {
    WebSocketClient client = co_await server.connect("/test");
    Frame goodbye;
    goodbye.opcode = opcode::close;
    co_await client.send(goodbye);
    co_await until_seen();
    BOOST_TEST(*seen.code == 1005);
}

SERVER_TEST(it_learns_that_the_connection_was_lost, with_seen()) {
    WebSocketClient client = co_await server.connect("/test");
    client.tear();
    co_await until_seen();
    BOOST_TEST(*seen.code == 1006);
}

BOOST_AUTO_TEST_SUITE_END()
