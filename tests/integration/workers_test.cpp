// Several workers on one port: each serves, they count together, and they begin and end together.
#include "support/http_client.hpp"
#include "support/loop.hpp"
#include "support/server_process.hpp"
#include "support/websocket_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace test;
using boost::asio::ip::tcp;
using std::chrono::steady_clock;

namespace {

constexpr const char* shutting_down = "Server is shutting down";

/// More connections than it takes until each of a few workers has got one: with 4 of them, one in
/// 10^120 times it's not enough.
constexpr int many = 1'000;

ServerProcess start(std::vector<std::string> arguments) {
    return ServerProcess(std::move(arguments), {}, WORKERS_PROGRAM);
}

void run(awaitable<void> test) {
    boost::asio::io_context context;
    test::run(context, std::move(test));
}

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

awaitable<std::size_t> worker_of(WebSocketClient& client) {
    co_await client.send_text("X");
    const std::string answer = co_await client.receive_text();
    BOOST_TEST(answer.ends_with(": X"));
    co_return std::stoul(answer);
}

/// WebSockets until each worker has at least `each` of them.
awaitable<std::vector<WebSocketClient>> connect_to_all(unsigned short port, std::size_t workers,
                                                       std::size_t each) {
    std::vector<WebSocketClient> clients;
    std::map<std::size_t, std::size_t> reached;
    const auto enough = [&](const auto& worker) { return worker.second >= each; };
    while (reached.size() < workers || !std::all_of(reached.begin(), reached.end(), enough)) {
        BOOST_TEST_REQUIRE(clients.size() < many, "a worker gets no connections");
        clients.push_back(co_await WebSocketClient::connect(port, "/ws"));
        ++reached[co_await worker_of(clients.back())];
    }
    BOOST_TEST(reached.rbegin()->first == workers - 1);
    co_return clients;
}

/// Statuses of so many requests, each on a connection of its own.
awaitable<void> ask(unsigned short port, std::string target, int times,
                    std::map<unsigned, int>& statuses) {
    for (int i = 0; i < times; ++i) {
        const HttpResponse response = co_await get(port, target);
        ++statuses[response.status];
    }
}

/// How often each worker says that this was refused; asked by an address that is not refused.
awaitable<void> ask_for_refusals(unsigned short port, std::size_t workers, std::string reason,
                                 std::int64_t expected) {
    TcpOptions options;
    options.from = "127.0.0.9";
    std::set<std::int64_t> answered;
    for (int i = 0; i < many && answered.size() < workers; ++i) {
        TcpClient client = co_await TcpClient::connect(port, options);
        co_await send_request(client, "GET", "/refused");
        const HttpResponse response = co_await read_response(client);
        const auto answer = response.json();
        answered.insert(answer.at("worker").as_int64());
        const auto& counts = answer.at("refused").as_object();
        BOOST_TEST_REQUIRE(counts.contains(reason), response.body);
        BOOST_TEST(counts.at(reason).to_number<std::int64_t>() == expected);
    }
    BOOST_TEST(answered.size() == workers);
}

/// So many WebSockets want to come in; those that may stay open in `inside`, and the others are
/// told `why`.
awaitable<void> crowd(unsigned short port, std::size_t size, std::string why,
                      std::vector<WebSocketClient>& inside) {
    for (std::size_t i = 0; i < size; ++i) {
        WebSocketClient client = co_await WebSocketClient::connect(port, "/ws");
        co_await client.send_text("X");
        const Frame first = co_await client.receive();
        if (first.opcode == opcode::text) {
            inside.push_back(std::move(client));
        } else {
            BOOST_TEST(first.payload == close_payload(1008, why));
        }
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(workers)

namespace {

awaitable<void> reach_all(unsigned short port) {
    auto clients = co_await connect_to_all(port, 4, 2);
    for (WebSocketClient& client : clients) {
        co_await worker_of(client);
    }
    std::set<std::int64_t> answered;
    for (int i = 0; i < many && answered.size() < 4; ++i) {
        const HttpResponse response = co_await get(port, "/worker");
        answered.insert(response.json().at("worker").as_int64());
    }
    BOOST_TEST(answered.size() == 4U);
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_gets_connections_of_the_one_port) {
    ServerProcess process = start({"workers=4"});
    run(reach_all(process.port()));
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 0);
    const std::string& said = process.standard_error();
    BOOST_TEST(count(said, " with 4 workers (Press CTRL+C to quit)") == 1U, said);
    BOOST_TEST(count(said, "shutting down") == 1U, said);
    BOOST_TEST(count(said, "finished") == 1U, said);
}

BOOST_AUTO_TEST_CASE(one_says_nothing_of_workers_and_lets_nobody_share_its_port) {
    ServerProcess process = start({"workers=1"});
    const unsigned short port = process.port();
    boost::asio::io_context context;
    tcp::acceptor other(context, tcp::v4());
    const int on = 1;
    ::setsockopt(other.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    boost::system::error_code error;
    other.bind(tcp::endpoint(boost::asio::ip::address_v4::loopback(), port), error);
    BOOST_TEST(error == boost::asio::error::address_in_use);
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 0);
    BOOST_TEST(count(process.standard_error(), " workers ") == 0U);
}

BOOST_AUTO_TEST_CASE(zero_is_one_a_core) {
    ServerProcess process = start({"workers=0"});
    process.port();
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 0);
    cpu_set_t cores;
    BOOST_TEST_REQUIRE(::sched_getaffinity(0, sizeof(cores), &cores) == 0);
    BOOST_TEST(count(process.standard_error(), "has started") ==
               static_cast<std::size_t>(CPU_COUNT(&cores)));
}

namespace {

awaitable<void> stay_to_the_end(ServerProcess& process, std::size_t& clients) {
    auto connected = co_await connect_to_all(process.port(), 3, 3);
    process.send_signal(SIGTERM);
    for (WebSocketClient& client : connected) {
        co_await client.expect_close(1001, shutting_down);
    }
    clients = connected.size();
}

/// They don't answer the close.
awaitable<void> stay_silent(ServerProcess& process, std::size_t workers,
                            std::vector<WebSocketClient>& clients) {
    clients = co_await connect_to_all(process.port(), workers, 1);
    process.send_signal(SIGTERM);
}

}  // namespace

BOOST_AUTO_TEST_CASE(they_start_one_after_another_and_stop_after_the_last_connection) {
    ServerProcess process = start({"workers=3"});
    std::size_t clients = 0;
    run(stay_to_the_end(process, clients));
    BOOST_TEST(process.wait() == 0);
    const std::string& said = process.standard_error();
    // Each handler has asked another worker, which was still there, and nobody was torn off.
    BOOST_TEST(count(said, "said goodbye") == clients, said);
    BOOST_TEST(count(said, "did not end in time") == 0U, said);
    BOOST_TEST(said.rfind("said goodbye") < said.find("has stopped"), said);
    BOOST_TEST(said.find("worker 0 has started") < said.find("worker 1 has started"));
    BOOST_TEST(said.find("worker 1 has started") < said.find("worker 2 has started"));
    BOOST_TEST(count(said, "has stopped") == 3U, said);
}

BOOST_AUTO_TEST_CASE(the_time_for_goodbyes_counts_once) {
    ServerProcess process = start({"workers=8", "shutdown_timeout=2"});
    boost::asio::io_context context;
    std::vector<WebSocketClient> clients;
    const auto begin = steady_clock::now();
    test::run(context, stay_silent(process, 8, clients));
    BOOST_TEST(process.wait() == 0);
    BOOST_TEST((steady_clock::now() - begin >= 2s));
    BOOST_TEST((steady_clock::now() - begin < 14s));  // one after another would take 16 s
    const std::string& said = process.standard_error();
    BOOST_TEST(count(said, "did not end in time") == 8U, said);
    // Those that were torn off have asked other workers, too, and were answered.
    BOOST_TEST(count(said, "said goodbye") == clients.size(), said);
    BOOST_TEST(count(said, "has stopped") == 8U, said);
}

BOOST_AUTO_TEST_CASE(a_second_signal_ends_all_at_once) {
    ServerProcess process = start({"workers=3", "shutdown_timeout=3600"});
    boost::asio::io_context context;
    std::vector<WebSocketClient> clients;
    test::run(context, stay_silent(process, 3, clients));
    process.wait_for("(shutting down)");
    process.send_signal(SIGINT);
    BOOST_TEST(process.wait() == 128 + SIGINT);
}

BOOST_AUTO_TEST_CASE(one_that_cannot_start_ends_all) {
    ServerProcess process = start({"workers=4", "fails_to_start=2"});
    BOOST_TEST(process.wait() == 1);
    const std::string& said = process.standard_error();
    BOOST_TEST(said.ends_with("workers_program: worker 2 cannot start\n"), said);
    BOOST_TEST(count(said, "has started") == 2U, said);
    BOOST_TEST(count(said, "worker 0 has stopped") == 1U, said);
    BOOST_TEST(count(said, "worker 1 has stopped") == 1U, said);
    BOOST_TEST(count(said, "running on") == 0U, said);
}

BOOST_AUTO_TEST_CASE(the_first_may_fail_to_start_too) {
    ServerProcess process = start({"workers=3", "fails_to_start=0"});
    BOOST_TEST(process.wait() == 1);
    const std::string& said = process.standard_error();
    BOOST_TEST(said.ends_with("workers_program: worker 0 cannot start\n"), said);
    BOOST_TEST(count(said, "has st") == 0U, said);
}

BOOST_AUTO_TEST_CASE(an_error_that_ends_one_ends_the_process_and_says_why) {
    ServerProcess process = start({"workers=3", "fails_to_stop=1"});
    process.port();
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 1);
    const std::string& said = process.standard_error();
    BOOST_TEST(count(said, "a worker ended by an error: worker 1 cannot stop\n") == 1U, said);
}

BOOST_AUTO_TEST_CASE(a_port_that_is_taken_is_noticed_whoever_has_workers) {
    for (const auto& [first, second] : {std::pair(3, 3), std::pair(1, 3), std::pair(3, 1)}) {
        BOOST_TEST_CONTEXT(first << " workers, then " << second) {
            ServerProcess holder = start({fmt::format("workers={}", first)});
            ServerProcess late =
                start({fmt::format("workers={}", second), fmt::format("port={}", holder.port())});
            BOOST_TEST(late.wait() == 1);
            BOOST_TEST(count(late.standard_error(), "is taken by another program") == 1U,
                       late.standard_error());
            holder.send_signal(SIGTERM);
            BOOST_TEST(holder.wait() == 0);
        }
    }
}

BOOST_AUTO_TEST_CASE(of_two_that_start_together_one_gets_the_port) {
    for (int round = 0; round < 5; ++round) {
        const std::string port = [] {
            boost::asio::io_context context;
            const tcp::acceptor free(context, tcp::endpoint(tcp::v4(), 0));
            return fmt::format("port={}", free.local_endpoint().port());
        }();
        ServerProcess one = start({"workers=3", port});
        ServerProcess other = start({"workers=3", port});
        const auto outcome = [](ServerProcess& process) {
            return process.wait_for("(running on|is taken by another program)");
        };
        const std::multiset<std::string> outcomes{outcome(one), outcome(other)};
        BOOST_TEST(
            (outcomes == std::multiset<std::string>{"running on", "is taken by another program"}));
    }
}

namespace {

using boost::asio::ip::address;

const address ipv4 = boost::asio::ip::address_v4::loopback();
const address ipv6 = boost::asio::ip::address_v6::loopback();

bool is_there(const address& local) {
    boost::asio::io_context context;
    boost::system::error_code error;
    tcp::socket socket(context, tcp::endpoint(local, 0).protocol());
    socket.bind(tcp::endpoint(local, 0), error);
    return !error;
}

std::vector<address> addresses_of(const std::string& name) {
    boost::asio::io_context context;
    std::vector<address> addresses;
    for (const auto& entry : tcp::resolver(context).resolve(name, "0")) {
        addresses.push_back(entry.endpoint().address());
    }
    return addresses;
}

/// Which workers answer there.
std::set<std::string> ask_at(const tcp::endpoint& endpoint) {
    std::set<std::string> answers;
    for (int i = 0; i < many && answers.size() < 3; ++i) {
        tcp::iostream stream;
        stream.expires_after(deadline);
        stream.connect(endpoint);
        stream << "GET /worker HTTP/1.0\r\nHost: localhost\r\n\r\n" << std::flush;
        std::string body;  // the last line
        for (std::string line; std::getline(stream, line);) {
            body = line;
        }
        answers.insert(body);
    }
    return answers;
}

}  // namespace

BOOST_AUTO_TEST_CASE(they_share_every_address_of_the_host) {
    std::map<std::string, std::vector<address>> hosts{{"localhost", addresses_of("localhost")}};
    if (is_there(ipv6)) {
        hosts.insert({{"::1", {ipv6}}, {"::", {ipv4, ipv6}}});
    }
    const std::set<std::string> all{R"({"worker":0})", R"({"worker":1})", R"({"worker":2})"};
    for (const auto& [host, addresses] : hosts) {
        ServerProcess process = start({"workers=3", "host=" + host});
        const int port = std::stoi(process.wait_for(R"(running on http://\S+:(\d+) )"));
        for (const address& each : addresses) {
            if (is_there(each)) {
                const tcp::endpoint endpoint(each, static_cast<unsigned short>(port));
                BOOST_TEST((ask_at(endpoint) == all), host << " at " << endpoint);
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()

// What is limited is limited for all of them together: each worker alone would let three times as
// much pass.
BOOST_AUTO_TEST_SUITE(workers_limits)

namespace {

awaitable<void> fill(unsigned short port) {
    std::vector<WebSocketClient> inside;
    co_await crowd(port, 40, "Server is full", inside);
    BOOST_TEST(inside.size() == 10U);
    const HttpResponse page = co_await get(port, "/worker");
    BOOST_TEST(page.status == 503U);
    // A health check is answered all the same, once a connection.
    const HttpResponse health = co_await get(port, "/ready");
    BOOST_TEST(health.status == 200U);
    BOOST_TEST(health.header("connection") == "close");
    co_await inside.back().close();
    inside.pop_back();
    // Whichever worker had it, the place is free for all, as soon as that one has noticed.
    unsigned status = 503;
    for (int i = 0; i < many && status == 503; ++i) {
        const HttpResponse again = co_await get(port, "/worker");
        status = again.status;
    }
    BOOST_TEST(status == 200U);
}

awaitable<void> fill_an_address(unsigned short port) {
    std::vector<WebSocketClient> inside;
    co_await crowd(port, 40, "Too many connections", inside);
    BOOST_TEST(inside.size() == 10U);
    co_await ask_for_refusals(port, 3, "address_full", 30);
}

awaitable<void> hold_answers(unsigned short port) {
    TcpOptions slow;
    slow.receive_buffer = 4096;
    std::vector<TcpClient> readers;
    for (int i = 0; i < 20; ++i) {
        readers.push_back(co_await TcpClient::connect(port, slow));
        co_await send_request(readers.back(), "GET", "/large");
        const std::string status = co_await readers.back().read_until("\r\n");
        BOOST_TEST(status.find(i < 2 ? " 200 " : " 503 ") != std::string::npos, status);
    }
    co_await ask_for_refusals(port, 3, "http_answers", 18);
}

}  // namespace

BOOST_AUTO_TEST_CASE(so_many_connections_in_all) {
    ServerProcess process = start({"workers=3", "max_connections=10"});
    run(fill(process.port()));
}

BOOST_AUTO_TEST_CASE(so_many_connections_of_an_address) {
    ServerProcess process = start({"workers=3", "max_connections_per_address=10"});
    run(fill_an_address(process.port()));
}

BOOST_AUTO_TEST_CASE(so_many_new_connections_a_second) {
    ServerProcess process = start({"workers=3", "connection_rate=0.001", "connection_burst=10"});
    std::map<unsigned, int> statuses;
    run(ask(process.port(), "/worker", 40, statuses));
    BOOST_TEST(statuses[200] == 10);
    BOOST_TEST(statuses[429] == 30);
}

BOOST_AUTO_TEST_CASE(so_many_requests_a_second) {
    ServerProcess process = start({"workers=3", "request_rate=0.001", "request_burst=10"});
    std::map<unsigned, int> statuses;
    run(ask(process.port(), "/worker", 40, statuses));
    BOOST_TEST(statuses[200] == 10);
    BOOST_TEST(statuses[429] == 30);
}

BOOST_AUTO_TEST_CASE(so_many_bytes_that_a_client_causes) {
    // An answer costs 512 bytes and its body, which has a dozen.
    ServerProcess process = start({"workers=3", "client_rate_out=1", "client_burst_out=5500"});
    std::map<unsigned, int> statuses;
    run(ask(process.port(), "/worker", 40, statuses));
    BOOST_TEST(statuses[200] == 10);
    BOOST_TEST(statuses[429] == 30);
}

BOOST_AUTO_TEST_CASE(so_much_memory_for_the_answers_of_an_address) {
    ServerProcess process =
        start({"workers=3", fmt::format("max_answer_bytes_per_address={}", 3 * 1024 * 1024)});
    run(hold_answers(process.port()));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(workers_draining)

namespace {

awaitable<void> expect_drain(unsigned short port, bool draining) {
    std::set<bool> answers;
    // Each worker answers some of them.
    for (int i = 0; i < 50; ++i) {
        const HttpResponse response = co_await get(port, "/ready");
        BOOST_TEST_REQUIRE(response.status == 200U);
        answers.insert(response.json().at("draining").as_bool());
    }
    BOOST_TEST((answers == std::set<bool>{draining}));
}

awaitable<void> serve_on(ServerProcess& process) {
    const unsigned short port = process.port();
    co_await expect_drain(port, false);
    auto clients = co_await connect_to_all(port, 3, 1);
    process.send_signal(SIGTERM);
    process.wait_for("(draining for 3600 s)");
    co_await expect_drain(port, true);
    auto late = co_await connect_to_all(port, 3, 1);
    for (WebSocketClient& client : clients) {
        co_await worker_of(client);
    }
}

awaitable<void> stop_after(ServerProcess& process, steady_clock::duration drain_time) {
    auto clients = co_await connect_to_all(process.port(), 3, 1);
    const auto begin = steady_clock::now();
    process.send_signal(SIGTERM);
    for (WebSocketClient& client : clients) {
        co_await client.expect_close(1001, shutting_down);
    }
    BOOST_TEST((steady_clock::now() - begin >= drain_time));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_server_serves_on_and_says_that_it_will_stop) {
    ServerProcess process = start({"workers=3", "drain_time=3600"});
    run(serve_on(process));
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 128 + SIGTERM);
    BOOST_TEST(count(process.standard_error(), "shutting down") == 0U);
}

BOOST_AUTO_TEST_CASE(it_stops_when_that_time_is_over) {
    ServerProcess process = start({"workers=3", "drain_time=1.5"});
    run(stop_after(process, 1500ms));
    BOOST_TEST(process.wait() == 0);
    BOOST_TEST(count(process.standard_error(), "has stopped") == 3U);
}

BOOST_AUTO_TEST_SUITE_END()
