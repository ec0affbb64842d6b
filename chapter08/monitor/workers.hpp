// The workers of this process, for monitoring.
#pragma once

#include "beastapi/awaitable.hpp"
#include "monitor/sample.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <mutex>
#include <vector>

namespace monitor {

/// Asks each worker for its sample, on the worker's thread. Any thread may.
class Workers {
public:
    Workers() = default;
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;

    /// While a worker is in here, its loop has to run.
    void add(const boost::asio::any_io_executor& executor, const beastapi::App& app,
             chat::Chat& chat);
    void remove(const beastapi::App& app) noexcept;

    /// In the order in which they were added.
    beastapi::awaitable<std::vector<Sample>> look();

private:
    struct Worker {
        boost::asio::any_io_executor executor;
        const beastapi::App* app;
        chat::Chat* chat;
    };

    std::mutex mutex_;
    std::vector<Worker> workers_;
};

}  // namespace monitor
