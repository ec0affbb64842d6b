#include "beastapi/net/running_loop.hpp"

#include <stdexcept>
#include <utility>

namespace beastapi::detail {

namespace {

thread_local boost::asio::io_context* running = nullptr;

}  // namespace

RunningLoop::RunningLoop(boost::asio::io_context& loop) noexcept
    : before_(std::exchange(running, &loop)) {}

RunningLoop::~RunningLoop() {
    running = before_;
}

boost::asio::io_context& RunningLoop::get() {
    if (running == nullptr) {
        throw std::runtime_error("this thread runs no event loop");
    }
    return *running;
}

}  // namespace beastapi::detail
