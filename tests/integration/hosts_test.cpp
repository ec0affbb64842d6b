// Under which names the server answers, and whom it takes a client for.
#include "support/test_server.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

using namespace test;

namespace {

TestServerOptions only(std::vector<std::string> hosts) {
    TestServerOptions options = quiet();
    options.set_up = [hosts](beastapi::App& app, chat::Chat&) {
        app.add_middleware(beastapi::TrustedHostMiddleware{hosts});
    };
    return options;
}

/// One WebSocket for each address.
TestServerOptions behind_a_proxy(std::string proxy) {
    TestServerOptions options = quiet();
    options.server.max_connections_per_address = 1;
    options.server.proxy_headers = true;
    options.server.forwarded_allow_ips = {std::move(proxy)};
    return options;
}

awaitable<WebSocketClient> join_from(TestServer& server, std::string address) {
    ConnectOptions options;
    options.headers = "X-Forwarded-For: " + address + "\r\n";
    WebSocketClient client =
        co_await WebSocketClient::connect(server.port(), "/ws/chat", std::move(options));
    co_return client;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(hosts)

SERVER_TEST(another_host_is_refused_for_requests_and_handshakes, only({"chat.example"})) {
    const HttpResponse page =
        co_await send_raw(server.port(), "GET /ws/status HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    BOOST_TEST(page.status == 400U);
    BOOST_TEST(page.body == R"({"detail":"Invalid host"})");
    const HttpResponse handshake =
        co_await send_raw(server.port(), handshake_request("/ws", "Origin: http://localhost\r\n"));
    BOOST_TEST(handshake.status == 400U);
    const HttpResponse whole_url = co_await send_raw(
        server.port(), "GET http://evil.example/ws/status HTTP/1.1\r\nHost: chat.example\r\n\r\n");
    BOOST_TEST(whole_url.status == 400U);
    BOOST_TEST(server.refusals().of("host") == 3U);
    const HttpResponse right = co_await send_raw(
        server.port(), "GET /ws/status HTTP/1.1\r\nHost: Chat.example:8000\r\n\r\n");
    BOOST_TEST(right.status == 200U);
}

SERVER_TEST(a_limit_by_address_holds_for_the_client_behind_the_proxy, behind_a_proxy("127.0.0.1")) {
    WebSocketClient first = co_await join_from(server, "192.0.2.1");
    co_await first.receive_json();
    WebSocketClient second = co_await join_from(server, "192.0.2.2");
    co_await second.receive_json();
    WebSocketClient again = co_await join_from(server, "192.0.2.66, 192.0.2.1");
    co_await again.expect_close(1008);
    BOOST_TEST(server.refusals().of("address_full") == 1U);
}

SERVER_TEST(what_a_stranger_says_of_itself_is_not_believed, behind_a_proxy("192.0.2.9")) {
    WebSocketClient first = co_await join_from(server, "192.0.2.1");
    co_await first.receive_json();
    WebSocketClient second = co_await join_from(server, "192.0.2.2");
    co_await second.expect_close(1008);
}

SERVER_TEST(with_tls_at_the_proxy_a_page_without_it_is_another_origin, behind_a_proxy("*")) {
    const std::string tls = "X-Forwarded-Proto: https\r\n";
    const HttpResponse plain = co_await send_raw(
        server.port(), handshake_request("/ws", tls + "Origin: http://localhost\r\n"));
    BOOST_TEST(plain.status == 403U);
    const HttpResponse safe =
        co_await send_raw(server.port(), handshake_request("/ws", "Origin: http://localhost\r\n"));
    BOOST_TEST(safe.status == 101U);
}

BOOST_AUTO_TEST_SUITE_END()
