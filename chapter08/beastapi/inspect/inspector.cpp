#include "beastapi/inspect/inspector.hpp"

#include "beastapi/net/late.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <memory>
#include <utility>

namespace beastapi::inspect {

namespace asio = boost::asio;
using detail::Late;

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
        views.push_back(co_await ask(loop, query));
    }
    co_return put_together(std::move(views), query);
}

awaitable<View> Inspector::ask(Loop loop, Query query) {
    const asio::any_io_executor home = co_await asio::this_coro::executor;
    if (home == loop.executor) {
        co_return take_view(*loop.registry, query);
    }
    auto late = std::make_shared<Late<View>>();
    // What the coroutine waits for is touched, and ends, on its own thread alone.
    auto answer = [home, late, loop, query = std::move(query)]() mutable {
        View view = take_view(*loop.registry, query);
        asio::post(home, [late = std::move(late), view = std::move(view)]() mutable {
            late->set(std::move(view));
        });
    };
    asio::post(loop.executor, std::move(answer));
    co_return co_await Late<View>::get(late);
}

}  // namespace beastapi::inspect
