// The log on stderr: a reader that stops, or ends, does the server no harm.
#include "support/http_client.hpp"
#include "support/loop.hpp"
#include "support/server_process.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

using namespace test;
using std::chrono::steady_clock;

namespace {

/// The program with its stderr in a small pipe, which the test reads or does not.
class Logged {
public:
    Logged() {
        BOOST_TEST_REQUIRE(::pipe2(log_.data(), O_CLOEXEC) == 0);
        BOOST_TEST_REQUIRE(::fcntl(log_[1], F_SETPIPE_SZ, 4096) > 0);
        std::vector<std::string> words{
            ServerProcess::chapter08(), "--port", "0", "--request-rate", "0",
            "--connection-rate",        "0"};
        std::vector<char*> arguments;
        for (std::string& word : words) {
            arguments.push_back(word.data());
        }
        arguments.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, log_[1], STDERR_FILENO);
        const int failure =
            ::posix_spawn(&pid_, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(log_[1]);
        BOOST_TEST_REQUIRE(failure == 0);
    }
    Logged(const Logged&) = delete;
    Logged& operator=(const Logged&) = delete;
    ~Logged() {
        stop_reading();
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
        }
    }

    /// Reads until the log has `text`, and returns all of it.
    std::string read_until(std::string_view text) {
        const auto end = steady_clock::now() + deadline;
        std::string read;
        std::array<char, 4096> buffer;
        while (read.find(text) == std::string::npos) {
            pollfd file{log_[0], POLLIN, 0};
            BOOST_TEST_REQUIRE((::poll(&file, 1, 100) >= 0 && steady_clock::now() < end), read);
            if (file.revents != 0) {
                const ssize_t size = ::read(log_[0], buffer.data(), buffer.size());
                BOOST_TEST_REQUIRE(size > 0, read);
                read.append(buffer.data(), static_cast<std::size_t>(size));
            }
        }
        return read;
    }

    unsigned short port() {
        const std::string at = "running on http://127.0.0.1:";
        const std::string log = read_until("(Press");
        return static_cast<unsigned short>(std::stoi(log.substr(log.find(at) + at.size())));
    }

    void stop_reading() {
        if (log_[0] >= 0) {
            ::close(log_[0]);
            log_[0] = -1;
        }
    }

    /// Its status, or minus the signal that ended it.
    int end_by(int signal) {
        BOOST_TEST_REQUIRE(::kill(pid_, signal) == 0);
        const auto end = steady_clock::now() + deadline;
        int status = 0;
        while (::waitpid(pid_, &status, WNOHANG) == 0) {
            BOOST_TEST_REQUIRE((steady_clock::now() < end), "the program does not end");
            std::this_thread::sleep_for(1ms);
        }
        pid_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    }

private:
    std::array<int, 2> log_{-1, -1};
    pid_t pid_ = -1;
};

/// Each leaves a line in the log.
awaitable<void> refuse_handshakes(unsigned short port, int count) {
    for (int i = 0; i < count; ++i) {
        const HttpResponse response =
            co_await send_raw(port, handshake_request("/ws", "Origin: http://evil.example\r\n"));
        BOOST_TEST_REQUIRE(response.status == 403U);
    }
}

void run(awaitable<void> test) {
    io_context context{1};
    test::run(context, std::move(test));
}

// More than the pipe and the queue hold.
constexpr int many = 2'000;

}  // namespace

BOOST_AUTO_TEST_SUITE(server_log)

BOOST_AUTO_TEST_CASE(a_log_that_nobody_reads_does_not_stop_the_server) {
    Logged server;
    run(refuse_handshakes(server.port(), many));
    const auto begin = steady_clock::now();
    BOOST_TEST(server.end_by(SIGTERM) == 0);
    BOOST_TEST((steady_clock::now() - begin < 10s));
}

BOOST_AUTO_TEST_CASE(a_line_says_how_many_were_dropped) {
    Logged server;
    run(refuse_handshakes(server.port(), many));
    server.read_until("log lines were dropped");
    BOOST_TEST(server.end_by(SIGTERM) == 0);
}

BOOST_AUTO_TEST_CASE(a_reader_that_ends_does_not_end_the_server) {
    Logged server;
    const unsigned short port = server.port();
    server.stop_reading();
    run(refuse_handshakes(port, 20));
    BOOST_TEST(server.end_by(SIGTERM) == 0);
}

BOOST_AUTO_TEST_CASE(a_terminal_that_is_closed_ends_it_as_a_signal_does) {
    Logged server;
    server.port();
    BOOST_TEST(server.end_by(SIGHUP) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
