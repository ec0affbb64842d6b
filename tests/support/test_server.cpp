#include "support/test_server.hpp"

#include "beastapi/http/server.hpp"
#include "routers/events.hpp"
#include "routers/status.hpp"
#include "routers/websocket.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdlib>

namespace test {

namespace {

/// The server's log goes to stderr only if someone asks for it, with TEST_LOG=debug for example.
void configure_log() {
    const char* const level = std::getenv("TEST_LOG");
    spdlog::set_level(level == nullptr ? spdlog::level::off : spdlog::level::from_str(level));
}

}  // namespace

TestServerOptions quiet() {
    TestServerOptions options;
    options.server.port = 0;
    options.server.max_connections_per_address = 0;
    options.server.client_rate_in = 0;
    options.server.client_rate_out = 0;
    options.chat.locale = chat::Locale::en;
    options.chat.heartbeat_interval = 1h;
    options.chat.heartbeat_timeout = 1h;
    options.chat.message_rate.rate = 0;
    options.chat.max_text_length = 0;
    options.chat.max_sessions_per_user = 0;
    return options;
}

struct TestServer::Impl {
    explicit Impl(const TestServerOptions& options)
        : chat(options.chat), shutdown_timeout(options.server.shutdown_timeout) {
        app.include_router(routers::websocket(chat));
        app.include_router(routers::events(chat, app));
        app.include_router(routers::status(chat, app.refusals()));
        if (options.set_up) {
            options.set_up(app, chat);
        }
        server = std::make_shared<beastapi::detail::Server>(*context, app, options.server);
    }

    // In the order that App::run() has: the loop ends before what its coroutines refer to.
    beastapi::App app;
    chat::Chat chat;
    std::chrono::steady_clock::duration shutdown_timeout;
    std::unique_ptr<io_context> context = std::make_unique<io_context>(1);
    std::shared_ptr<beastapi::detail::Server> server;
    unsigned short port = 0;
};

TestServer::TestServer(TestServerOptions options) {
    configure_log();
    impl_ = std::make_unique<Impl>(options);
    impl_->port = impl_->server->port();
    impl_->chat.start(impl_->context->get_executor());
    impl_->server->start();
}

TestServer::~TestServer() {
    try {
        if (!impl_->server->stopping()) {
            run(stop());
        }
        const auto end = std::chrono::steady_clock::now() + deadline;
        if (work_left_) {
            impl_->server.reset();
            impl_->chat.stop();
        } else {
            // In the order of App::run().
            while (session_count() > 0 && context().run_one_until(end) > 0) {}
            BOOST_CHECK_MESSAGE(session_count() == 0, "the server left sessions behind");
            impl_->chat.stop();
            while (!context().stopped() && context().run_one_until(end) > 0) {}
            BOOST_CHECK_MESSAGE(context().stopped(), "the server left work behind");
            impl_->server.reset();
        }
        impl_->context.reset();
        BOOST_CHECK_EQUAL(impl_->chat.manager().get_connection_count(), 0U);
    } catch (const std::exception& error) {
        BOOST_ERROR("the server did not stop: " << error.what());
    }
}

unsigned short TestServer::port() const {
    return impl_->port;
}

std::size_t TestServer::session_count() const {
    return impl_->server->session_count();
}

beastapi::App& TestServer::app() {
    return impl_->app;
}

chat::Chat& TestServer::chat() {
    return impl_->chat;
}

chat::ConnectionManager& TestServer::manager() {
    return impl_->chat.manager();
}

const beastapi::Refusals& TestServer::refusals() const {
    return impl_->app.refusals();
}

io_context& TestServer::context() {
    return *impl_->context;
}

awaitable<void> TestServer::stop() {
    return beastapi::detail::Server::stop(impl_->server);
}

bool TestServer::stopping() const {
    return impl_->server->stopping();
}

awaitable<void> TestServer::until_sessions(std::size_t count, source_location where) {
    const auto reached = [this, count] { return session_count() == count; };
    co_await until(reached, fmt::format("{} open connections", count), where);
}

awaitable<void> TestServer::until_members(std::size_t count, source_location where) {
    const auto reached = [this, count] { return manager().get_connection_count() == count; };
    co_await until(reached, fmt::format("{} members", count), where);
}

void TestServer::run(awaitable<void> test, std::chrono::seconds at_most) {
    test::run(context(), std::move(test), at_most);
}

awaitable<WebSocketClient> TestServer::join(std::string username, source_location where) {
    return join_at("/ws/chat/" + username, where);
}

awaitable<WebSocketClient> TestServer::join_with_heartbeat(std::string username,
                                                           source_location where) {
    return join_at("/ws/chat/" + username + "/heartbeat", where);
}

awaitable<WebSocketClient> TestServer::join_nameless(source_location where) {
    return join_at("/ws/chat", where);
}

awaitable<WebSocketClient> TestServer::connect(std::string target, source_location where) {
    return WebSocketClient::connect(port(), std::move(target), where);
}

awaitable<WebSocketClient> TestServer::join_at(std::string target, source_location where) {
    WebSocketClient client = co_await connect(std::move(target), where);
    const auto welcome = co_await client.receive_json(where);
    BOOST_TEST(welcome.at("event").as_string() == "welcome", to_string(where));
    co_return client;
}

}  // namespace test
