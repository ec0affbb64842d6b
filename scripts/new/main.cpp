// Serves at HOST and PORT of the environment, or else at 127.0.0.1:8000.
#include "app.hpp"

int main() {
    beastapi::App app({.title = "@NAME@"});
    add_routes(app);
    app.run();
}
