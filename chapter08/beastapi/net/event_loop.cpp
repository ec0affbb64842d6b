#include "beastapi/net/event_loop.hpp"

#include "beastapi/inspect/registry.hpp"

#include <boost/asio/co_spawn.hpp>
#include <spdlog/spdlog.h>

#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace beastapi::detail {

namespace {

/// As io_context::run(), but the inspector sees each handler end.
void run_turns(boost::asio::io_context& context) {
    inspect::registry->end_turn();  // of a handler that has thrown
    while (context.run_one() > 0) {
        inspect::registry->end_turn();
    }
}

}  // namespace

void run_event_loop(boost::asio::io_context& context) noexcept {
    while (!context.stopped()) {
        try {
            if (inspect::is_on()) {
                run_turns(context);
            } else {
                context.run();
            }
        } catch (const std::exception& error) {
            spdlog::error("a connection ended by an error: {}", error.what());
        } catch (...) {
            spdlog::error("a connection ended by an exception that is no std::exception");
        }
    }
}

void run_until_complete(boost::asio::io_context& context, awaitable<void> coroutine) {
    // Shared: if the loop is stopped before, the coroutine outlives this call.
    const auto outcome = std::make_shared<std::optional<std::exception_ptr>>();
    boost::asio::co_spawn(context, std::move(coroutine),
                          [outcome](std::exception_ptr error) { *outcome = std::move(error); });
    while (!*outcome && !context.stopped()) {
        context.run_one();
    }
    if (*outcome && **outcome) {
        std::rethrow_exception(**outcome);
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
