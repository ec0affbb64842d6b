// Wrong on purpose: a guard that can be copied cleans up once for each copy.
#include <fmt/format.h>

#include <set>
#include <string>

// [copied]
struct Room {
    std::set<std::string> names;
    int left = 0;
};

struct Guard {  // forbids no copies
    Room& room;
    std::string name;
    ~Guard() {
        room.names.erase(name);
        ++room.left;
    }
};

int main() {
    Room room;
    room.names.insert("Alice");
    const Guard alice{room, "Alice"};
    {
        const auto copy = alice;  // NOLINT(performance-unnecessary-copy-initialization)
    }  // the copy dies here, and takes Alice out
    fmt::print("Alice is still here, and the room has {} names\n", room.names.size());
    {
        const auto copy = alice;  // NOLINT(performance-unnecessary-copy-initialization)
    }
    fmt::print("she has left {} times\n", room.left);
}
// [/copied]
