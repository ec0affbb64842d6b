// A disk that loses power: what SQLite has written and not synced may be lost, in part or in whole.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace test {

/// While it lives, files that SQLite opens are on this disk (it's an SQLite VFS). Writes stay in
/// memory until they're synced. When the power goes, of each file nothing of the rest reaches the
/// disk, or all, or the first part, or any of the 512-byte sectors, as chance has it; the last of
/// these breaks pages in two. From then on every operation fails. Creating and deleting a file, and
/// syncing, do what they say, as they do in a journaling file system.
class PowerCutDisk {
public:
    explicit PowerCutDisk(std::uint64_t seed);
    PowerCutDisk(const PowerCutDisk&) = delete;
    PowerCutDisk& operator=(const PowerCutDisk&) = delete;
    ~PowerCutDisk();

    /// Power goes with this write, sync or change of a size, counted from now on.
    void cut_power_at(unsigned operation) { operations_left_ = operation; }
    void cut_power();
    bool is_off() const noexcept { return off_; }

private:
    struct Change {
        sqlite3_int64 offset = 0;
        std::string bytes{};
        bool truncates = false;  // to `offset`
    };
    /// A file, as programs see it, and what of that isn't on the disk yet.
    struct Content {
        std::string bytes{};
        std::vector<Change> unsynced{};
        sqlite3_file* file = nullptr;  // the real one, while it's open
    };
    struct File;
    struct Calls;

    bool power_lasts();
    void lose_some(Content& content);
    static int apply(Content& content, const Change& change);
    static int sync(Content& content);

    sqlite3_vfs* real_;
    sqlite3_vfs vfs_;
    sqlite3_io_methods methods_{};
    std::map<std::string, std::shared_ptr<Content>> contents_;
    std::mt19937_64 random_;
    unsigned operations_left_ = 0;  // 0: any number
    bool off_ = false;
};

}  // namespace test
