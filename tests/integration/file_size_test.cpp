// A database under a file size limit (`ulimit -f`): the program outlives it, and says so.
#include "support/http_client.hpp"
#include "support/loop.hpp"
#include "support/server_process.hpp"
#include "support/temporary_directory.hpp"
#include "support/websocket_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <csignal>
#include <string>
#include <string_view>

using namespace test;

namespace {

constexpr std::size_t limit = 400'000;
constexpr std::size_t size = 3'000;  // of a message: 100 are more than the limit with what is there

std::string_view type_of(const boost::json::object& frame) {
    return frame.at("type").as_string();
}

/// What the server answers to a message: the first frame that is an acknowledgement or an error.
awaitable<boost::json::object> answer_to(WebSocketClient& client, std::string id) {
    boost::json::object message;
    message["id"] = id;
    message["message"] = std::string(size, 'x');
    co_await client.send_json(message);
    boost::json::object answer;
    do {
        answer = co_await client.receive_json();
    } while (type_of(answer) != "ack" && type_of(answer) != "error");
    BOOST_TEST((answer.at("id").as_string() == id));
    co_return answer;
}

/// Sends messages until one is refused.
awaitable<void> fill(WebSocketClient& client, std::string& refused) {
    boost::json::object answer;
    int sent = 0;
    do {
        refused = std::to_string(sent);
        answer = co_await answer_to(client, refused);
        ++sent;
    } while (type_of(answer) == "ack" && sent < 100);
    BOOST_TEST(sent > 1, "there is room for the first");
    BOOST_TEST_REQUIRE(type_of(answer) == "error");
    BOOST_TEST((answer.at("code").as_string() == "unavailable"));
    BOOST_TEST(answer.at("retry").as_bool());
}

awaitable<void> fill_and_make_room(ServerProcess& process, unsigned short port) {
    WebSocketClient alice = co_await WebSocketClient::connect(port, "/ws/chat/Alice");
    std::string refused;
    co_await fill(alice, refused);
    // It goes on with what needs no room.
    const HttpResponse health = co_await get(port, "/health");
    BOOST_TEST(health.status == 200);
    co_await alice.send_text(R"({"type":"heartbeat"})");
    const auto heartbeat = co_await alice.receive_json();
    BOOST_TEST(type_of(heartbeat) == "heartbeat_ack");
    // And with the message that was refused, once there is room.
    process.limit_file_size(100 * limit);
    const auto answer = co_await answer_to(alice, refused);
    BOOST_TEST(type_of(answer) == "ack");
    BOOST_TEST(!answer.contains("duplicate"));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(file_size)

BOOST_AUTO_TEST_CASE(a_database_that_may_not_grow_refuses_messages_and_the_server_goes_on) {
    const TemporaryDirectory folder;
    ServerProcess process({"--port", "0", "--message-rate", "0", "--client-rate-in", "0",
                           "--database", (folder.path() / "chat.db").string()});
    const unsigned short port = process.port();
    process.limit_file_size(limit);
    io_context context{1};
    run(context, fill_and_make_room(process, port));
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 0);
    const std::string& log = process.standard_error();
    BOOST_TEST(log.find("the database can't be written") != std::string::npos, log);
}

BOOST_AUTO_TEST_SUITE_END()
