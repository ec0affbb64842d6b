// What the inspector tells of the coroutines of a loop, and of all loops together.
#pragma once

#include "beastapi/inspect/registry.hpp"

#include <boost/json/object.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace beastapi::inspect {

/// Which tasks are asked for.
struct Query {
    static constexpr std::size_t most = 200;

    std::size_t tasks = most;  ///< at most
    std::uint64_t after = 0;   ///< those with larger numbers
    std::string find{};        ///< in their names and lines, without regard to case; empty: all
};

/// The part of one loop. It shares nothing with the loop, so that another thread may have it.
struct View {
    boost::json::object loop{};
    std::vector<std::pair<std::uint64_t, boost::json::object>> tasks{};  // by their numbers
    std::size_t found = 0;  ///< all that were asked for, on whatever page
    std::vector<std::pair<Registry::Clock::time_point, boost::json::object>> transitions{};
};

/// On the thread of the loop.
View take_view(const Registry& coroutines, const Query& query);

boost::json::object put_together(std::vector<View> views, const Query& query);

}  // namespace beastapi::inspect
