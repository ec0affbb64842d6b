// Who is in the chat, and which rooms there are, for `/ws/status` and `/rooms`.
#pragma once

#include "beastapi/refusals.hpp"
#include "chat/chat_settings.hpp"
#include "chat/connection_manager.hpp"
#include "chat/neighbours.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace chat {

/// Writes lists as JSON, in pages: nobody makes the server write all of a long one at once. A list
/// that was cut has `"more":true`.
///
/// A long list is written at most once a second, and shared by all who ask for the same page in
/// that time; a short one is always of this moment.
class Directory {
public:
    using Clock = std::chrono::steady_clock;

    /// Users, connections and rooms on a page of the status.
    static constexpr std::size_t status_page = 200;
    /// Rooms on a page of the rooms, names of each, and names on the page in all.
    static constexpr std::size_t rooms_page = 100;
    static constexpr std::size_t names_of_a_room = 200;
    static constexpr std::size_t names_on_a_page = 2'000;
    /// With more entries than this, a list is a long one.
    static constexpr std::size_t short_list = 50;

    /// What it is given has to outlive it. The time is `now`'s, which a test may tell.
    Directory(const ConnectionManager& manager, const ChatSettings& settings,
              const beastapi::Refusals& refusals,
              std::function<Clock::time_point()> now = Clock::now)
        : manager_(manager), settings_(settings), refusals_(refusals), now_(std::move(now)) {}

    /// Who is connected, with names or without, and what was refused by the chat and by `server`.
    /// Pages count from 1; one behind the last is empty. The connections on it are those of this
    /// shard.
    std::string status(bool named, std::size_t page, const beastapi::Refusals& server);

    /// The same with the connections of all shards of this process.
    beastapi::awaitable<std::string> status(bool named, std::size_t page,
                                            const beastapi::Refusals& server,
                                            Neighbours& neighbours);

    /// Which rooms there are, with the names of who is in them or without.
    std::string rooms(bool named, std::size_t page);

private:
    enum class List { status, rooms };
    struct Answer {
        Clock::time_point made;
        std::string text;
    };

    /// What has been written of a long list lately; empty if nothing has.
    std::string find_shared(List list, bool named, std::size_t page, std::size_t entries);
    std::string share(List list, bool named, std::size_t page, std::size_t entries,
                      const boost::json::object& answer);
    std::size_t status_entries() const;
    std::string write_status(bool named, std::size_t page, const beastapi::Refusals& server,
                             const std::vector<Connection>& connections);
    boost::json::object make_status(bool named, std::size_t page, const beastapi::Refusals& server,
                                    const std::vector<Connection>& connections) const;
    boost::json::object make_rooms(bool named, std::size_t page) const;

    const ConnectionManager& manager_;
    const ChatSettings& settings_;
    const beastapi::Refusals& refusals_;
    std::function<Clock::time_point()> now_;
    std::map<std::tuple<List, bool, std::size_t>, Answer> answers_;
};

}  // namespace chat
