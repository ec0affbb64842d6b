#include "chat/event_lines.hpp"

#include "chat/event_line.hpp"
#include "chat/late.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <exception>
#include <iterator>
#include <optional>
#include <source_location>
#include <system_error>
#include <utility>

namespace chat {

namespace asio = boost::asio;
using beastapi::awaitable;

namespace {

std::string make_secret() {
    std::array<unsigned char, 16> random{};
    if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
        throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    std::string secret;
    for (const unsigned char byte : random) {
        fmt::format_to(std::back_inserter(secret), "{:02x}", byte);
    }
    return secret;
}

awaitable<bool> put_into(std::weak_ptr<EventLine> weak, std::string frame) {
    auto line = weak.lock();
    if (!line) {
        co_return false;
    }
    co_return co_await EventLine::put(std::move(line), std::move(frame));
}

}  // namespace

std::string EventLines::add(const asio::any_io_executor& executor, std::weak_ptr<EventLine> line) {
    std::string secret = make_secret();
    const std::lock_guard lock(mutex_);
    lines_.emplace(secret, Place{executor, std::move(line)});
    return secret;
}

void EventLines::remove(const std::string& secret) noexcept {
    const std::lock_guard lock(mutex_);
    lines_.erase(secret);
}

// [put]
awaitable<bool> EventLines::put(std::string secret, std::string frame) {
    std::optional<Place> place;
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = lines_.find(secret); known != lines_.end()) {
            place = known->second;
        }
    }
    if (!place) {
        co_return false;
    }
    // The line is another thread's, perhaps; what this coroutine waits for is touched here alone.
    const asio::any_io_executor home = co_await asio::this_coro::executor;
    auto late = std::make_shared<Late<bool>>();
    auto done = [home, late](const std::exception_ptr& failure, bool taken) {
        asio::post(home, [late, taken = taken && !failure] { late->set(taken); });
    };
    auto putting = put_into(std::move(place->line), std::move(frame));
    asio::co_spawn(place->executor, std::move(putting), std::move(done));
    const beastapi::inspect::Where here("room in the inbox", std::source_location::current());
    co_return co_await Late<bool>::get(late, here);
}
// [/put]

}  // namespace chat
