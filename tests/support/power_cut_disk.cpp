#include "support/power_cut_disk.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

namespace test {

namespace {

constexpr std::size_t sector = 512;

}  // namespace

/// What SQLite holds in its hands: ours first, then the real file's.
struct PowerCutDisk::File {
    sqlite3_file base;
    PowerCutDisk* disk;
    std::shared_ptr<Content>* content;  // null: not one of those that are watched
    sqlite3_file* real;
};

/// What SQLite calls.
struct PowerCutDisk::Calls {
    static File& at(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
    static Content& content(sqlite3_file* file) { return **at(file).content; }
    static PowerCutDisk& disk(sqlite3_vfs* vfs) {
        return *static_cast<PowerCutDisk*>(vfs->pAppData);
    }

    static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* opened, int flags,
                    int* out_flags) {
        PowerCutDisk& disk = Calls::disk(vfs);
        auto* const real =
            reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(opened) + sizeof(File));
        File& file = at(opened);
        file = {.base = {}, .disk = &disk, .content = nullptr, .real = real};
        if (disk.off_) {
            return SQLITE_CANTOPEN;
        }
        const int result = disk.real_->xOpen(disk.real_, name, real, flags, out_flags);
        if (result != SQLITE_OK) {
            return result;
        }
        std::shared_ptr<Content>& content = disk.contents_[name == nullptr ? "" : name];
        if (!content) {
            content = std::make_shared<Content>();
            sqlite3_int64 size = 0;
            real->pMethods->xFileSize(real, &size);
            content->bytes.resize(static_cast<std::size_t>(size));
            real->pMethods->xRead(real, content->bytes.data(), static_cast<int>(size), 0);
        }
        content->file = real;
        file.content = new std::shared_ptr<Content>(content);
        file.base.pMethods = &disk.methods_;
        return SQLITE_OK;
    }

    static int remove(sqlite3_vfs* vfs, const char* name, int sync_folder) {
        PowerCutDisk& disk = Calls::disk(vfs);
        if (!disk.power_lasts()) {
            return SQLITE_IOERR_DELETE;
        }
        disk.contents_.erase(name);
        return disk.real_->xDelete(disk.real_, name, sync_folder);
    }

    static int close(sqlite3_file* opened) {
        File& file = at(opened);
        Content& content = Calls::content(opened);
        if (!file.disk->off_) {
            // Closing is no sync, but nobody could lose it any more.
            PowerCutDisk::sync(content);
        }
        content.file = nullptr;
        delete file.content;
        return file.real->pMethods->xClose(file.real);
    }

    static int read(sqlite3_file* file, void* into, int amount, sqlite3_int64 offset) {
        if (at(file).disk->off_) {
            return SQLITE_IOERR_READ;
        }
        const std::string& bytes = content(file).bytes;
        const auto begin = std::min(static_cast<std::size_t>(offset), bytes.size());
        const auto count = std::min(static_cast<std::size_t>(amount), bytes.size() - begin);
        std::memcpy(into, bytes.data() + begin, count);
        std::memset(static_cast<char*>(into) + count, 0, static_cast<std::size_t>(amount) - count);
        return count == static_cast<std::size_t>(amount) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
    }

    static int change(sqlite3_file* file, Change change) {
        if (!at(file).disk->power_lasts()) {
            // The last write may have got half-way.
            content(file).unsynced.push_back(std::move(change));
            return SQLITE_IOERR_WRITE;
        }
        std::string& bytes = content(file).bytes;
        const auto offset = static_cast<std::size_t>(change.offset);
        if (change.truncates) {
            bytes.resize(offset);
        } else {
            bytes.resize(std::max(bytes.size(), offset + change.bytes.size()));
            bytes.replace(offset, change.bytes.size(), change.bytes);
        }
        content(file).unsynced.push_back(std::move(change));
        return SQLITE_OK;
    }

    static int write(sqlite3_file* file, const void* from, int amount, sqlite3_int64 offset) {
        return change(
            file, {.offset = offset,
                   .bytes = {static_cast<const char*>(from), static_cast<std::size_t>(amount)}});
    }
    static int truncate(sqlite3_file* file, sqlite3_int64 size) {
        return change(file, {.offset = size, .truncates = true});
    }

    static int sync(sqlite3_file* file, int) {
        if (!at(file).disk->power_lasts()) {
            return SQLITE_IOERR_FSYNC;
        }
        return PowerCutDisk::sync(content(file));
    }

    static int size(sqlite3_file* file, sqlite3_int64* bytes) {
        *bytes = static_cast<sqlite3_int64>(content(file).bytes.size());
        return SQLITE_OK;
    }

    // Locks, and the memory that connections share, are no matter of the disk.
    template <auto method, typename... Arguments>
    static auto pass_on(sqlite3_file* file, Arguments... arguments) {
        sqlite3_file* const real = at(file).real;
        return (real->pMethods->*method)(real, arguments...);
    }
};

PowerCutDisk::PowerCutDisk(std::uint64_t seed)
    : real_(::sqlite3_vfs_find(nullptr)), vfs_(*real_), random_(seed) {
    using M = sqlite3_io_methods;
    vfs_.zName = "power_cut";
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
    vfs_.pAppData = this;
    vfs_.xOpen = &Calls::open;
    vfs_.xDelete = &Calls::remove;
    methods_ = {
        .iVersion = 2,  // without reading through the memory of the system
        .xClose = &Calls::close,
        .xRead = &Calls::read,
        .xWrite = &Calls::write,
        .xTruncate = &Calls::truncate,
        .xSync = &Calls::sync,
        .xFileSize = &Calls::size,
        .xLock = &Calls::pass_on<&M::xLock, int>,
        .xUnlock = &Calls::pass_on<&M::xUnlock, int>,
        .xCheckReservedLock = &Calls::pass_on<&M::xCheckReservedLock, int*>,
        .xFileControl = &Calls::pass_on<&M::xFileControl, int, void*>,
        .xSectorSize = &Calls::pass_on<&M::xSectorSize>,
        .xDeviceCharacteristics = &Calls::pass_on<&M::xDeviceCharacteristics>,
        .xShmMap = &Calls::pass_on<&M::xShmMap, int, int, int, void volatile**>,
        .xShmLock = &Calls::pass_on<&M::xShmLock, int, int, int>,
        .xShmBarrier = &Calls::pass_on<&M::xShmBarrier>,
        .xShmUnmap = &Calls::pass_on<&M::xShmUnmap, int>,
        .xFetch = nullptr,
        .xUnfetch = nullptr,
    };
    ::sqlite3_vfs_register(&vfs_, 1);
}

PowerCutDisk::~PowerCutDisk() {
    ::sqlite3_vfs_unregister(&vfs_);
    ::sqlite3_vfs_register(real_, 1);
}

bool PowerCutDisk::power_lasts() {
    if (!off_ && operations_left_ > 0) {
        --operations_left_;
        if (operations_left_ == 0) {
            cut_power();
        }
    }
    return !off_;
}

void PowerCutDisk::cut_power() {
    off_ = true;
    for (auto& [name, content] : contents_) {
        if (content->file != nullptr) {
            lose_some(*content);
        }
    }
}

void PowerCutDisk::lose_some(Content& content) {
    enum { nothing_is_kept, all_is_kept, first_part_is_kept, any_sectors_are_kept, ways };
    const auto way = random_() % ways;
    std::size_t kept = content.unsynced.size();
    if (way == nothing_is_kept) {
        kept = 0;
    } else if (way == first_part_is_kept) {
        kept = random_() % (kept + 1);
    }
    content.unsynced.resize(kept);
    for (const Change& change : content.unsynced) {
        if (way != any_sectors_are_kept) {
            apply(content, change);
            continue;
        }
        if (change.truncates) {
            if (random_() % 2 == 0) {
                apply(content, change);
            }
            continue;
        }
        for (std::size_t at = 0; at < change.bytes.size(); at += sector) {
            if (random_() % 2 == 0) {
                apply(content, {.offset = change.offset + static_cast<sqlite3_int64>(at),
                                .bytes = change.bytes.substr(at, sector)});
            }
        }
    }
    content.unsynced.clear();
}

int PowerCutDisk::apply(Content& content, const Change& change) {
    sqlite3_file* const file = content.file;
    return change.truncates
               ? file->pMethods->xTruncate(file, change.offset)
               : file->pMethods->xWrite(file, change.bytes.data(),
                                        static_cast<int>(change.bytes.size()), change.offset);
}

int PowerCutDisk::sync(Content& content) {
    for (const Change& change : content.unsynced) {
        if (const int result = apply(content, change); result != SQLITE_OK) {
            return result;
        }
    }
    content.unsynced.clear();
    return SQLITE_OK;
}

}  // namespace test
