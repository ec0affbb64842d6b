// Notices when the token of a live connection has expired.
#pragma once

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace chat {

/// A timer for one token: an object of some 200 bytes, where a coroutine that sleeps would hold its
/// frame.
class TokenExpiry {
public:
    /// Calls `expired` on `executor` once the time has come, but not after this object's end.
    TokenExpiry(const boost::asio::any_io_executor& executor, std::function<void()> expired);
    TokenExpiry(const TokenExpiry&) = delete;
    TokenExpiry& operator=(const TokenExpiry&) = delete;
    ~TokenExpiry();

    /// Says when: after `left` from now, whatever was said before.
    void expire_after(std::chrono::system_clock::duration left);

private:
    struct Timer;
    static void wait(const std::shared_ptr<Timer>& timer);

    std::shared_ptr<Timer> timer_;
};

}  // namespace chat
