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

}  // namespace beastapi::detail
