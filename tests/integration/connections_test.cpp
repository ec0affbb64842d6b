// Many connections that come and go, in every way, and leave nothing behind.
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <filesystem>

using namespace test;

namespace {

std::size_t open_descriptors() {
    const std::filesystem::directory_iterator files("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

awaitable<void> until_empty(TestServer& server, std::size_t descriptors,
                            source_location where = source_location::current()) {
    co_await server.until_sessions(0, where);
    const auto closed = [descriptors] { return open_descriptors() == descriptors; };
    co_await until(closed, fmt::format("{} descriptors, not {}", descriptors, open_descriptors()),
                   where);
    BOOST_TEST(server.manager().get_connection_count() == 0U);
    BOOST_TEST(server.manager().get_connected_users().empty());
    BOOST_TEST(server.manager().lobby().members().empty());
}

}  // namespace

BOOST_AUTO_TEST_SUITE(connections)

SERVER_TEST(a_thousand_that_come_and_go_leave_no_descriptor_and_no_name) {
    const std::size_t before = open_descriptors();
    for (int i = 0; i < 1000; ++i) {
        const std::string heartbeat = i % 4 >= 2 ? "/heartbeat" : "";
        WebSocketClient client =
            co_await server.connect(fmt::format("/ws/chat/User{}{}", i, heartbeat));
        co_await client.receive_json();
        if (i % 2 == 0) {
            co_await client.close();
        } else {
            client.tear();
        }
    }
    co_await until_empty(server, before);
}

SERVER_TEST(many_at_once_leave_no_descriptor_and_no_name) {
    const std::size_t before = open_descriptors();
    for (int round = 0; round < 5; ++round) {
        std::vector<WebSocketClient> clients;
        clients.reserve(100);
        for (int i = 0; i < 100; ++i) {
            clients.push_back(co_await server.join(fmt::format("User{}", i)));
        }
        BOOST_TEST(server.manager().get_connected_users().size() == 100U);
        // Those that stay are told of all who go, while they go themselves.
        for (std::size_t i = 0; i < clients.size(); ++i) {
            if (i % 2 == 0) {
                clients[i].tear();
            } else {
                clients[i].tcp().shut_down();
            }
        }
        co_await server.until_members(0);
        clients.clear();
        co_await until_empty(server, before);
    }
}

SERVER_TEST(connections_that_never_say_anything_can_all_be_torn) {
    const std::size_t before = open_descriptors();
    std::vector<TcpClient> clients;
    clients.reserve(200);
    for (int i = 0; i < 200; ++i) {
        clients.push_back(co_await TcpClient::connect(server.port()));
    }
    co_await server.until_sessions(200);
    for (std::size_t i = 0; i < clients.size(); ++i) {
        if (i % 2 == 0) {
            clients[i].tear();
        }
    }
    clients.clear();
    co_await until_empty(server, before);
}

SERVER_TEST(a_hundred_members_all_hear_one_order) {
    constexpr int members = 100;
    std::vector<WebSocketClient> clients;
    clients.reserve(members);
    for (int i = 0; i < members; ++i) {
        clients.push_back(co_await server.join(fmt::format("User{}", i)));
    }
    for (int i = 0; i < members; ++i) {
        co_await clients[static_cast<std::size_t>(i)].send_text(
            fmt::format(R"({{"message":"{}"}})", i));
    }
    std::vector<std::string> order;
    for (int i = 0; i < members; ++i) {
        std::vector<std::string> heard;
        while (heard.size() < members) {
            const auto frame = co_await clients[static_cast<std::size_t>(i)].receive_json();
            if (frame.at("type").as_string() == "message") {
                heard.emplace_back(frame.at("message").as_string());
            }
        }
        if (order.empty()) {
            order = heard;
        }
        BOOST_TEST((heard == order), "another order for member " << i);
    }
}

BOOST_AUTO_TEST_SUITE_END()
