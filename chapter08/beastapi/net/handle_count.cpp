#include "beastapi/net/handle_count.hpp"

#include <boost/asio/execution_context.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace beastapi::detail {

namespace asio = boost::asio;

namespace {

/// Lives in the loop's context, and ends after all that the loop still held.
class Counter : public asio::execution_context::service {
public:
    using key_type = Counter;
    inline static asio::execution_context::id id;

    explicit Counter(asio::execution_context& context)
        : asio::execution_context::service(context) {}
    ~Counter() override {
        if (count > 0) {
            fmt::print(stderr,
                       "App::run() has ended, but something still holds a WebSocket or a "
                       "ResponseStream ({} in all). Let go of each when its handler ends.\n",
                       count);
            std::abort();
        }
    }

    std::size_t count = 0;

private:
    void shutdown() noexcept override {}
};

}  // namespace

void HandleCount::prepare(asio::io_context& loop) {
    asio::use_service<Counter>(loop);
}

HandleCount::HandleCount(asio::io_context& loop) : count_(asio::use_service<Counter>(loop).count) {
    ++count_;
}

}  // namespace beastapi::detail
