// Answers that come bit by bit: how they are framed, how fast they are read, and how they end.
#include "beastapi/streaming.hpp"

#include "beastapi/asyncio.hpp"
#include "support/event_client.hpp"
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <functional>
#include <memory>
#include <stdexcept>

using namespace test;
using beastapi::EventSourceResponse;
using beastapi::EventStream;
using beastapi::Response;
using beastapi::ResponseStream;
using beastapi::StreamingResponse;
namespace asyncio = beastapi::asyncio;

namespace {

/// What a test learns from a body.
struct Seen {
    bool begun = false;
    bool ended = false;
    std::size_t blocks = 0;
};

/// Ends with the coroutine that it lives in, however that ends.
struct Marker {
    explicit Marker(Seen& of) : seen(of) { seen.begun = true; }
    Marker(const Marker&) = delete;
    Marker& operator=(const Marker&) = delete;
    ~Marker() { seen.ended = true; }
    Seen& seen;
};

constexpr std::size_t block_size = 64 * 1024;

awaitable<void> write_words(ResponseStream stream, Seen& seen) {
    const Marker marker(seen);
    co_await stream.write("one");
    co_await stream.write("");
    co_await asyncio::sleep(1ms);
    co_await stream.write("sixteen letters.");
}

awaitable<Response> words(Seen& seen) {
    co_return StreamingResponse("text/plain; charset=utf-8", write_words, std::ref(seen));
}

awaitable<void> write_and_wait(ResponseStream stream, Seen& seen) {
    const Marker marker(seen);
    co_await stream.write("begun");
    co_await asyncio::sleep(1h);
}

awaitable<Response> waiting(Seen& seen) {
    co_return StreamingResponse("text/plain; charset=utf-8", write_and_wait, std::ref(seen));
}

awaitable<void> write_blocks(ResponseStream stream, Seen& seen) {
    const Marker marker(seen);
    while (seen.blocks < 200) {
        co_await stream.write(std::string(block_size, 'x'));
        ++seen.blocks;
    }
}

awaitable<Response> blocks(Seen& seen) {
    co_return StreamingResponse("application/octet-stream", write_blocks, std::ref(seen));
}

awaitable<void> write_and_throw(ResponseStream stream) {
    co_await stream.write("one");
    throw std::runtime_error("a mistake in the handler");
}

awaitable<Response> throwing() {
    co_return StreamingResponse("text/plain; charset=utf-8", write_and_throw);
}

awaitable<void> send_events(EventStream stream) {
    const beastapi::ServerSentEvent two_lines{
        .data = "two\nlines", .event = "greeting", .id = "7", .retry = 1500ms};
    co_await stream.send(two_lines);
    co_await asyncio::sleep(1h);
}

awaitable<Response> events() {
    co_return EventSourceResponse(send_events);
}

struct With : TestServerOptions {
    explicit With(Seen& seen) : TestServerOptions(quiet()) {
        set_up = [&seen](beastapi::App& app, chat::Chat&) {
            app.get("/words", words, seen);
            app.get("/waiting", waiting, seen);
            app.get("/blocks", blocks, seen);
            app.get("/throwing", throwing);
            app.get("/some-events", events);
        };
    }
};

Seen seen;

TestServerOptions with_streams() {
    seen = {};
    return With(seen);
}

awaitable<TcpClient> ask(TestServer& server, std::string request, int receive_buffer = 0) {
    TcpClient client = co_await TcpClient::connect(server.port(), receive_buffer);
    co_await client.send(std::move(request));
    co_return client;
}

const std::string host = " HTTP/1.1\r\nHost: localhost\r\n\r\n";

}  // namespace

BOOST_AUTO_TEST_SUITE(streaming)

SERVER_TEST(a_body_comes_in_chunks_and_the_connection_stays, with_streams()) {
    TcpClient client = co_await ask(server, "GET /words" + host);
    for (int i = 0; i < 2; ++i) {
        const std::string head = co_await client.read_until("\r\n\r\n");
        BOOST_TEST(head.find("Transfer-Encoding: chunked") != std::string::npos);
        BOOST_TEST(head.find("Content-Length") == std::string::npos);
        const std::string expected = "3\r\none\r\n10\r\nsixteen letters.\r\n0\r\n\r\n";
        const std::string body = co_await client.read(expected.size());
        BOOST_TEST(body == expected);
        co_await client.send("GET /words" + host);
    }
}

// Two requests at once: the second is read when the first is answered.
SERVER_TEST(a_request_may_come_while_a_stream_goes_on, with_streams()) {
    TcpClient client = co_await ask(server, "GET /words" + host + "GET /health" + host);
    co_await client.read_until("0\r\n\r\n");
    const std::string head = co_await client.read_until("\r\n\r\n");
    BOOST_TEST(head.starts_with("HTTP/1.1 404 "));
}

SERVER_TEST(http_1_0_reads_until_the_end_of_the_connection, with_streams()) {
    TcpClient client = co_await ask(server, "GET /words HTTP/1.0\r\n\r\n");
    const std::string head = co_await client.read_until("\r\n\r\n");
    BOOST_TEST(head.find("Transfer-Encoding") == std::string::npos);
    BOOST_TEST(head.find("Connection: close") != std::string::npos);
    const std::string body = co_await client.read_to_end();
    BOOST_TEST(body == "onesixteen letters.");
}

SERVER_TEST(head_runs_nothing, with_streams()) {
    TcpClient client = co_await ask(server, "HEAD /words" + host);
    const auto response = co_await read_response(client, true);
    BOOST_TEST(response.status == 200U);
    BOOST_TEST(response.header("content-length").empty());
    co_await send_request(client, "GET", "/openapi.json");
    const auto next = co_await read_response(client);
    BOOST_TEST(next.status == 200U);
    BOOST_TEST(!seen.begun);
}

SERVER_TEST(the_body_ends_when_the_client_goes, with_streams()) {
    for (const bool torn : {false, true}) {
        seen = {};
        TcpClient client = co_await ask(server, "GET /waiting" + host);
        co_await client.read_until("begun");
        if (torn) {
            client.tear();
        } else {
            client.close();
        }
        const auto has_ended = [] { return seen.ended; };
        co_await until(has_ended, "the end of the body");
    }
    co_await server.until_sessions(0);
}

SERVER_TEST(a_body_goes_no_faster_than_its_reader, with_streams()) {
    TcpClient client = co_await ask(server, "GET /blocks" + host, 4096);
    co_await client.read_until("\r\n\r\n");
    const auto has_begun = [] { return seen.blocks > 0; };
    co_await until(has_begun, "the first block");
    std::size_t taken = 0;
    for (int i = 0; i < 50; ++i) {
        co_await client.read_until("\r\n");
        co_await client.read(block_size + 2);
        taken += 1;
        // What the outbox, the system, and one block under way may hold.
        BOOST_TEST_REQUIRE(seen.blocks <= taken + 16);
    }
    BOOST_TEST(!seen.ended);
}

SERVER_TEST(an_exception_cuts_the_body_short, with_streams()) {
    TcpClient client = co_await ask(server, "GET /throwing" + host);
    co_await client.read_until("\r\n\r\n");
    const std::string body = co_await client.read_to_end();
    BOOST_TEST(body == "3\r\none\r\n");
}

SERVER_TEST(a_shutdown_ends_a_stream_at_once, with_streams()) {
    TcpClient client = co_await ask(server, "GET /waiting" + host);
    co_await client.read_until("begun\r\n");
    const auto begin = std::chrono::steady_clock::now();
    co_await server.stop();
    BOOST_TEST((std::chrono::steady_clock::now() - begin < 5s));
    const std::string rest = co_await client.read_to_end();
    BOOST_TEST(rest == "0\r\n\r\n");
    BOOST_TEST(seen.ended);
}

SERVER_TEST(an_event_has_its_fields, with_streams()) {
    TcpClient client = co_await ask(server, "GET /some-events" + host);
    const std::string head = co_await client.read_until("\r\n\r\n");
    BOOST_TEST(head.find("Content-Type: text/event-stream; charset=utf-8") != std::string::npos);
    BOOST_TEST(head.find("Cache-Control: no-store") != std::string::npos);
    BOOST_TEST(head.find("X-Accel-Buffering: no") != std::string::npos);
    const std::string event = co_await client.read_until("\n\n");
    BOOST_TEST(event.substr(event.find("\r\n") + 2) ==
               "event: greeting\nid: 7\nretry: 1500\ndata: two\ndata: lines\n\n");
}

BOOST_AUTO_TEST_CASE(a_field_cannot_bring_another_field) {
    BOOST_CHECK_THROW(beastapi::encode({.data = "x", .id = "1\ndata: y"}), std::invalid_argument);
    BOOST_CHECK_THROW(beastapi::encode({.data = "x", .event = "a\rb"}), std::invalid_argument);
    BOOST_TEST(beastapi::encode({.data = "a\r\nb\rc\n"}) ==
               "data: a\ndata: b\ndata: c\ndata: \n\n");
}

BOOST_AUTO_TEST_SUITE_END()
