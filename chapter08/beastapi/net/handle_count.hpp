// How many connections the handles of a loop keep alive.
#pragma once

#include <boost/asio/io_context.hpp>

#include <cstddef>

namespace beastapi::detail {

/// A part of what a handle (WebSocket, ResponseStream) refers to. When a loop ends, none may be
/// left: it would use the loop once more at its own end. So the process ends with a message there,
/// rather than anyhow, and at some later time.
class HandleCount {
public:
    /// Has to be called before anything runs in the loop: what is made in a loop later ends before.
    static void prepare(boost::asio::io_context& loop);

    explicit HandleCount(boost::asio::io_context& loop);
    HandleCount(const HandleCount&) = delete;
    HandleCount& operator=(const HandleCount&) = delete;
    ~HandleCount() { --count_; }

private:
    std::size_t& count_;
};

}  // namespace beastapi::detail
