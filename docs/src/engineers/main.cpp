#include "app.hpp"

int main() {
    beastapi::App app({.title = "poll"});
    Poll poll;
    add_routes(app, poll);
    app.run();
}
