// Which event loop a thread runs: asyncio's `get_running_loop`.
#pragma once

#include <boost/asio/io_context.hpp>

namespace beastapi::detail {

/// While it lives, `loop` is the one that its thread runs.
class RunningLoop {
public:
    explicit RunningLoop(boost::asio::io_context& loop) noexcept;
    RunningLoop(const RunningLoop&) = delete;
    RunningLoop& operator=(const RunningLoop&) = delete;
    ~RunningLoop();

    /// Throws std::runtime_error if this thread runs none.
    static boost::asio::io_context& get();

private:
    boost::asio::io_context* before_;
};

}  // namespace beastapi::detail
