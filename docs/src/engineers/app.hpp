// The poll, and its endpoints, for main() and for the tests.
#pragma once

#include "beastapi/app.hpp"

#include <map>
#include <string>
#include <unordered_set>

struct Poll {
    std::map<std::string, int> votes{{"coffee", 0}, {"tea", 0}};
    std::unordered_set<beastapi::WebSocket> watchers{};
};

void add_routes(beastapi::App& app, Poll& poll);
