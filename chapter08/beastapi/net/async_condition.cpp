#include "beastapi/net/async_condition.hpp"

#include "beastapi/net/slot_guard.hpp"

namespace beastapi::detail {

namespace asio = boost::asio;

awaitable<void> AsyncCondition::wait() {
    Place place;
    SlotGuard slot((co_await asio::this_coro::cancellation_state).slot());
    slot.assign([this, &place] { cancel(place.waiter); });
    auto operation = asio::async_initiate<const asio::deferred_t&, void(boost::system::error_code)>(
        [](auto handler, AsyncCondition* condition, Place* room) {
            condition->add(room->put(std::move(handler)));
        },
        asio::deferred, this, &place);
    co_await std::move(operation);
}

}  // namespace beastapi::detail
