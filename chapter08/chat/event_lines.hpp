// Which stream a POST belongs to, over all shards of a process.
#pragma once

#include "beastapi/awaitable.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace chat {

class EventLine;

/// Knows the lines by their secrets. Any thread may use it; a line itself is used on its own
/// thread.
class EventLines {
public:
    /// A secret of 128 bits, under which the line is known from now on.
    std::string add(const boost::asio::any_io_executor& executor, std::weak_ptr<EventLine> line);
    void remove(const std::string& secret) noexcept;

    /// Hands a frame over to the line of that secret. False if there is none, or it has ended.
    beastapi::awaitable<bool> put(std::string secret, std::string frame);

private:
    struct Place {
        boost::asio::any_io_executor executor;
        std::weak_ptr<EventLine> line;
    };

    std::mutex mutex_;
    std::unordered_map<std::string, Place> lines_;
};

}  // namespace chat
