// How the server lets go of a peer: in bounded time, for every reason to end a connection, and
// whatever the peer does to hold it.
#include "beastapi/asyncio.hpp"
#include "chat/session.hpp"
#include "support/test_server.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/test/unit_test.hpp>

#include <array>

using namespace test;
using beastapi::WebSocket;
using beastapi::asyncio::settle;
using beastapi::asyncio::sleep;
using std::chrono::steady_clock;

namespace {

constexpr auto patience = 200ms;  // all the time limits of these servers
// The server may need a few times its patience: to notice, to say goodbye, and to wait for the
// answer. The rest is for a machine that is busy with other things.
constexpr auto bound = 5s;

// Far more than the system's buffers of one connection hold, so that the rest waits in the outbox.
constexpr std::size_t megabytes = 8 * 1024 * 1024;

/// What the test tells a handler.
struct Cue {
    bool given = false;
};

awaitable<void> wait_for_cue(const Cue& cue) {
    while (!cue.given) {
        co_await sleep(1ms);
    }
}

awaitable<void> closes_when_told(WebSocket websocket, chat::Chat& chat, const Cue& cue) {
    const auto session = co_await chat.connect(websocket, "Peer");
    co_await wait_for_cue(cue);
    co_await websocket.close(4000, "Enough");
}

awaitable<void> expire_when_told(WebSocket websocket, const Cue& cue) {
    co_await wait_for_cue(cue);
    websocket.post_text("Your token has expired");
    websocket.post_close(beastapi::close_code::policy_violation, "Unauthorized");
}

awaitable<void> is_closed_from_outside(WebSocket websocket, chat::Chat& chat, const Cue& cue) {
    const auto session = co_await chat.connect(websocket, "Peer");
    const auto executor = co_await boost::asio::this_coro::executor;
    boost::asio::co_spawn(executor, expire_when_told(websocket, cue), boost::asio::detached);
    while (true) {
        co_await websocket.receive();
    }
}

/// One cell of the table.
struct Scene {
    TestServer& server;
    WebSocketClient& peer;
    Cue& cue;
};

/// A reason for which the server ends a connection.
struct Reason {
    std::string target;
    void (*configure)(TestServerOptions&);
    awaitable<void> (*happens)(Scene);
};

void queue_megabytes(TestServer& server) {
    const std::string text(64 * 1024, 'x');
    for (std::size_t sent = 0; sent < megabytes; sent += text.size()) {
        server.manager().broadcast(text);
    }
}

void roomy_outbox(TestServerOptions& options) {
    options.server.outbox_limit = 2 * megabytes;
}

void low_rate(TestServerOptions& options) {
    roomy_outbox(options);
    options.chat.message_rate = {.rate = 0.001, .burst = 1};
}

awaitable<void> nothing_happens(Scene) {
    co_return;
}

awaitable<void> cue_is_given(Scene scene) {
    scene.cue.given = true;
    co_return;
}

awaitable<void> peer_talks_too_much(Scene scene) {
    Frame frame;
    frame.payload = R"({"type":"pong"})";
    std::string many;
    for (int i = 0; i < 50; ++i) {
        many += encode(frame);
    }
    // A peer that has ended its side, or floods already, cannot say more.
    co_await settle(scene.peer.tcp().send(many));
}

awaitable<void> outbox_overflows(Scene scene) {
    for (int i = 0; i < 3; ++i) {
        queue_megabytes(scene.server);
    }
    co_return;
}

awaitable<void> server_stops(Scene scene) {
    const Task stopping = co_await Task::start(scene.server.stop());
    const auto begun = [&scene] { return scene.server.stopping(); };
    co_await until(begun, "the server to stop");
}

/// What a peer does that makes it hard to get rid of.
struct Manner {
    std::string name;
    bool clogged;  // megabytes wait for it, and it has pinged since
    awaitable<void> (*before)(WebSocketClient&);
    awaitable<void> (*after)(WebSocketClient&, const bool&);  // until the flag is set
};

awaitable<void> does_nothing(WebSocketClient&) {
    co_return;
}

awaitable<void> does_nothing_more(WebSocketClient&, const bool&) {
    co_return;
}

awaitable<void> reads_a_few_bytes_now_and_then(WebSocketClient& peer, const bool& over) {
    while (!over) {
        co_await peer.tcp().read(16);
        co_await sleep(20ms);
    }
}

awaitable<void> reads_everything(WebSocketClient& peer, const bool&) {
    co_await peer.tcp().read_to_end();
}

awaitable<void> ends_its_side(WebSocketClient& peer) {
    peer.tcp().shut_down();
    co_return;
}

awaitable<void> ends_its_side_later(WebSocketClient& peer, const bool&) {
    peer.tcp().shut_down();
    co_return;
}

awaitable<void> sends_pings_and_messages(WebSocketClient& peer, const bool& over) {
    Frame ping;
    ping.opcode = opcode::ping;
    ping.payload = std::string(125, 'x');
    Frame message;
    message.payload = R"({"type":"heartbeat"})";
    std::string many;
    for (int i = 0; i < 500; ++i) {
        many += encode(ping) + encode(message);
    }
    while (!over) {
        co_await peer.tcp().send(many);
        co_await sleep(1ms);
    }
}

const std::array<Manner, 7> manners{{
    {"reads slowly", true, does_nothing, reads_a_few_bytes_now_and_then},
    {"never reads", true, does_nothing, does_nothing_more},
    {"reads, and never answers", false, does_nothing, reads_everything},
    {"has ended its side, and never reads", true, ends_its_side, does_nothing_more},
    {"ends its side after ours, and never reads", true, does_nothing, ends_its_side_later},
    {"floods, and never reads", false, does_nothing, sends_pings_and_messages},
    {"floods with megabytes waiting for it", true, does_nothing, sends_pings_and_messages},
}};

TestServerOptions options_of(const Reason& reason, const Cue& cue) {
    TestServerOptions options = quiet();
    options.server.ping_interval = patience;
    options.server.handshake_timeout = patience;
    options.server.send_timeout = patience;
    options.server.shutdown_timeout = 1h;  // would end all of them
    reason.configure(options);
    options.set_up = [&cue](beastapi::App& app, chat::Chat& chat) {
        app.websocket("/closing", closes_when_told, chat, cue);
        app.websocket("/expiring", is_closed_from_outside, chat, cue);
    };
    return options;
}

awaitable<void> play(TestServer& server, const Reason& reason, const Manner& manner, Cue& cue) {
    ConnectOptions options;
    options.receive_buffer = 4096;
    WebSocketClient peer = co_await WebSocketClient::connect(server.port(), reason.target, options);
    co_await server.until_members(1);
    if (manner.clogged) {
        queue_megabytes(server);
        Frame ping;
        ping.opcode = opcode::ping;
        co_await peer.send(ping);
        co_await sleep(10ms);  // nothing shows that the server has read it
    }
    co_await manner.before(peer);
    bool over = false;
    const auto begin = steady_clock::now();
    const Scene scene{server, peer, cue};
    co_await reason.happens(scene);
    Task behaving = co_await Task::start(manner.after(peer, over));
    while (server.session_count() > 0 && steady_clock::now() - begin < bound) {
        co_await sleep(1ms);
    }
    BOOST_TEST(server.session_count() == 0U, "the server holds on to a peer that " << manner.name);
    over = true;
    peer.tear();
    co_await settle(behaving.join());
    // What is still there belongs to the peer that was just torn.
    co_await server.until_sessions(0);
    cue.given = true;
}

void check_every_manner(const Reason& reason) {
    for (const Manner& manner : manners) {
        Cue cue;
        TestServer server(options_of(reason, cue));
        server.run(play(server, reason, manner, cue));
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ending)

BOOST_AUTO_TEST_CASE(no_peer_can_stop_the_end_when_it_answers_no_ping) {
    check_every_manner({"/ws/chat/Peer", roomy_outbox, nothing_happens});
}

BOOST_AUTO_TEST_CASE(no_peer_can_stop_the_end_when_the_handler_closes) {
    check_every_manner({"/closing", roomy_outbox, cue_is_given});
}

BOOST_AUTO_TEST_CASE(no_peer_can_stop_the_end_when_its_token_expires) {
    check_every_manner({"/expiring", roomy_outbox, cue_is_given});
}

BOOST_AUTO_TEST_CASE(no_peer_can_stop_the_end_when_it_talks_too_much) {
    check_every_manner({"/ws/chat/Peer", low_rate, peer_talks_too_much});
}

BOOST_AUTO_TEST_CASE(no_peer_can_stop_the_end_when_it_is_too_slow) {
    check_every_manner({"/ws/chat/Peer", roomy_outbox, outbox_overflows});
}

BOOST_AUTO_TEST_CASE(no_peer_can_stop_the_end_when_the_server_stops) {
    check_every_manner({"/ws/chat/Peer", roomy_outbox, server_stops});
}

BOOST_AUTO_TEST_SUITE_END()
