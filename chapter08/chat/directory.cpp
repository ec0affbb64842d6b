#include "chat/directory.hpp"

#include "beastapi/json.hpp"
#include "chat/timestamps.hpp"

#include <boost/json/array.hpp>

#include <algorithm>
#include <iterator>
#include <ranges>
#include <utility>

namespace chat {

namespace json = boost::json;
using beastapi::Refusals;
using std::chrono::system_clock;

namespace {

constexpr auto shared_for = std::chrono::seconds(1);

/// The items of that page, which counts from 1.
template <class Items>
auto page_of(const Items& items, std::size_t page, std::size_t size) {
    const auto skipped = std::min((page - 1) * size, items.size());
    const auto begin = std::next(items.begin(), static_cast<std::ptrdiff_t>(skipped));
    const auto taken = std::min(size, items.size() - skipped);
    return std::ranges::subrange(begin, std::next(begin, static_cast<std::ptrdiff_t>(taken)));
}

/// The first page behind the last, or the page itself: so there are no more pages to remember than
/// there are.
std::size_t clamp_page(std::size_t page, std::size_t size, std::size_t items) {
    return std::min(std::max<std::size_t>(page, 1), items / size + 2);
}

json::array describe_users(const Room& lobby, std::size_t page) {
    json::array users;
    for (const auto& presence : page_of(lobby.users(), page, Directory::status_page)) {
        users.emplace_back(presence.user->name);
    }
    return users;
}

json::array describe_connections(const std::vector<Connection>& connections, bool named) {
    const auto wall_clock = system_clock::now();
    json::array items;
    for (const Connection& connection : connections) {
        json::object item;
        if (named) {
            item["username"] = connection.username.empty() ? "Unknown" : connection.username;
        }
        item["last_activity"] = isoformat(
            wall_clock - std::chrono::duration_cast<system_clock::duration>(connection.idle));
        item["idle_seconds"] = std::chrono::duration<double>(connection.idle).count();
        items.push_back(std::move(item));
    }
    return items;
}

json::object count_members(const Room& room) {
    json::object item;
    item["room"] = room.name();
    item["member_count"] = room.size();
    return item;
}

json::object describe_refusals(const Refusals& server, const Refusals& chat) {
    // Both may have refused for the same reason.
    Refusals::Counts counts = server.by_reason();
    for (const auto& [reason, count] : chat.by_reason()) {
        counts[reason] += count;
    }
    json::object described;
    for (const auto& [reason, count] : counts) {
        described[reason] = count;
    }
    return described;
}

}  // namespace

std::size_t Directory::status_entries() const {
    return std::max(manager_.get_connection_count(), manager_.rooms().size());
}

std::string Directory::status(bool named, std::size_t page, const Refusals& server) {
    page = clamp_page(page, status_page, status_entries());
    std::string known = find_shared(List::status, named, page, status_entries());
    if (known.empty()) {
        known = write_status(named, page, server,
                             list_connections(manager_, (page - 1) * status_page, status_page));
    }
    return known;
}

beastapi::awaitable<std::string> Directory::status(bool named, std::size_t page,
                                                   const Refusals& server, Neighbours& neighbours) {
    page = clamp_page(page, status_page, status_entries());
    std::string known = find_shared(List::status, named, page, status_entries());
    if (known.empty()) {
        const auto connections = co_await neighbours.list((page - 1) * status_page, status_page);
        known = write_status(named, page, server, connections);
    }
    co_return known;
}

std::string Directory::write_status(bool named, std::size_t page, const Refusals& server,
                                    const std::vector<Connection>& connections) {
    return share(List::status, named, page, status_entries(),
                 make_status(named, page, server, connections));
}

std::string Directory::rooms(bool named, std::size_t page) {
    const std::size_t rooms = manager_.rooms().size();
    // With names there is an entry for each member, too.
    std::size_t entries = rooms;
    if (named) {
        for (const auto& [key, room] : manager_.rooms()) {
            entries += room->users().size();
            if (entries > short_list) {
                break;
            }
        }
    }
    page = clamp_page(page, rooms_page, rooms);
    std::string known = find_shared(List::rooms, named, page, entries);
    return known.empty() ? share(List::rooms, named, page, entries, make_rooms(named, page))
                         : known;
}

std::string Directory::find_shared(List list, bool named, std::size_t page, std::size_t entries) {
    if (entries <= short_list) {
        return {};
    }
    const auto now = now_();
    std::erase_if(answers_,
                  [now](const auto& each) { return now - each.second.made >= shared_for; });
    const auto known = answers_.find(std::tuple(list, named, page));
    return known == answers_.end() ? std::string() : known->second.text;
}

std::string Directory::share(List list, bool named, std::size_t page, std::size_t entries,
                             const json::object& answer) {
    std::string text = beastapi::json_dumps(answer);
    if (entries > short_list) {
        answers_.insert_or_assign(std::tuple(list, named, page), Answer{now_(), text});
    }
    return text;
}

json::object Directory::make_status(bool named, std::size_t page, const Refusals& server,
                                    const std::vector<Connection>& connections) const {
    const Room& lobby = manager_.lobby();
    const std::chrono::duration<double> timeout = settings_.heartbeat_timeout;
    json::object status;
    status["connected_count"] = lobby.size();
    if (named) {
        status["connected_users"] = describe_users(lobby, page);
    }
    status["heartbeat_timeout"] = timeout.count();
    status["connections"] = describe_connections(connections, named);
    json::array rooms;
    for (const auto& [key, room] : page_of(manager_.rooms(), page, status_page)) {
        rooms.push_back(count_members(*room));
    }
    status["rooms"] = std::move(rooms);
    status["refusals"] = describe_refusals(server, refusals_);
    status["status"] = "active";
    if (std::max(lobby.size(), manager_.rooms().size()) > page * status_page) {
        status["more"] = true;
    }
    return status;
}

json::object Directory::make_rooms(bool named, std::size_t page) const {
    std::size_t names_left = named ? names_on_a_page : 0;
    json::array rooms;
    for (const auto& [key, room] : page_of(manager_.rooms(), page, rooms_page)) {
        json::object item = count_members(*room);
        if (named) {
            const auto names = room->names(std::min(names_of_a_room, names_left)).names;
            names_left -= names.size();
            item["members"] = json::array(names.begin(), names.end());
            if (names.size() < room->users().size()) {
                item["more"] = true;
            }
        }
        rooms.push_back(std::move(item));
    }
    json::object answer;
    answer["rooms"] = std::move(rooms);
    if (manager_.rooms().size() > page * rooms_page) {
        answer["more"] = true;
    }
    return answer;
}

}  // namespace chat
