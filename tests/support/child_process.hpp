// A copy of the test's own process, for what only another process can do.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>

namespace test {

/// Runs a function in a child, as a user without rights if this one is root. Nothing of the test
/// itself may be touched in it.
class ChildProcess {
public:
    /// What the function says reaches said().
    using Say = std::function<void(const std::string& line)>;

    enum class As { same_user, nobody };

    explicit ChildProcess(const std::function<void(const Say&)>& function,
                          As user = As::same_user) {
        int pipe[2];
        if (::pipe2(pipe, O_CLOEXEC) != 0) {
            throw std::runtime_error("cannot make a pipe");
        }
        pid_ = ::fork();
        if (pid_ < 0) {
            throw std::runtime_error("cannot fork");
        }
        if (pid_ == 0) {
            run(function, user, pipe[1]);
        }
        ::close(pipe[1]);
        output_ = pipe[0];
    }
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;
    ~ChildProcess() {
        kill();
        ::close(output_);
    }

    /// The next line that it says; empty once it has ended.
    std::string line() {
        constexpr int patience_ms = 30'000;
        std::string line;
        pollfd readable{.fd = output_, .events = POLLIN, .revents = 0};
        char next = 0;
        while (::poll(&readable, 1, patience_ms) == 1 && ::read(output_, &next, 1) == 1 &&
               next != '\n') {
            line.push_back(next);
        }
        return line;
    }

    void kill() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
            pid_ = -1;
        }
    }

private:
    [[noreturn]] static void run(const std::function<void(const Say&)>& function, As user,
                                 int output) {
        constexpr uid_t nobody = 65534;
        const auto say = [output](const std::string& said) {
            const std::string line = said + '\n';
            if (::write(output, line.data(), line.size()) < 0) {
                ::_exit(1);
            }
        };
        try {
            if (user == As::nobody && ::geteuid() == 0 &&
                (::setgid(nobody) != 0 || ::setuid(nobody) != 0)) {
                throw std::runtime_error("cannot become nobody");
            }
            function(say);
        } catch (const std::exception& error) {
            say(error.what());
        }
        ::_exit(0);
    }

    pid_t pid_ = -1;
    int output_ = -1;
};

}  // namespace test
