#include "beastapi/net/event_loop.hpp"

#include <spdlog/spdlog.h>

#include <exception>

namespace beastapi::detail {

void run_event_loop(boost::asio::io_context& context) noexcept {
    while (!context.stopped()) {
        try {
            context.run();
        } catch (const std::exception& error) {
            spdlog::error("a connection ended by an error: {}", error.what());
        } catch (...) {
            spdlog::error("a connection ended by an exception that is no std::exception");
        }
    }
}

void drain_event_loop(boost::asio::io_context& context) noexcept {
    constexpr int max_handlers = 1'000'000;
    context.restart();
    for (int i = 0; i < max_handlers; ++i) {
        try {
            if (context.poll_one() == 0) {
                return;
            }
        } catch (const std::exception& error) {
            spdlog::error("a connection ended by an error: {}", error.what());
        }
    }
}

}  // namespace beastapi::detail
