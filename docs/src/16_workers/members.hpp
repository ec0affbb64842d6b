// Chapter 16: the members of one process, and up to where they have the stream.
#pragma once

#include "beastapi/websocket.hpp"

#include <boost/json.hpp>
#include <spdlog/spdlog.h>

#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

namespace json = boost::json;

inline json::object frame_of(const json::value& position, const json::value& text) {
    json::object frame = json::parse(text.as_string()).as_object();
    frame["position"] = position;
    return frame;
}

// [member]
// A WebSocket has an outbox; until start(), what comes meanwhile waits in front of it.
class Member {
public:
    Member(beastapi::WebSocket websocket, std::string username)
        : websocket_(std::move(websocket)), username_(std::move(username)) {}

    void post(const json::object& frame) {
        if (started_) {
            websocket_.post_text(json::serialize(frame));
        } else {
            waiting_.push_back(json::serialize(frame));
        }
    }

    void start() {
        started_ = true;
        for (const std::string& text : std::exchange(waiting_, {})) {
            websocket_.post_text(text);
        }
    }
    // [/member]

    bool may_hear(const json::object& frame) const {
        return frame.at("type") != "private" || frame.at("username").as_string() == username_ ||
               frame.at("target_user").as_string() == username_;
    }

    // [history]
    // The entries after a position; if that one was trimmed, others may be, too.
    json::object history(const json::array& entries, const std::string& since) const {
        bool recovered = false;
        json::array messages;
        for (const json::value& entry : entries) {
            const json::object frame = frame_of(entry.at(0), entry.at(1).at(1));
            if (frame.at("position").as_string() == since) {
                recovered = true;
            } else if (may_hear(frame)) {
                messages.push_back(frame);
            }
        }
        return {{"type", "history"}, {"recovered", recovered}, {"messages", messages}};
    }
    // [/history]

private:
    beastapi::WebSocket websocket_;
    std::string username_;
    std::vector<std::string> waiting_;
    bool started_ = false;
};

class Members {
public:
    using Handle = std::shared_ptr<Member>;

    std::string position;  // of the last entry that they were told; empty until it is known

    Handle add(beastapi::WebSocket websocket, std::string username) {
        auto member = std::make_shared<Member>(std::move(websocket), std::move(username));
        members_.insert(member);
        return member;
    }

    void discard(const Handle& member) { members_.erase(member); }

    void tell(const json::value& new_position, const json::value& text) {
        position = new_position.as_string();
        try {
            const json::object frame = frame_of(new_position, text);
            for (const Handle& member : members_) {
                if (member->may_hear(frame)) {
                    member->post(frame);
                }
            }
        } catch (const std::exception& error) {  // somebody else has written into the stream
            spdlog::error("{} is no frame: {}", position, error.what());
        }
    }

    std::size_t size() const { return members_.size(); }

private:
    std::unordered_set<Handle> members_;
};

// Takes the member out at the end of its block, however that ends.
class Membership {
public:
    Membership(Members& members, beastapi::WebSocket websocket, std::string username)
        : members_(members), member_(members.add(std::move(websocket), std::move(username))) {}
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;
    ~Membership() { members_.discard(member_); }
    Member* operator->() const { return member_.get(); }

private:
    Members& members_;
    Members::Handle member_;
};
