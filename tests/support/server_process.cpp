#include "support/server_process.hpp"

#include "support/loop.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace test {

namespace {

std::vector<std::string> surroundings() {
    std::vector<std::string> kept;
    for (char** variable = environ; *variable != nullptr; ++variable) {
        const std::string_view assignment = *variable;
        if (!assignment.starts_with("CHAT_") && !assignment.starts_with("HOST=") &&
            !assignment.starts_with("PORT=")) {
            kept.emplace_back(*variable);
        }
    }
    return kept;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    for (std::string& string : strings) {
        pointers.push_back(string.data());
    }
    pointers.push_back(nullptr);
    return pointers;
}

void check(int error, const char* what) {
    if (error != 0) {
        throw std::system_error(error, std::generic_category(), what);
    }
}

/// Reads what is there; closes `file` at the end of its stream.
void drain(int& file, std::string& into) {
    std::array<char, 4096> buffer;
    const ssize_t size = ::read(file, buffer.data(), buffer.size());
    if (size > 0) {
        into.append(buffer.data(), static_cast<std::size_t>(size));
    } else if (size == 0 || errno != EINTR) {
        ::close(file);
        file = -1;
    }
}

}  // namespace

std::string ServerProcess::chapter08() {
    const char* const chosen = std::getenv("CHAPTER08");
    return chosen == nullptr ? CHAPTER08_PROGRAM : chosen;
}

ServerProcess::ServerProcess(std::vector<std::string> arguments, Environment environment,
                             std::string program) {
    std::array<int, 2> output;
    std::array<int, 2> error;
    check(::pipe2(output.data(), O_CLOEXEC) == 0 ? 0 : errno, "pipe2");
    check(::pipe2(error.data(), O_CLOEXEC) == 0 ? 0 : errno, "pipe2");
    arguments.insert(arguments.begin(), std::move(program));
    const auto kept = surroundings();
    environment.insert(environment.begin(), kept.begin(), kept.end());
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, error[1], STDERR_FILENO);
    const int failure = ::posix_spawn(&pid_, arguments.front().c_str(), &actions, nullptr,
                                      pointers(arguments).data(), pointers(environment).data());
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(output[1]);
    ::close(error[1]);
    output_ = output[0];
    error_ = error[0];
    if (failure != 0) {
        pid_ = -1;
    }
    check(failure, arguments.front().c_str());
    end_ = std::chrono::steady_clock::now() + 2 * deadline;
}

ServerProcess::~ServerProcess() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    for (const int file : {output_, error_}) {
        if (file >= 0) {
            ::close(file);
        }
    }
}

unsigned short ServerProcess::port() {
    return static_cast<unsigned short>(std::stoi(wait_for(R"(running on https?://[^:]+:(\d+))")));
}

std::string ServerProcess::wait_for(const std::string& regex) {
    const std::regex wanted(regex);
    std::smatch match;
    while (!std::regex_search(standard_error_, match, wanted) &&
           !std::regex_search(standard_output_, match, wanted)) {
        if (!read_some()) {
            throw std::runtime_error(fmt::format("the program ended, or said nothing of '{}': {}",
                                                 regex, standard_error_));
        }
    }
    return match[1];
}

void ServerProcess::send_signal(int signal) {
    check(::kill(pid_, signal) == 0 ? 0 : errno, "kill");
}

void ServerProcess::limit_descriptors(std::size_t most) {
    const rlimit limit{most, most};
    check(::prlimit(pid_, RLIMIT_NOFILE, &limit, nullptr) == 0 ? 0 : errno, "prlimit");
}

void ServerProcess::limit_file_size(std::size_t most) {
    rlimit limit{};
    check(::prlimit(pid_, RLIMIT_FSIZE, nullptr, &limit) == 0 ? 0 : errno, "prlimit");
    limit.rlim_cur = most;
    check(::prlimit(pid_, RLIMIT_FSIZE, &limit, nullptr) == 0 ? 0 : errno, "prlimit");
}

std::size_t ServerProcess::open_descriptors() const {
    const std::filesystem::directory_iterator files(fmt::format("/proc/{}/fd", pid_));
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

std::size_t ServerProcess::resident_bytes() const {
    std::ifstream file(fmt::format("/proc/{}/statm", pid_));
    std::size_t all = 0;
    std::size_t resident = 0;
    if (!(file >> all >> resident)) {
        throw std::runtime_error("the program has ended");
    }
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

double ServerProcess::processor_seconds() const {
    std::ifstream file(fmt::format("/proc/{}/stat", pid_));
    std::string skipped;
    std::getline(file, skipped, ')');  // the name, which may have blanks in it
    for (int field = 3; field < 14; ++field) {
        file >> skipped;
    }
    double user = 0;
    double system = 0;
    if (!(file >> user >> system)) {
        throw std::runtime_error("the program has ended");
    }
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

int ServerProcess::wait() {
    end_ = std::chrono::steady_clock::now() + 2 * deadline;
    while (read_some()) {}
    int status = 0;
    pid_t ended = 0;
    // What it wrote to is closed, so it is about to end.
    while ((ended = ::waitpid(pid_, &status, WNOHANG)) == 0) {
        if (std::chrono::steady_clock::now() > end_) {
            throw std::runtime_error("the program does not end: " + standard_error_);
        }
        std::this_thread::sleep_for(1ms);
    }
    check(ended == pid_ ? 0 : errno, "waitpid");
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool ServerProcess::read_some() {
    std::array<pollfd, 2> files{{{error_, POLLIN, 0}, {output_, POLLIN, 0}}};
    if (error_ < 0 && output_ < 0) {
        return false;
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end_ - std::chrono::steady_clock::now());
    const int ready =
        left.count() > 0 ? ::poll(files.data(), files.size(), static_cast<int>(left.count())) : 0;
    if (ready <= 0) {
        return false;
    }
    if (files[0].revents != 0) {
        drain(error_, standard_error_);
    }
    if (files[1].revents != 0) {
        drain(output_, standard_output_);
    }
    return true;
}

void need_descriptors(std::size_t count) {
    rlimit limit{};
    check(::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? 0 : errno, "getrlimit");
    if (limit.rlim_cur >= count) {
        return;
    }
    limit.rlim_cur = count;
    if (limit.rlim_max < count || ::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        throw std::runtime_error(
            fmt::format("this test needs {} descriptors: see `ulimit -Hn`", count));
    }
}

}  // namespace test
