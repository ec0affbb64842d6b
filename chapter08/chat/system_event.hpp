// What every frame of the type `system` begins with.
#pragma once

#include <boost/json/object.hpp>

#include <string_view>

namespace chat {

/// `message` says for people what `event` says for programs.
inline boost::json::object system_event(std::string_view event, std::string_view message) {
    boost::json::object frame;
    frame["type"] = "system";
    frame["event"] = event;
    frame["message"] = message;
    return frame;
}

}  // namespace chat
