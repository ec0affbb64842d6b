// A peer that vanishes without a word: its process is frozen, so its system keeps the connection
// up, but nobody answers; or it is cut off, and not even its system does. The protocol's own ping
// finds it.
#include "beastapi/asyncio.hpp"
#include "support/server_process.hpp"
#include "support/websocket_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>

using namespace test;
using std::chrono::steady_clock;

namespace {

constexpr auto interval = 1s;

awaitable<void> stay(unsigned short port, std::string target) {
    WebSocketClient client = co_await WebSocketClient::connect(port, std::move(target));
    while (true) {
        co_await client.receive_text();  // and answer pings
    }
}

/// A client in a process of its own.
class OtherProcess {
public:
    OtherProcess(unsigned short port, std::string target) : pid_(::fork()) {
        if (pid_ < 0) {
            throw std::runtime_error("cannot fork");
        }
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            try {
                io_context context{1};
                test::run(context, stay(port, std::move(target)));
            } catch (...) {
                ::_exit(1);
            }
            ::_exit(0);
        }
    }
    OtherProcess(const OtherProcess&) = delete;
    OtherProcess& operator=(const OtherProcess&) = delete;
    ~OtherProcess() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    /// Returns when it stands still.
    void freeze() {
        ::kill(pid_, SIGSTOP);
        int status = 0;
        BOOST_TEST_REQUIRE(::waitpid(pid_, &status, WUNTRACED) == pid_);
        BOOST_TEST_REQUIRE(WIFSTOPPED(status));
    }

private:
    pid_t pid_;
};

/// Alice, who is left alone, hears of it in time.
awaitable<void> hear_leave(WebSocketClient& alice, unsigned short port, std::string target) {
    const auto vanished = steady_clock::now();
    const auto left = co_await alice.receive_json();
    const double found_after =
        std::chrono::duration<double>(steady_clock::now() - vanished) / interval;
    BOOST_TEST(left.at("event").as_string() == "leave", target);
    BOOST_TEST(left.at("connected_count").to_number<int>() == 1, target);
    // Not at once, for it said no goodbye; half an interval more, because the machine may be busy.
    BOOST_TEST(found_after >= 0.5);
    BOOST_TEST(found_after <= 2.5);
    const HttpResponse status = co_await get(port, "/ws/status");
    BOOST_TEST(status.json().at("connected_count").to_number<int>() == 1);
}

awaitable<void> find_frozen(unsigned short port, std::string target) {
    WebSocketClient alice = co_await WebSocketClient::connect(port, "/ws/chat/Alice");
    co_await alice.receive_json();
    OtherProcess bob(port, target);
    const auto joined = co_await alice.receive_json();
    BOOST_TEST(joined.at("event").as_string() == "join");

    // A peer that says nothing but answers pings stays.
    const auto begin = steady_clock::now();
    while (steady_clock::now() - begin < 3 * interval) {
        co_await alice.expect_nothing();
        co_await beastapi::asyncio::sleep(50ms);
    }
    bob.freeze();
    co_await hear_leave(alice, port, target);
    co_await alice.close();
}

awaitable<void> find_cut_off(unsigned short port, std::string target) {
    WebSocketClient alice = co_await WebSocketClient::connect(port, "/ws/chat/Alice");
    co_await alice.receive_json();
    WebSocketClient bob = co_await WebSocketClient::connect(port, target);
    co_await bob.receive_json();
    co_await alice.receive_json();
    bob.tcp().lose_what_comes();
    co_await hear_leave(alice, port, target);
    co_await alice.close();
}

void vanish(awaitable<void> (*find)(unsigned short, std::string)) {
    ServerProcess process({"--port", "0", "--ws-ping-interval", "1", "--message-rate", "0",
                           "--handshake-timeout", "1"});
    for (const std::string target : {"/ws/chat/Bob", "/ws/chat"}) {
        io_context context{1};
        test::run(context, find(process.port(), target));
    }
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 0);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(vanished_peer)

BOOST_AUTO_TEST_CASE(one_that_is_frozen_is_found_within_twice_the_interval) {
    vanish(find_frozen);
}

BOOST_AUTO_TEST_CASE(one_that_is_cut_off_is_found_within_twice_the_interval) {
    vanish(find_cut_off);
}

BOOST_AUTO_TEST_SUITE_END()
