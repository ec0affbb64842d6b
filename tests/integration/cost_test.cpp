// What one client can cost, as docs/cost.md says: the worst that one address does to the program,
// in memory and in time of the processor.
#include "beastapi/asyncio.hpp"
#include "beastapi/net/client_budget.hpp"
#include "support/server_process.hpp"
#include "support/websocket_client.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <csignal>
#include <memory>
#include <vector>

using namespace test;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t kib = 1024;
constexpr std::size_t mib = 1024 * kib;

// A quarter of the defaults, so that the budget is used up within seconds.
constexpr std::size_t rate_in = 16 * kib;
constexpr std::size_t burst_in = 512 * kib;
constexpr std::size_t rate_out = 4 * mib;
constexpr std::size_t burst_out = 16 * mib;
constexpr std::size_t places = 75;
constexpr std::size_t members = 50;
constexpr auto duration = 4s;

const std::vector<std::string> arguments{"--port",
                                         "0",
                                         "--max-connections-per-address",
                                         std::to_string(places),
                                         "--client-rate-in",
                                         std::to_string(rate_in),
                                         "--client-burst-in",
                                         std::to_string(burst_in),
                                         "--client-rate-out",
                                         std::to_string(rate_out),
                                         "--client-burst-out",
                                         std::to_string(burst_out),
                                         "--message-rate",
                                         "0",
                                         "--log-level",
                                         "error"};

awaitable<std::shared_ptr<WebSocketClient>> join(unsigned short port, std::string from) {
    ConnectOptions options;
    options.from = std::move(from);
    WebSocketClient client = co_await WebSocketClient::connect(port, "/ws/chat", options);
    co_await client.receive_json();
    co_return std::make_shared<WebSocketClient>(std::move(client));
}

/// Reads whatever comes until the connection ends.
awaitable<void> drain(std::shared_ptr<WebSocketClient> client) {
    co_await client->tcp().read_to_end();
}

/// Sends small messages as fast as the server takes them, and reads nothing.
awaitable<void> flood(std::shared_ptr<WebSocketClient> client) {
    Frame frame;
    frame.payload = R"({"message":"Hello"})";
    std::string frames;
    for (int i = 0; i < 1000; ++i) {
        frames += encode(frame);
    }
    while (true) {
        co_await client->tcp().send(frames);
    }
}

awaitable<TcpClient> connect_again(unsigned short port) {
    TcpOptions from;
    from.from = "127.0.0.2";
    return TcpClient::connect(port, std::move(from));
}

/// Asks for the lists again and again, and comes and goes: 600 connections a second, of which the
/// server lets in 100.
awaitable<void> ask_and_come_and_go(unsigned short port, steady_clock::time_point end) {
    while (steady_clock::now() < end) {
        for (const std::string target : {"/rooms", "/ws/status"}) {
            TcpClient client = co_await connect_again(port);
            co_await send_request(client, "GET", target);
            co_await read_response(client);
        }
        TcpClient client = co_await connect_again(port);
        co_await client.send(handshake_request("/ws/chat"));
        co_await client.read_until("\r\n\r\n");
        client.tear();
        co_await beastapi::asyncio::sleep(5ms);
    }
}

/// What the program needs at most in so many seconds, in which it refused so many connections:
/// docs/cost.md, "The worst case".
struct Bound {
    Bound(double elapsed, double refused) {
        const double in = burst_in + rate_in * elapsed + places * kib;
        const double out = burst_out + rate_out * elapsed;
        const double frames = in / beastapi::ClientBudget::min_bytes_in;
        constexpr double smallest_delivery = beastapi::ClientBudget::frame_overhead_out + 60;
        const double connections = 1'000 + 100 * elapsed;
        // Twice what they cost on a quiet machine.
        seconds = frames * 50e-6 + out / smallest_delivery * 10e-6 + connections * 700e-6 +
                  refused * 200e-6;
        bytes = places * 160 * kib + out + 8 * mib;
    }

    double seconds = 0;  ///< of the processor
    double bytes = 0;    ///< by which the resident memory grows
};

awaitable<void> do_the_worst(ServerProcess& process) {
    const unsigned short port =
        static_cast<unsigned short>(std::stoi(process.wait_for(R"(http://127\.0\.0\.1:(\d+))")));
    std::vector<std::shared_ptr<WebSocketClient>> others;
    std::vector<std::shared_ptr<WebSocketClient>> attackers;
    std::vector<Task> tasks;
    for (std::size_t i = 0; i < members; ++i) {
        others.push_back(co_await join(port, "127.0.0.3"));
        tasks.push_back(co_await Task::start(drain(others.back())));
    }
    const auto bytes_before = static_cast<double>(process.resident_bytes());
    const double seconds_before = process.processor_seconds();
    const auto begin = steady_clock::now();
    for (std::size_t i = 0; i + 5 < places; ++i) {
        attackers.push_back(co_await join(port, "127.0.0.2"));
    }
    for (const auto& attacker : attackers) {
        tasks.push_back(co_await Task::start(flood(attacker)));
    }
    co_await ask_and_come_and_go(port, begin + duration);
    const double seconds = process.processor_seconds() - seconds_before;
    const double bytes = static_cast<double>(process.resident_bytes()) - bytes_before;
    const std::chrono::duration<double> elapsed = steady_clock::now() - begin;
    const HttpResponse status = co_await get(port, "/ws/status");
    const auto refusals = status.json().at("refusals").as_object();
    // None on a machine that is too busy for so many connections.
    const auto refused = refusals.find("connection_rate");
    const Bound bound(elapsed.count(),
                      refused == refusals.end() ? 0.0 : refused->value().to_number<double>());
    BOOST_TEST_MESSAGE(fmt::format("{:.2f} s of {:.2f}, {:.1f} MiB of {:.1f}, in {:.1f} s", seconds,
                                   bound.seconds, bytes / mib, bound.bytes / mib, elapsed.count()));
    BOOST_TEST(seconds <= bound.seconds);
    BOOST_TEST(bytes <= bound.bytes);
    BOOST_TEST(refusals.contains("bytes_in"));
    BOOST_TEST(refusals.contains("bytes_out"));
    BOOST_TEST(!refusals.contains("slow_consumer"));
    for (const auto& client : attackers) {
        client->tear();
    }
    for (const auto& client : others) {
        client->tear();
    }
    for (Task& task : tasks) {
        co_await beastapi::asyncio::settle(task.join());
    }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(cost)

BOOST_AUTO_TEST_CASE(the_worst_that_one_client_does_stays_within_its_bound) {
    ServerProcess process(arguments);
    io_context context{1};
    run(context, do_the_worst(process));
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
