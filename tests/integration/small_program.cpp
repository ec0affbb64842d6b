// A program as the tutorial's are: an App, and run() without settings.
#include "beastapi/app.hpp"

using namespace beastapi;

int main() {
    App app({.title = "small_program"});
    app.run();
}
