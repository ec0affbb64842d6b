// Wrong on purpose: a destructor that throws ends the process.
#include <fmt/format.h>

#include <cstdio>
#include <map>
#include <stdexcept>
#include <string>

// [throws]
struct Guard {
    std::map<std::string, int>& rooms;
    ~Guard() { --rooms.at("lobby"); }  // at() throws if there is no such room
};

int main() {
    std::map<std::string, int> rooms;
    try {
        const Guard guard{rooms};
        fmt::print("the handler ends\n");
        std::fflush(stdout);
    } catch (const std::out_of_range&) {
        fmt::print("caught\n");  // never printed
    }
}
// [/throws]
