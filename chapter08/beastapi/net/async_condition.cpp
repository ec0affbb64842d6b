#include "beastapi/net/async_condition.hpp"

#include "beastapi/inspect/wait.hpp"
#include "beastapi/net/slot_guard.hpp"

namespace beastapi::detail {

namespace asio = boost::asio;

awaitable<void> AsyncCondition::wait(inspect::Where where) {
    Place place;
    inspect::Wait waiting;
    SlotGuard slot((co_await asio::this_coro::cancellation_state).slot());
    slot.assign([this, &place] { cancel(place.waiter); });
    auto operation = asio::async_initiate<const asio::deferred_t&, void(boost::system::error_code)>(
        [](auto handler, AsyncCondition* condition, Place* room, inspect::Wait* wait,
           const inspect::Where* at) {
            wait->begin(handler, *at);
            condition->add(room->put(std::move(handler)));
        },
        asio::deferred, this, &place, &waiting, &where);
    co_await std::move(operation);
    waiting.resumed();
}

}  // namespace beastapi::detail
