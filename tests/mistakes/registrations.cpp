// Wrong on purpose: registrations that do not fit their handlers. Each is one message of its own.
#include "beastapi/app.hpp"

using namespace beastapi;

awaitable<Response> one_bound(int number);
awaitable<Response> by_reference(const Request& request);
awaitable<Response> no_string(int id, int number);
awaitable<void> no_websocket(std::string name);

void register_them(App& app) {
    app.get("/1", one_bound, 1, 2);
    app.get("/2", by_reference);
    app.get("/3/{id}", no_string, 3);
    app.websocket("/4/{name}", no_websocket);
}
