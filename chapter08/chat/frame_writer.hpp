// A frame of the server while it is written.
#pragma once

#include "chat/frame_rules.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <cassert>
#include <string>
#include <string_view>

namespace chat {

/// Begins with the type, and the event of a system frame. In a debug build it refuses every field
/// that the frame's row in the table doesn't have.
class FrameWriter {
public:
    explicit FrameWriter(const FrameRule& rule) : rule_(&rule) {
        object_[name_of(Key::type)] = rule.type;
        if (!rule.event.empty()) {
            object_[name_of(Key::event)] = rule.event;
        }
    }

    boost::json::value& operator[](Key key) {
        assert(rule_->has(key));
        return object_[name_of(key)];
    }

    const boost::json::object& object() const noexcept { return object_; }
    std::string text() const { return boost::json::serialize(object_); }

private:
    [[maybe_unused]] const FrameRule* rule_;  // for the assertion
    boost::json::object object_;
};

}  // namespace chat
