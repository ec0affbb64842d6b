#include "monitor/workers.hpp"

#include "beastapi/net/ask_loop.hpp"

#include <source_location>
#include <utility>

namespace monitor {

namespace asio = boost::asio;
using beastapi::awaitable;

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
    const beastapi::inspect::Where here("another worker", std::source_location::current());
    for (const Worker& worker : workers) {
        auto take = [worker] { return take_sample(*worker.app, *worker.chat); };
        samples.push_back(
            co_await beastapi::detail::ask_loop(worker.executor, std::move(take), here));
    }
    co_return samples;
}

}  // namespace monitor
