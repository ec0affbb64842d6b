// Twenty thousand connections come and go in every way: afterwards the program is as it was before.
#include "support/server_process.hpp"
#include "support/websocket_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <csignal>
#include <vector>

using namespace test;

namespace {

constexpr std::size_t at_a_time = 8;

/// A connection that comes and goes in one of five ways.
awaitable<void> come_and_go(unsigned short port, std::size_t number, std::string from) {
    const std::size_t way = number % 5;
    if (way == 0) {
        TcpOptions options;
        options.from = from;
        TcpClient half = co_await TcpClient::connect(port, options);
        co_await half.send("GET /ws HTTP/1.1\r\nHost: loc");
        half.tear();
        co_return;
    }
    ConnectOptions options;
    options.from = from;
    const std::string target =
        way <= 2 ? "/ws" : fmt::format("/ws/chat/User{}{}", number, way == 3 ? "" : "/heartbeat");
    WebSocketClient client = co_await WebSocketClient::connect(port, target, options);
    co_await client.send_text(R"({"message":"Hello"})");
    co_await client.receive();
    if (way == 1) {
        co_await client.close();
    } else {
        client.tear();
    }
}

/// Each from an address of its own: the ports of one do not last for all.
awaitable<void> come_and_go_often(unsigned short port, std::size_t times, std::size_t self) {
    for (std::size_t i = 0; i < times; ++i) {
        co_await come_and_go(port, i * at_a_time + self, fmt::format("127.0.0.{}", 2 + self));
    }
}

awaitable<void> churn(ServerProcess& process, unsigned short port, std::size_t connections,
                      std::size_t descriptors) {
    std::vector<Task> tasks;
    tasks.reserve(at_a_time);
    for (std::size_t i = 0; i < at_a_time; ++i) {
        tasks.push_back(co_await Task::start(come_and_go_often(port, connections / at_a_time, i)));
    }
    for (Task& task : tasks) {
        co_await task.join();
    }
    const auto gone = [&process, descriptors] { return process.open_descriptors() == descriptors; };
    co_await until(gone, fmt::format("{} descriptors", descriptors));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(churning)

BOOST_AUTO_TEST_CASE(twenty_thousand_leave_neither_descriptors_nor_memory_behind) {
    // At info its log would fill the pipe, which nobody reads here.
    ServerProcess process({"--port", "0", "--connection-rate", "0", "--client-rate-in", "0",
                           "--client-rate-out", "0", "--log-level", "error"});
    const unsigned short port =
        static_cast<unsigned short>(std::stoi(process.wait_for(R"(http://127\.0\.0\.1:(\d+))")));
    const std::size_t descriptors = process.open_descriptors();
    io_context context{1};
    // What it allocates once, it may keep.
    test::run(context, churn(process, port, 2'000, descriptors));
    const std::size_t before = process.resident_bytes();
    for (int i = 0; i < 10; ++i) {
        test::run(context, churn(process, port, 2'000, descriptors));
    }
    const std::size_t after = process.resident_bytes();
    BOOST_TEST_MESSAGE("resident: " << before << " bytes before, " << after << " after");
#ifndef __SANITIZE_ADDRESS__  // which keeps for a while what was freed, and tells of leaks itself
    // A leak of a hundred bytes a connection would be twice as much.
    BOOST_TEST(after < before + 1024 * 1024);
#endif
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
