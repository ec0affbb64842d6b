#include "beastapi/http/workers.hpp"
#include "beastapi/test_client.hpp"

#include <thread>
#include <utility>

namespace beastapi {

namespace {

ServerSettings at_a_free_port(ServerSettings settings) {
    settings.host = "127.0.0.1";
    settings.port = 0;
    return settings;
}

}  // namespace

struct TestServer::Impl {
    Impl(App& app, const ServerSettings& settings)
        : workers({&app}, settings), url(workers.url()), port(workers.port()) {
        workers.start_up();
        thread = std::jthread([this] { workers.serve(); });
    }

    detail::Workers workers;
    std::string url;
    unsigned short port;
    std::jthread thread;
};

TestServer::TestServer(App& app, ServerSettings settings)
    : impl_(std::make_unique<Impl>(app, at_a_free_port(std::move(settings)))) {}

TestServer::~TestServer() {
    stop();
}

unsigned short TestServer::port() const noexcept {
    return impl_->port;
}

std::string TestServer::url() const {
    return impl_->url;
}

void TestServer::stop() {
    if (impl_->thread.joinable()) {
        impl_->workers.stop();
        impl_->thread.join();
    }
}

}  // namespace beastapi
