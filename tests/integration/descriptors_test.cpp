// Out of descriptors: the program goes on with those it has, says so seldom, and recovers.
#include "beastapi/asyncio.hpp"
#include "support/server_process.hpp"
#include "support/websocket_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <csignal>
#include <vector>

using namespace test;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t descriptors = 64;
constexpr std::string_view complaint = "cannot accept a connection";

std::size_t count_of(std::string_view text, std::string_view in) {
    std::size_t count = 0;
    for (auto at = in.find(text); at != std::string_view::npos; at = in.find(text, at + 1)) {
        ++count;
    }
    return count;
}

awaitable<void> talk(WebSocketClient& alice, WebSocketClient& bob) {
    co_await alice.send_text(R"({"message":"Hello"})");
    for (WebSocketClient* const client : {&alice, &bob}) {
        const auto heard = co_await client->receive_json();
        BOOST_TEST(heard.at("type").as_string() == "message");
    }
}

awaitable<unsigned> status_of(TcpClient& client, std::string target) {
    co_await send_request(client, "GET", std::move(target));
    const HttpResponse response = co_await read_response(client);
    co_return response.status;
}

awaitable<std::vector<TcpClient>> take_all_descriptors(unsigned short port) {
    std::vector<TcpClient> clients;
    clients.reserve(2 * descriptors);
    for (std::size_t i = 0; i < 2 * descriptors; ++i) {
        clients.push_back(co_await TcpClient::connect(port));
    }
    co_return clients;
}

/// Notes how long it was out of descriptors.
awaitable<void> run_out(ServerProcess& process, unsigned short port,
                        steady_clock::duration& out_of_descriptors) {
    WebSocketClient alice = co_await WebSocketClient::connect(port, "/ws/chat/Alice");
    co_await alice.receive_json();
    WebSocketClient bob = co_await WebSocketClient::connect(port, "/ws/chat/Bob");
    co_await bob.receive_json();
    co_await alice.receive_json();
    TcpClient browser = co_await TcpClient::connect(port);
    unsigned page = co_await status_of(browser, "/chat");
    BOOST_TEST(page == 200U);

    const auto begin = steady_clock::now();
    std::vector<TcpClient> flood = co_await take_all_descriptors(port);
    process.wait_for(std::string(complaint));
    TcpClient late = co_await TcpClient::connect(port);
    co_await late.send(handshake_request("/ws/chat/Carol"));
    while (steady_clock::now() - begin < 3s) {
        const auto asked = steady_clock::now();
        co_await talk(alice, bob);
        BOOST_TEST((steady_clock::now() - asked < 1s));
        const unsigned status = co_await status_of(browser, "/ws/status");
        BOOST_TEST(status == 200U);
        co_await beastapi::asyncio::sleep(100ms);
    }
    page = co_await status_of(browser, "/chat");
    BOOST_TEST(page == 503U);
    BOOST_TEST(!late.has_input());

    flood.clear();
    const HttpResponse accepted = co_await read_response(late);
    BOOST_TEST(accepted.status == 101U);
    out_of_descriptors = steady_clock::now() - begin;
    for (WebSocketClient* const client : {&alice, &bob}) {
        const auto joined = co_await client->receive_json();
        BOOST_TEST(joined.at("username").as_string() == "Carol");
    }
    co_await talk(alice, bob);
    page = co_await status_of(browser, "/chat");
    BOOST_TEST(page == 200U);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(out_of_descriptors)

BOOST_AUTO_TEST_CASE(it_serves_those_it_has_says_so_seldom_and_recovers) {
    ServerProcess process({"--port", "0", "--request-timeout", "60"});
    const unsigned short port = process.port();
    process.limit_descriptors(descriptors);
    steady_clock::duration duration{};
    io_context context{1};
    test::run(context, run_out(process, port, duration));
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 0);
    const auto complaints = count_of(complaint, process.standard_error());
    BOOST_TEST(complaints >= 1U);
    // Once in each second that has begun.
    BOOST_TEST(complaints <=
               static_cast<std::size_t>(std::chrono::ceil<std::chrono::seconds>(duration).count()));
}

BOOST_AUTO_TEST_SUITE_END()
