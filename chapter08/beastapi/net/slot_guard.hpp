// Prepares a coroutine for its cancellation before it suspends.
#pragma once

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>

#include <utility>

namespace beastapi::detail {

/// Lives in a coroutine that waits, and says what cancels the wait.
///
/// An operation of Asio would ask for the memory of that when the coroutine has suspended already;
/// where there is none, Asio destroys the coroutine. assign() throws in the coroutine instead.
class SlotGuard {
public:
    /// `slot` is that of the coroutine: `(co_await this_coro::cancellation_state).slot()`.
    explicit SlotGuard(boost::asio::cancellation_slot slot) noexcept : slot_(slot) {}
    SlotGuard(const SlotGuard&) = delete;
    SlotGuard& operator=(const SlotGuard&) = delete;
    ~SlotGuard() {
        if (slot_.is_connected()) {
            slot_.clear();
        }
    }

    template <class Cancel>
    void assign(Cancel cancel) {
        if (slot_.is_connected()) {
            slot_.assign(
                [cancel = std::move(cancel)](boost::asio::cancellation_type) { cancel(); });
        }
    }

private:
    boost::asio::cancellation_slot slot_;
};

}  // namespace beastapi::detail
