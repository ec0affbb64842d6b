// A peer that vanishes without a word: its process is frozen, so its system keeps the connection
// up, but nobody answers. The protocol's own ping finds it.
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

awaitable<void> find_out(unsigned short port, std::string target) {
    WebSocketClient alice = co_await WebSocketClient::connect(port, "/ws/chat/Alice");
    co_await alice.receive_json();
    OtherProcess bob(port, target);
    const auto joined = co_await alice.receive_json();
    BOOST_TEST(joined.at("event").as_string() == "join");

    // A peer that says nothing but answers pings stays.
    const auto begin = steady_clock::now();
    while (steady_clock::now() - begin < 3 * interval) {
        co_await alice.expect_nothing();
    }
    bob.freeze();
    const auto frozen = steady_clock::now();
    const auto left = co_await alice.receive_json();
    const std::chrono::duration<double> found_after = steady_clock::now() - frozen;
    BOOST_TEST(left.at("event").as_string() == "leave", target);
    BOOST_TEST(left.at("connected_count").to_number<int>() == 1, target);
    // Half a second more, because the machine may be busy.
    BOOST_TEST(found_after.count() <= 2 * std::chrono::duration<double>(interval).count() + 0.5);
    const HttpResponse status = co_await get(port, "/ws/status");
    BOOST_TEST(status.json().at("connected_count").to_number<int>() == 1);
    co_await alice.close();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(vanished_peer)

BOOST_AUTO_TEST_CASE(it_is_found_within_twice_the_interval_and_its_leave_is_announced) {
    ServerProcess process({"--port", "0", "--ws-ping-interval", "1", "--message-rate", "0"});
    const unsigned short port = process.port();
    for (const std::string target : {"/ws/chat/Bob", "/ws/chat"}) {
        io_context context{1};
        test::run(context, find_out(port, target));
    }
    process.send_signal(SIGTERM);
    BOOST_TEST(process.wait() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
