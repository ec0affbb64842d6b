// What a proxy is told that asks whether it should send clients here.
#include "routers/pages.hpp"
#include "support/http_client.hpp"
#include "support/server_process.hpp"
#include "support/test_server.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <string>

using namespace test;

namespace {

constexpr const char* path = "/health/ready";

TestServerOptions room_for(std::size_t connections, std::size_t reserved = 0) {
    TestServerOptions options = quiet();
    options.server.max_connections = connections;
    options.server.reserved_connections = reserved;
    options.set_up = [](beastapi::App& app, chat::Chat& chat) {
        app.get(path, routers::readiness, app, chat).answered_when_full(true);
    };
    return options;
}

awaitable<void> is_starting(unsigned short port) {
    const HttpResponse response = co_await get(port, path);
    BOOST_TEST(response.status == 503U);
    BOOST_TEST(response.body == R"({"status":"starting"})");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(readiness)

SERVER_TEST(it_is_ready_until_it_is_told_to_stop, room_for(0)) {
    TcpClient proxy = co_await TcpClient::connect(server.port());
    co_await send_request(proxy, "GET", path);
    HttpResponse response = co_await read_response(proxy);
    BOOST_TEST(response.status == 200U);
    BOOST_TEST(response.body == R"({"status":"ready"})");
    server.app().set_draining(true);
    // Over the same connection: it serves on.
    co_await send_request(proxy, "GET", path);
    response = co_await read_response(proxy);
    BOOST_TEST(response.status == 503U);
    BOOST_TEST(response.body == R"({"status":"draining"})");
    co_await send_request(proxy, "GET", "/ws/status");
    response = co_await read_response(proxy);
    BOOST_TEST(response.status == 200U);
    WebSocketClient late = co_await server.join("Late");
}

BOOST_AUTO_TEST_CASE(it_is_not_ready_while_it_has_never_reached_its_redis) {
    ServerProcess process({"--port", "0", "--redis", "unix:///no/such/redis.sock"});
    boost::asio::io_context context{1};
    run(context, is_starting(process.port()));
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 0);
}

SERVER_TEST(it_answers_when_the_server_is_full_but_keeps_no_connection, room_for(1)) {
    WebSocketClient member = co_await server.join("Alice");
    for (int i = 0; i < 3; ++i) {
        TcpClient proxy = co_await TcpClient::connect(server.port());
        co_await send_request(proxy, "GET", path);
        const HttpResponse response = co_await read_response(proxy);
        BOOST_TEST(response.status == 200U);
        BOOST_TEST(response.header("connection") == "close");
        const std::string rest = co_await proxy.read_to_end();
        BOOST_TEST(rest.empty());
    }
    const HttpResponse other = co_await get(server.port(), "/ws/status");
    BOOST_TEST(other.status == 503U);
}

SERVER_TEST(it_takes_no_place_that_is_kept_for_others, room_for(2, 1)) {
    WebSocketClient member = co_await server.join("Alice");
    const HttpResponse response = co_await get(server.port(), path);
    BOOST_TEST(response.status == 200U);
    BOOST_TEST(response.header("connection") == "close");
    const HttpResponse other = co_await get(server.port(), "/ws/status");
    BOOST_TEST(other.status == 503U);
}

BOOST_AUTO_TEST_SUITE_END()
