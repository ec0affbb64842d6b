#include "beastapi/inspect/inspector.hpp"

#include "beastapi/net/ask_loop.hpp"

#include <algorithm>
#include <utility>

namespace beastapi::inspect {

namespace asio = boost::asio;

void Inspector::add(const asio::any_io_executor& executor, const Registry& coroutines) {
    const std::lock_guard lock(mutex_);
    loops_.push_back({executor, &coroutines});
    const auto number = [](const Loop& loop) { return loop.registry->number(); };
    std::ranges::sort(loops_, {}, number);
}

void Inspector::remove(const Registry& coroutines) noexcept {
    const std::lock_guard lock(mutex_);
    std::erase_if(loops_, [&](const Loop& loop) { return loop.registry == &coroutines; });
}

awaitable<boost::json::object> Inspector::snapshot(Query query) {
    std::vector<Loop> loops;
    {
        const std::lock_guard lock(mutex_);
        loops = loops_;
    }
    std::vector<View> views;
    views.reserve(loops.size());
    for (const Loop& loop : loops) {
        auto take = [registry = loop.registry, query] { return take_view(*registry, query); };
        views.push_back(co_await detail::ask_loop(loop.executor, std::move(take)));
    }
    co_return put_together(std::move(views), query);
}

}  // namespace beastapi::inspect
