// The chat server in the test's own process, on a port that is free, in the loop of its clients.
#pragma once

#include "beastapi/app.hpp"
#include "chat/chat.hpp"
#include "support/loop.hpp"
#include "support/websocket_client.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace test {

struct TestServerOptions {
    beastapi::ServerSettings server{};
    chat::ChatSettings chat{};
    /// Adds to the routes of the chat.
    std::function<void(beastapi::App&, chat::Chat&)> set_up{};
};

/// The heartbeats are an hour apart, the texts English, and clients may connect and send as fast
/// and as much as they like, unless a test says otherwise.
TestServerOptions quiet();

class TestServer {
public:
    explicit TestServer(TestServerOptions options = quiet());
    TestServer(const TestServer&) = delete;
    TestServer& operator=(const TestServer&) = delete;

    /// Stops the server, and fails the test unless every coroutine ends with it and nobody is left
    /// in the chat.
    ~TestServer();

    unsigned short port() const;
    std::size_t session_count() const;
    beastapi::App& app();
    chat::Chat& chat();
    chat::ConnectionManager& manager();
    const beastapi::Refusals& refusals() const;
    io_context& context();

    /// What SIGTERM does to App::run().
    awaitable<void> stop();
    bool stopping() const;

    /// Wait for that number of open connections, and of members of the chat.
    awaitable<void> until_sessions(std::size_t count,
                                   source_location where = source_location::current());
    awaitable<void> until_members(std::size_t count,
                                  source_location where = source_location::current());

    /// For a test whose handler does not end by itself: the end of the loop has to end it.
    void expect_work_left() noexcept { work_left_ = true; }

    /// Runs `test` on the server's loop.
    void run(awaitable<void> test, std::chrono::seconds at_most = 60s);

    /// A member of the chat who has received the welcome.
    awaitable<WebSocketClient> join(std::string username,
                                    source_location where = source_location::current());

    /// The same on the heartbeat endpoint.
    awaitable<WebSocketClient> join_with_heartbeat(
        std::string username, source_location where = source_location::current());

    /// A member without a name.
    awaitable<WebSocketClient> join_nameless(source_location where = source_location::current());

    awaitable<WebSocketClient> connect(std::string target,
                                       source_location where = source_location::current());

private:
    struct Impl;
    awaitable<WebSocketClient> join_at(std::string target, source_location where);

    std::unique_ptr<Impl> impl_;
    bool work_left_ = false;
};

/// A test case whose body is a coroutine with a server of its own, named `server`. Whatever stands
/// behind the name makes the server's options.
#define SERVER_TEST(name, ...)                                       \
    static ::test::awaitable<void> name##_body(::test::TestServer&); \
    BOOST_AUTO_TEST_CASE(name) {                                     \
        ::test::TestServer server{__VA_ARGS__};                      \
        server.run(name##_body(server));                             \
    }                                                                \
    static ::test::awaitable<void> name##_body([[maybe_unused]] ::test::TestServer& server)

}  // namespace test
