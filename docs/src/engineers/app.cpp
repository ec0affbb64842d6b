#include "app.hpp"

#include "beastapi/json.hpp"

#include <boost/json/parse.hpp>

using namespace beastapi;
namespace json = boost::json;

namespace {

json::object tally(const Poll& poll) {
    json::object votes;
    for (const auto& [choice, count] : poll.votes) {
        votes[choice] = count;
    }
    return votes;
}

// [body]
std::string choice_of(const Request& request) {
    boost::system::error_code error;
    const json::value body = json::parse(request.body, error);
    const json::object* object = body.if_object();
    const json::value* choice = object ? object->if_contains("choice") : nullptr;
    if (error || !choice || !choice->is_string()) {
        throw HTTPException(422, "Expected a JSON object with a choice");
    }
    return std::string(choice->as_string());
}
// [/body]

// [vote]
awaitable<Response> vote(Request request, Poll& poll) {
    const auto found = poll.votes.find(choice_of(request));
    if (found == poll.votes.end()) {
        throw HTTPException(404, "No such choice");
    }
    ++found->second;
    const std::string news = json_dumps(tally(poll));
    for (const WebSocket& watcher : poll.watchers) {
        watcher.post_text(news);
    }
    co_return JSONResponse(tally(poll));
}
// [/vote]

// [watch]
/// Takes the watcher off the list, however its handler ends.
class Watching {
public:
    Watching(Poll& poll, WebSocket websocket) : poll_(poll), websocket_(websocket) {
        poll_.watchers.insert(websocket_);
    }
    Watching(const Watching&) = delete;
    Watching& operator=(const Watching&) = delete;
    ~Watching() { poll_.watchers.erase(websocket_); }

private:
    Poll& poll_;
    WebSocket websocket_;
};

awaitable<void> watch(WebSocket websocket, Poll& poll) {
    co_await websocket.accept();
    const Watching watching(poll, websocket);
    co_await websocket.send_text(json_dumps(tally(poll)));
    while (true) {
        co_await websocket.receive();  // throws once the client has left
    }
}
// [/watch]

}  // namespace

// [routes]
void add_routes(App& app, Poll& poll) {
    app.post("/votes", vote, poll).summary("Votes");
    app.websocket("/ws", watch, poll).summary("Sends the tally after each vote");
}
// [/routes]
