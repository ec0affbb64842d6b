// A Redis of a test's own, on a socket in a temporary folder, which can be harmed.
#pragma once

#include "support/temporary_directory.hpp"

#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace test {

class RedisServer {
public:
    using Words = std::vector<std::string>;

    /// With what else its command line says. It keeps everything in its file, as long as it isn't
    /// told otherwise.
    explicit RedisServer(Words options = {}) : options_(std::move(options)) { start(); }
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;
    ~RedisServer() { kill(); }

    std::string url() const { return "unix://" + socket(); }
    std::string socket() const { return (folder_.path() / "redis.sock").string(); }

    /// It answers when this returns, with what its file holds.
    void start() {
        launch();
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!answers()) {
            if (std::chrono::steady_clock::now() > end || ::waitpid(pid_, nullptr, WNOHANG) != 0) {
                throw std::runtime_error("redis-server doesn't start: is it in the PATH?");
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
    }

    void kill() {
        if (pid_ > 0) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, nullptr, 0);
            pid_ = -1;
        }
    }

    /// kill(), and nothing of what it had is left.
    void kill_and_forget() {
        kill();
        std::filesystem::remove_all(folder_.path() / "appendonlydir");
    }

    void freeze() { ::kill(pid_, SIGSTOP); }
    void go_on() { ::kill(pid_, SIGCONT); }

    /// What it answers to a command, a list joined by spaces.
    std::string ask(const Words& words) const {
        const Connection connection = connect();
        if (!connection) {
            throw std::runtime_error("Redis can't be reached");
        }
        std::vector<const char*> arguments;
        std::vector<std::size_t> lengths;
        for (const std::string& word : words) {
            arguments.push_back(word.data());
            lengths.push_back(word.size());
        }
        const std::unique_ptr<redisReply, FreeReply> reply(static_cast<redisReply*>(
            redisCommandArgv(connection.get(), static_cast<int>(words.size()), arguments.data(),
                             lengths.data())));
        return reply ? text_of(*reply) : "lost";
    }

private:
    struct FreeContext {
        void operator()(redisContext* context) const noexcept { redisFree(context); }
    };
    struct FreeReply {
        void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
    };
    using Connection = std::unique_ptr<redisContext, FreeContext>;

    static std::string text_of(const redisReply& reply) {
        if (reply.type == REDIS_REPLY_INTEGER) {
            return std::to_string(reply.integer);
        }
        if (reply.type != REDIS_REPLY_ARRAY) {
            return {reply.str == nullptr ? "" : reply.str, reply.len};
        }
        std::string text;
        for (std::size_t i = 0; i < reply.elements; ++i) {
            text += (i == 0 ? "" : " ") + text_of(*reply.element[i]);
        }
        return text;
    }

    Connection connect() const {
        constexpr timeval patience{.tv_sec = 20, .tv_usec = 0};
        Connection connection(redisConnectUnixWithTimeout(socket().c_str(), patience));
        if (connection && connection->err == 0) {
            redisSetTimeout(connection.get(), patience);
            return connection;
        }
        return nullptr;
    }

    bool answers() const { return connect() && ask({"PING"}) != "lost" && !is_loading(); }
    bool is_loading() const { return ask({"PING"}).starts_with("LOADING"); }

    void launch() {
        // Not `everysec`: Redis may answer then before it has written.
        Words words{"redis-server",
                    "--port",
                    "0",
                    "--unixsocket",
                    socket(),
                    "--dir",
                    folder_.path().string(),
                    "--save",
                    "",
                    "--appendonly",
                    "yes",
                    "--appendfsync",
                    "always",
                    "--logfile",
                    (folder_.path() / "log").string()};
        words.insert(words.end(), options_.begin(), options_.end());
        std::vector<char*> arguments;
        for (std::string& word : words) {
            arguments.push_back(word.data());
        }
        arguments.push_back(nullptr);
        pid_ = ::fork();
        if (pid_ == 0) {
            // No Redis is left, whatever becomes of the test.
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            ::execvp(arguments[0], arguments.data());
            ::_exit(127);
        }
        if (pid_ < 0) {
            throw std::runtime_error("cannot fork");
        }
    }

    TemporaryDirectory folder_;
    Words options_;
    pid_t pid_ = -1;
};

}  // namespace test
