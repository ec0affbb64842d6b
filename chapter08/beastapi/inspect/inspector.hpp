// Looks at the coroutines of all workers of a server.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/inspect/snapshot.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/json/object.hpp>

#include <mutex>
#include <vector>

namespace beastapi::inspect {

/// Asks each loop for its view, on the loop's thread. Any thread may.
class Inspector {
public:
    Inspector() = default;
    Inspector(const Inspector&) = delete;
    Inspector& operator=(const Inspector&) = delete;

    /// While a registry is in here, its loop has to run.
    void add(const boost::asio::any_io_executor& executor, const Registry& coroutines);
    void remove(const Registry& coroutines) noexcept;

    /// As `/inspect.json` gives it.
    awaitable<boost::json::object> snapshot(Query query);

private:
    struct Loop {
        boost::asio::any_io_executor executor;
        const Registry* registry;
    };

    std::mutex mutex_;
    std::vector<Loop> loops_;  // in the order of their numbers
};

}  // namespace beastapi::inspect
