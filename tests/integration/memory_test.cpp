// What connections cost in memory: idle ones, and one whose client stays ahead of its handler.
#include "beastapi/asyncio.hpp"
#include "support/server_process.hpp"
#include "support/test_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <fstream>
#include <string>
#include <vector>

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

constexpr int warming_up = 50;  // connections after which all code and all lists are in memory
constexpr int idle = 300;

/// Connects so many clients to that path, of which `{}` is a number.
awaitable<void> connect(unsigned short port, std::string path, int count,
                        std::vector<WebSocketClient>& clients) {
    for (int i = 0; i < count; ++i) {
        const auto number = clients.size();
        clients.push_back(
            co_await WebSocketClient::connect(port, fmt::format(fmt::runtime(path), number)));
    }
}

/// How many bytes of RAM the server has for each of some connections that say nothing.
std::size_t bytes_of_an_idle_connection(const std::string& path) {
    ServerProcess server({"--port", "0", "--max-connections-per-address", "0",  //
                          "--connection-rate", "0", "--client-rate-in", "0",    //
                          "--client-rate-out", "0", "--log-level", "error"});
    const auto port =
        static_cast<unsigned short>(std::stoi(server.wait_for(R"(http://127\.0\.0\.1:(\d+))")));
    io_context context{1};
    std::vector<WebSocketClient> clients;
    clients.reserve(warming_up + idle);
    run(context, connect(port, path, warming_up, clients));
    const std::size_t before = server.resident_bytes();
    run(context, connect(port, path, idle, clients));
    return (server.resident_bytes() - before) / idle;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(memory)

BOOST_AUTO_TEST_CASE(an_idle_connection_holds_little) {
    BOOST_TEST(bytes_of_an_idle_connection("/ws") <= 4U * 1024);
    BOOST_TEST(bytes_of_an_idle_connection("/ws/chat/User{}") <= 7U * 1024);
    BOOST_TEST(bytes_of_an_idle_connection("/ws/chat/User{}/heartbeat") <= 10U * 1024);
}

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
