// What a client that stays ahead of its handler costs in memory.
#include "beastapi/asyncio.hpp"
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>

#include <unistd.h>

#include <fstream>

using namespace test;
using beastapi::WebSocket;

namespace {

constexpr int batches = 400;
constexpr int messages_of_a_batch = 500;

awaitable<void> suspends_for_each_message(WebSocket websocket) {
    co_await websocket.accept();
    for (int i = 0; i < batches * messages_of_a_batch; ++i) {
        co_await websocket.receive();
        co_await beastapi::asyncio::sleep(0s);
    }
    co_await websocket.send_text("all of them");
}

TestServerOptions with_a_suspending_handler() {
    TestServerOptions options = quiet();
    options.set_up = [](beastapi::App& app, chat::Chat&) {
        app.websocket("/suspending", suspends_for_each_message);
    };
    return options;
}

awaitable<void> send_batches(WebSocketClient& client) {
    Frame frame;
    frame.payload = "x";
    std::string batch;
    for (int i = 0; i < messages_of_a_batch; ++i) {
        batch += encode(frame);
    }
    for (int i = 0; i < batches; ++i) {
        co_await client.tcp().send(batch);
    }
}

/// What this process has in RAM.
std::size_t resident_bytes() {
    std::ifstream file("/proc/self/statm");
    std::size_t total = 0;
    std::size_t resident = 0;
    file >> total >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(memory)

SERVER_TEST(an_inbox_that_is_never_empty_does_not_grow, with_a_suspending_handler()) {
    WebSocketClient client = co_await server.connect("/suspending");
    const std::size_t before = resident_bytes();
    Task sending = co_await Task::start(send_batches(client));
    const std::string answer = co_await client.receive_text();
    BOOST_TEST(answer == "all of them");
    co_await sending.join();
    // An inbox that kept a place for each message had 40 bytes of each: 8 MB.
    BOOST_TEST(resident_bytes() < before + 4'000'000U);
}

BOOST_AUTO_TEST_SUITE_END()
