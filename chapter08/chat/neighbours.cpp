#include "chat/neighbours.hpp"

#include "beastapi/net/ask_loop.hpp"

#include <algorithm>
#include <iterator>
#include <source_location>
#include <utility>

namespace chat {

namespace asio = boost::asio;
using beastapi::awaitable;

std::vector<Connection> list_connections(const ConnectionManager& manager, std::size_t skip,
                                         std::size_t limit) {
    const auto now = std::chrono::steady_clock::now();
    const auto& members = manager.lobby().members();
    const std::size_t begin = std::min(skip, members.size());
    const std::size_t end = begin + std::min(limit, members.size() - begin);
    std::vector<Connection> connections;
    connections.reserve(end - begin);
    for (std::size_t i = begin; i < end; ++i) {
        const Member& member = *members[i];
        connections.push_back(
            {std::string(member.username()), member.came, now - member.last_activity});
    }
    return connections;
}

void Neighbours::add(const asio::any_io_executor& executor, const ConnectionManager& manager) {
    const std::lock_guard lock(mutex_);
    shards_.push_back({executor, &manager});
}

void Neighbours::remove(const ConnectionManager& manager) noexcept {
    const std::lock_guard lock(mutex_);
    std::erase_if(shards_, [&](const Shard& shard) { return shard.manager == &manager; });
}

awaitable<std::vector<Connection>> Neighbours::list(std::size_t skip, std::size_t limit) {
    std::vector<Shard> shards;
    {
        const std::lock_guard lock(mutex_);
        shards = shards_;
    }
    std::vector<Connection> all;
    const beastapi::inspect::Where here("another worker", std::source_location::current());
    for (const Shard& shard : shards) {
        auto look = [manager = shard.manager, skip, most = limit - all.size()] {
            return Part{list_connections(*manager, skip, most), manager->lobby().members().size()};
        };
        Part part = co_await beastapi::detail::ask_loop(shard.executor, std::move(look), here);
        skip -= std::min(skip, part.in_all);
        std::ranges::move(part.connections, std::back_inserter(all));
    }
    std::ranges::sort(all, {}, &Connection::came);
    co_return all;
}

}  // namespace chat
