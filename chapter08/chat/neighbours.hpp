// The connections of all shards of this process, for `/ws/status`.
#pragma once

#include "beastapi/awaitable.hpp"
#include "chat/connection_manager.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

namespace chat {

/// One connection as the status tells it.
struct Connection {
    std::string username{};  ///< empty without a name
    std::chrono::steady_clock::time_point came{};
    std::chrono::steady_clock::duration idle{};
};

/// Up to `limit` of a shard's connections, behind the first `skip` of them.
std::vector<Connection> list_connections(const ConnectionManager& manager, std::size_t skip,
                                         std::size_t limit);

/// Asks each shard for its part, on the shard's thread. Any thread may.
class Neighbours {
public:
    Neighbours() = default;
    Neighbours(const Neighbours&) = delete;
    Neighbours& operator=(const Neighbours&) = delete;

    /// While a shard is in here, its loop has to run.
    void add(const boost::asio::any_io_executor& executor, const ConnectionManager& manager);
    void remove(const ConnectionManager& manager) noexcept;

    /// As list_connections(), one shard after the other; what comes back is in the order in which
    /// they came.
    beastapi::awaitable<std::vector<Connection>> list(std::size_t skip, std::size_t limit);

private:
    struct Shard {
        boost::asio::any_io_executor executor;
        const ConnectionManager* manager;
    };
    struct Part {
        std::vector<Connection> connections{};
        std::size_t in_all = 0;
    };

    std::mutex mutex_;
    std::vector<Shard> shards_;
};

}  // namespace chat
