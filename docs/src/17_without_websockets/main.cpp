// Chapter 17 in C++: a chat without WebSockets, by a stream of events and POST.
#include "beastapi/app.hpp"
#include "beastapi/streaming.hpp"

#include <boost/json.hpp>

#include <charconv>
#include <cstdlib>
#include <deque>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>

namespace json = boost::json;
using beastapi::App;
using beastapi::awaitable;
using beastapi::EventSourceResponse;
using beastapi::EventStream;
using beastapi::Request;
using beastapi::Response;

// [members]
struct Member {
    std::string username;
    EventStream stream;  // it has a queue of its own: the outbox
};

struct Chat {
    std::map<std::string, Member> members;              // by the session that only its client knows
    std::deque<std::pair<int, json::object>> messages;  // each with its number
    int last = 0;                                       // number
};
// [/members]

// [encode]
std::string encode(const json::object& frame, int id) {
    const std::string data = json::serialize(frame);
    const std::string number = std::to_string(id);
    return beastapi::encode({.data = data, .id = number});
}
// [/encode]

void broadcast(Chat& chat, const std::string& username, const std::string& text) {
    ++chat.last;
    json::object frame{{"type", "message"}, {"username", username}, {"message", text}};
    frame["seq"] = chat.last;
    chat.messages.emplace_back(chat.last, frame);
    if (chat.messages.size() > 100) {
        chat.messages.pop_front();
    }
    const std::string event = encode(frame, chat.last);
    for (const auto& [session, member] : chat.members) {
        member.stream.post(event);
    }
}

std::string make_session() {
    std::random_device random;
    return std::to_string(random()) + std::to_string(random()) + std::to_string(random());
}

struct Membership {
    Chat& chat;
    std::string session;
    ~Membership() { chat.members.erase(session); }
};

// [stream]
awaitable<void> chat_events(EventStream stream, std::string username, int last_id, Chat& chat) {
    const Membership membership{chat, make_session()};
    json::object welcome{{"type", "system"}, {"event", "welcome"}, {"seq", chat.last}};
    welcome["session"] = membership.session;
    stream.post(encode(welcome, last_id));
    for (const auto& [id, frame] : chat.messages) {
        if (id > last_id) {
            stream.post(encode(frame, id));
        }
    }
    chat.members.emplace(membership.session, Member{username, stream});
    co_await stream.wait_for_end();
}
// [/stream]

// [get]
awaitable<Response> events_chat(Request request, std::string username, Chat& chat) {
    int last_id = chat.last;
    if (const auto text = request.headers.get("Last-Event-ID")) {
        std::from_chars(text->data(), text->data() + text->size(), last_id);
    }
    co_return EventSourceResponse(chat_events, username, last_id, std::ref(chat));
}
// [/get]

// [post]
awaitable<Response> post_message(Request request, Chat& chat) {
    const std::string session(request.headers.get("Chat-Session").value_or(""));
    const auto member = chat.members.find(session);
    if (member == chat.members.end()) {
        co_return beastapi::error_response(404, "No such stream");
    }
    try {
        const json::value frame = json::parse(request.body);
        const std::string text(frame.as_object().at("message").as_string());
        broadcast(chat, member->second.username, text);
    } catch (const std::exception&) {
        co_return beastapi::error_response(422, "A frame is a JSON object with a message");
    }
    co_return Response::empty(202);
}
// [/post]

awaitable<Response> websocket_status(Chat& chat) {
    co_return Response(json::object{{"connected_count", chat.members.size()}});
}

int main() {
    App app;
    Chat chat;
    app.get("/events/chat/{username}", events_chat, chat);
    app.post("/messages", post_message, chat);
    app.get("/ws/status", websocket_status, chat);
    app.run();
}
