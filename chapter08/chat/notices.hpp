// How members are told who comes and who goes.
#pragma once

#include "chat/connection_manager.hpp"
#include "chat/messages.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace chat {

/// Tells the members of a room, or of the lobby, who comes and goes: each at once, as the tutorial
/// does. When each of thousands is told to all the others, that's a frame for each pair of them. So
/// each room has frames_at_once for an interval; what happens beyond them is gathered, and told in
/// one frame at the end of the interval.
class Notices {
public:
    static constexpr std::size_t frames_at_once = 10'000;

    /// What it is given has to outlive it.
    Notices(const ConnectionManager& manager, const Messages& messages,
            std::chrono::steady_clock::duration interval)
        : manager_(manager), messages_(messages), interval_(interval) {}
    Notices(const Notices&) = delete;
    Notices& operator=(const Notices&) = delete;

    /// Before that, and after stop(), nothing is gathered.
    void start(const boost::asio::any_io_executor& executor);
    void stop() noexcept;

    /// How many connections would be told at once of somebody who comes into that room now.
    std::size_t told_at_once(const Room& room) const;

    /// A user has come, or somebody without a name, who is not told: `exclude`. If memory runs out,
    /// came() throws, and left() doesn't tell.
    void came(const Room& room, std::string_view username, const Member* exclude = nullptr);
    void left(const Room& room, std::string_view username) noexcept;

private:
    struct Interval {
        std::size_t frames = 0;
        std::optional<Changes> changes{};
    };

    bool tells_at_once(Interval& interval, const Room& room);
    Interval& interval_of(const Room& room);
    void wait();
    void end_interval() noexcept;
    const Room* find(const std::string& key) const;

    const ConnectionManager& manager_;
    const Messages& messages_;
    std::chrono::steady_clock::duration interval_;
    std::optional<boost::asio::steady_timer> timer_;
    std::map<std::string, Interval> intervals_;  // by the key of the room
};

}  // namespace chat
