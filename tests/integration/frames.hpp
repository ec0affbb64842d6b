// Frames that keep the rules of RFC 6455, and that break them.
#pragma once

#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>
#include <string>

namespace test {

inline Frame frame_of(unsigned code, std::string payload = "x") {
    Frame frame;
    frame.opcode = code;
    frame.payload = std::move(payload);
    return frame;
}

inline Frame fragment(unsigned code, std::string payload, bool fin) {
    Frame frame = frame_of(code, std::move(payload));
    frame.fin = fin;
    return frame;
}

/// Sends `bytes` on a fresh connection, which has to be closed with `code`, while another goes on.
inline awaitable<void> check_closed(TestServer& server, std::uint16_t code, std::string bytes,
                                    source_location where = source_location::current()) {
    WebSocketClient neighbour = co_await server.connect("/ws", where);
    WebSocketClient client = co_await server.connect("/ws", where);
    co_await client.tcp().send(std::move(bytes), where);
    co_await client.expect_close(code, std::nullopt, where);
    co_await neighbour.send_text("X", where);
    const std::string answer = co_await neighbour.receive_text(where);
    BOOST_TEST(answer == "Echo: X", to_string(where));
}

}  // namespace test
