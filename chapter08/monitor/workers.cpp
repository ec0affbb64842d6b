#include "monitor/workers.hpp"

#include "chat/late.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <memory>
#include <source_location>
#include <utility>

namespace monitor {

namespace asio = boost::asio;
using beastapi::awaitable;
using chat::Late;

void Workers::add(const asio::any_io_executor& executor, const beastapi::App& app,
                  chat::Chat& chat) {
    const std::lock_guard lock(mutex_);
    workers_.push_back({executor, &app, &chat});
}

void Workers::remove(const beastapi::App& app) noexcept {
    const std::lock_guard lock(mutex_);
    std::erase_if(workers_, [&](const Worker& worker) { return worker.app == &app; });
}

awaitable<std::vector<Sample>> Workers::look() {
    std::vector<Worker> workers;
    {
        const std::lock_guard lock(mutex_);
        workers = workers_;
    }
    std::vector<Sample> samples;
    samples.reserve(workers.size());
    for (const Worker& worker : workers) {
        samples.push_back(co_await ask(worker));
    }
    co_return samples;
}

awaitable<Sample> Workers::ask(Worker worker) {
    const asio::any_io_executor home = co_await asio::this_coro::executor;
    if (home == worker.executor) {
        co_return take_sample(*worker.app, *worker.chat);
    }
    auto late = std::make_shared<Late<Sample>>();
    // What the coroutine waits for is touched, and ends, on its own thread alone.
    auto answer = [home, late, worker]() mutable {
        Sample sample = take_sample(*worker.app, *worker.chat);
        asio::post(home, [late = std::move(late), sample = std::move(sample)]() mutable {
            late->set(std::move(sample));
        });
    };
    asio::post(worker.executor, std::move(answer));
    const beastapi::inspect::Where here("another worker", std::source_location::current());
    co_return co_await Late<Sample>::get(late, here);
}

}  // namespace monitor
