// The server stops: everyone gets all that was accepted, then 1001, and nobody can hold it up.
#include "beastapi/asyncio.hpp"
#include "chat/session.hpp"
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace test;
using beastapi::WebSocket;
using std::chrono::steady_clock;

namespace {

constexpr std::string_view reason = "Server is shutting down";

TestServerOptions patient_for(steady_clock::duration timeout) {
    TestServerOptions options = quiet();
    options.server.shutdown_timeout = timeout;
    return options;
}

/// All text frames until the close frame, which has to be 1001.
awaitable<std::vector<std::string>> receive_to_the_end(WebSocketClient& client) {
    std::vector<std::string> texts;
    Frame frame = co_await client.receive();
    while (frame.opcode == opcode::text) {
        texts.push_back(frame.payload);
        frame = co_await client.receive();
    }
    BOOST_TEST(frame.opcode == opcode::close);
    BOOST_TEST(frame.payload == close_payload(1001, reason));
    Frame answer;
    answer.opcode = opcode::close;
    answer.payload = close_payload(1001);
    co_await client.send(answer);
    const std::string rest = co_await client.tcp().read_to_end();
    BOOST_TEST(rest.empty());
    client.tcp().close();
    co_return texts;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stopping)

SERVER_TEST(every_websocket_is_closed_with_1001) {
    std::vector<WebSocketClient> clients;
    for (const std::string target :
         {"/ws", "/ws/chat", "/ws/chat/Alice", "/ws/chat/Bob/heartbeat"}) {
        clients.push_back(co_await server.connect(target));
    }
    Task stopping = co_await Task::start(server.stop());
    for (WebSocketClient& client : clients) {
        const auto texts = co_await receive_to_the_end(client);
        for (const std::string& text : texts) {
            BOOST_TEST(text.find("leave") == std::string::npos, "nobody is told that others go");
        }
    }
    co_await stopping.join();
    BOOST_TEST(server.session_count() == 0U);
}

SERVER_TEST(all_get_the_same_messages_up_to_the_last_that_was_accepted) {
    constexpr std::size_t members = 20;
    std::vector<WebSocketClient> clients;
    clients.reserve(members);
    for (std::size_t i = 0; i < members; ++i) {
        clients.push_back(co_await server.join(fmt::format("User{}", i)));
    }
    // Everyone talks, and nobody reads: the stop comes somewhere in the middle of it.
    for (int round = 0; round < 20; ++round) {
        for (WebSocketClient& client : clients) {
            co_await client.send_text(fmt::format(R"({{"message":"{}"}})", round));
        }
    }
    Task stopping = co_await Task::start(server.stop());
    std::vector<std::string> expected;
    for (WebSocketClient& client : clients) {
        std::vector<std::string> messages;
        for (std::string& text : co_await receive_to_the_end(client)) {
            if (text.starts_with(R"({"type":"message")")) {
                messages.push_back(std::move(text));
            }
        }
        if (expected.empty()) {
            expected = messages;
        }
        BOOST_TEST((messages == expected), "members heard different things");
    }
    BOOST_TEST(!expected.empty());
    co_await stopping.join();
}

SERVER_TEST(nobody_can_connect_any_more) {
    WebSocketClient client = co_await server.connect("/ws");
    Task stopping = co_await Task::start(server.stop());
    const auto stopping_now = [&server] { return server.stopping(); };
    co_await until(stopping_now, "the server to stop");
    bool refused = false;
    try {
        TcpClient late = co_await TcpClient::connect(server.port());
    } catch (const DeadlineExceeded&) {
        throw;
    } catch (const std::runtime_error&) {
        refused = true;
    }
    BOOST_TEST(refused);
    co_await receive_to_the_end(client);
    co_await stopping.join();
}

SERVER_TEST(idle_http_connections_are_closed_at_once) {
    TcpClient silent = co_await TcpClient::connect(server.port());
    TcpClient kept = co_await TcpClient::connect(server.port());
    co_await send_request(kept, "GET", "/ws/status");
    co_await read_response(kept);
    const auto begin = steady_clock::now();
    Task stopping = co_await Task::start(server.stop());
    const std::string from_silent = co_await silent.read_to_end();
    BOOST_TEST(from_silent.empty());
    const std::string from_kept = co_await kept.read_to_end();
    BOOST_TEST(from_kept.empty());
    silent.tear();
    kept.tear();
    co_await stopping.join();
    BOOST_TEST((steady_clock::now() - begin < 5s));
}

SERVER_TEST(a_client_that_got_its_answer_and_lingers_does_not_hold_it_up) {
    std::vector<TcpClient> lingering;
    for (const std::string request :
         {"GET /ws/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "nonsense\r\n\r\n"}) {
        lingering.push_back(co_await TcpClient::connect(server.port()));
        co_await lingering.back().send(request);
        co_await lingering.back().read_to_end();
    }
    const auto begin = steady_clock::now();
    co_await server.stop();
    BOOST_TEST((steady_clock::now() - begin < 5s));
}

SERVER_TEST(a_silent_http_client_that_does_not_hang_up_does_not_hold_it_up) {
    TcpClient silent = co_await TcpClient::connect(server.port());
    co_await server.until_sessions(1);
    const auto begin = steady_clock::now();
    co_await server.stop();
    BOOST_TEST((steady_clock::now() - begin < 5s));
}

SERVER_TEST(a_client_that_does_not_answer_the_close_is_torn_when_the_time_is_up,
            patient_for(200ms)) {
    WebSocketClient alice = co_await server.join("Alice");
    const auto begin = steady_clock::now();
    co_await server.stop();
    const auto took = steady_clock::now() - begin;
    BOOST_TEST((took >= 200ms));
    BOOST_TEST((took < 5s));
}

SERVER_TEST(a_client_that_does_not_read_is_torn_when_the_time_is_up, patient_for(200ms)) {
    ConnectOptions options;
    options.receive_buffer = 4096;
    WebSocketClient stuck =
        co_await WebSocketClient::connect(server.port(), "/ws/chat/Stuck", options);
    WebSocketClient alice = co_await server.join("Alice");
    const std::string frame = R"({"message":")" + std::string(60'000, 'x') + R"("})";
    for (int i = 0; i < 10; ++i) {
        co_await alice.send_text(frame);
        co_await alice.receive_json();
    }
    const auto begin = steady_clock::now();
    Task stopping = co_await Task::start(server.stop());
    co_await receive_to_the_end(alice);
    co_await stopping.join();
    BOOST_TEST((steady_clock::now() - begin < 5s));
}

static awaitable<void> sleeps_for_ever(WebSocket websocket, chat::Chat& chat) {
    const auto session = co_await chat.connect(websocket, "Sleeper");
    co_await beastapi::asyncio::sleep(24h);
}

static TestServerOptions with_a_sleeper() {
    TestServerOptions options = patient_for(200ms);
    options.set_up = [](beastapi::App& app, chat::Chat& chat) {
        app.websocket("/sleeper", sleeps_for_ever, chat);
    };
    return options;
}

SERVER_TEST(a_handler_that_sleeps_ends_with_the_loop_and_leaves_the_chat, with_a_sleeper()) {
    server.expect_work_left();
    WebSocketClient client = co_await server.connect("/sleeper");
    co_await server.until_members(1);
    const auto begin = steady_clock::now();
    Task stopping = co_await Task::start(server.stop());
    co_await receive_to_the_end(client);
    co_await stopping.join();
    BOOST_TEST((steady_clock::now() - begin < 5s));
}

SERVER_TEST(a_request_that_is_being_answered_is_finished) {
    TcpClient client = co_await TcpClient::connect(server.port());
    co_await send_request(client, "GET", "/ws/status");
    const auto begun = [&client] { return client.has_input(); };
    co_await until(begun, "the answer to begin");
    Task stopping = co_await Task::start(server.stop());
    const HttpResponse response = co_await read_response(client);
    BOOST_TEST(response.status == 200U);
    client.tear();
    co_await stopping.join();
}

SERVER_TEST(a_handshake_amid_the_stop_is_not_left_hanging) {
    std::vector<TcpClient> clients;
    clients.reserve(50);
    for (int i = 0; i < 50; ++i) {
        clients.push_back(co_await TcpClient::connect(server.port()));
    }
    for (TcpClient& client : clients) {
        co_await client.send(handshake_request("/ws/chat/Alice"));
    }
    Task stopping = co_await Task::start(server.stop());
    for (TcpClient& client : clients) {
        client.shut_down();
        co_await client.read_to_end();
    }
    co_await stopping.join();
    BOOST_TEST(server.session_count() == 0U);
}

static TestServerOptions patient_for_an_hour() {
    TestServerOptions options = patient_for(1h);
    options.server.handshake_timeout = 200ms;
    return options;
}

/// A head that takes Beast's parser several reads of 512 bytes.
static std::string long_handshake() {
    return handshake_request("/ws/chat/Alice", "X-Filler: " + std::string(2000, 'x') + "\r\n");
}

/// What the server sends to its end is an answer that refuses, or nothing; or, if it accepted
/// before the stop, it says goodbye as to everybody.
static void check_refused_or_closed(std::string_view bytes, std::string_view when) {
    if (bytes.starts_with("HTTP/1.1 101")) {
        BOOST_TEST(bytes.ends_with("\x88\x19" + close_payload(1001, reason)), when);
    } else if (!bytes.empty()) {
        BOOST_TEST(bytes.starts_with("HTTP/1.1 503"), when);
    }
}

static awaitable<void> stop_amid_a_handshake(TestServer& server, int turns) {
    TcpClient client = co_await TcpClient::connect(server.port());
    co_await server.until_sessions(1);
    client.send_now(long_handshake());
    for (int i = 0; i < turns; ++i) {
        co_await beastapi::asyncio::sleep(0s);
    }
    Task stopping = co_await Task::start(server.stop());
    const std::string bytes = co_await client.read_to_end();
    check_refused_or_closed(bytes, fmt::format("after {} turns", turns));
    client.tear();
    co_await stopping.join();
}

BOOST_AUTO_TEST_CASE(a_handshake_of_several_reads_that_races_the_stop_is_refused_or_closed) {
    // The stop comes after so many turns of the loop.
    for (int turns = 0; turns < 20; ++turns) {
        TestServer server(patient_for_an_hour());
        server.run(stop_amid_a_handshake(server, turns));
    }
}

SERVER_TEST(the_rest_of_a_handshake_after_the_stop_does_not_open_a_websocket,
            patient_for_an_hour()) {
    const std::string handshake = long_handshake();
    TcpClient client = co_await TcpClient::connect(server.port());
    co_await server.until_sessions(1);
    client.send_now(handshake.substr(0, 600));
    co_await beastapi::asyncio::sleep(20ms);  // nothing shows that the server has read it
    Task stopping = co_await Task::start(server.stop());
    const auto begun = [&server] { return server.stopping(); };
    co_await until(begun, "the server to stop");
    co_await beastapi::asyncio::settle(client.send(handshake.substr(600)));
    const std::string bytes = co_await client.read_to_end();
    BOOST_TEST(!bytes.starts_with("HTTP/1.1 101"));
    client.tear();
    co_await stopping.join();
}

BOOST_AUTO_TEST_SUITE_END()
