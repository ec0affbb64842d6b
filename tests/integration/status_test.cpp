// `GET /ws/status`: who is connected, and since when silent.
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>

#include <regex>

using namespace test;

BOOST_AUTO_TEST_SUITE(status)

SERVER_TEST(it_is_empty_at_first) {
    const HttpResponse response = co_await get(server.port(), "/ws/status");
    BOOST_TEST(response.status == 200U);
    BOOST_TEST(response.header("content-type") == "application/json");
    BOOST_TEST(response.body ==
               R"({"connected_count":0,"connected_users":[],)"
               R"("heartbeat_timeout":3600,"connections":[],"rooms":[],"refusals":{},)"
               R"("status":"active"})");
}

SERVER_TEST(it_lists_each_connection_and_each_user_once) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient nameless = co_await server.join_nameless();
    WebSocketClient bob = co_await server.join_with_heartbeat("Bob");
    WebSocketClient phone = co_await server.join("Alice");
    WebSocketClient echo = co_await server.connect("/ws");
    const HttpResponse response = co_await get(server.port(), "/ws/status");
    const auto status = response.json();
    BOOST_TEST(status.at("connected_count").to_number<int>() == 4);
    BOOST_TEST((status.at("connected_users") == boost::json::array{"Alice", "Bob"}));
    BOOST_TEST(status.at("status").as_string() == "active");
    const auto& connections = status.at("connections").as_array();
    BOOST_TEST_REQUIRE(connections.size() == 4U);
    const std::vector<std::string> names{"Alice", "Unknown", "Bob", "Alice"};
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto& connection = connections.at(i).as_object();
        BOOST_TEST((connection.at("username").as_string() == names[i]));
        const std::string time(connection.at("last_activity").as_string());
        BOOST_TEST(std::regex_match(time, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})")),
                   time);
        const double idle = connection.at("idle_seconds").to_number<double>();
        BOOST_TEST(idle >= 0.0);
        BOOST_TEST(idle < 15.0);
    }
}

SERVER_TEST(a_message_makes_its_sender_active) {
    WebSocketClient alice = co_await server.join("Alice");
    const HttpResponse before = co_await get(server.port(), "/ws/status");
    co_await alice.send_text("anything");
    co_await alice.receive_json();
    const HttpResponse after = co_await get(server.port(), "/ws/status");
    const auto time = [](const HttpResponse& response) {
        const auto status = response.json();
        return std::string(
            status.at("connections").as_array().at(0).at("last_activity").as_string());
    };
    BOOST_TEST(time(before) < time(after));
}

SERVER_TEST(who_left_is_not_listed) {
    WebSocketClient alice = co_await server.join("Alice");
    WebSocketClient bob = co_await server.join("Bob");
    co_await alice.close();
    const auto leave = co_await bob.receive_json();
    BOOST_TEST(leave.at("event").as_string() == "leave");
    const HttpResponse response = co_await get(server.port(), "/ws/status");
    const auto status = response.json();
    BOOST_TEST((status.at("connected_users") == boost::json::array{"Bob"}));
}

BOOST_AUTO_TEST_SUITE_END()
