// What the database of the log costs on the disk of a folder. No test, and not built with them:
//
//   ninja -C build/release database_benchmark
//   build/release/tests/database_benchmark FOLDER [MESSAGES]
//
// It needs 350 bytes a message, of 10 million if nothing else is said, and about a minute for each
// 3 million. It removes what it has written.
#include "log/database.hpp"

#include <fmt/format.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

using namespace chat_log;
using std::chrono::steady_clock;
using std::filesystem::path;

namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::size_t payload_bytes = 220;
constexpr auto window = std::chrono::minutes(10);

double percentile(std::vector<double>& values, double part) {
    std::ranges::sort(values);
    return values.at(static_cast<std::size_t>(part * static_cast<double>(values.size() - 1)));
}

double milliseconds_of(const auto& function) {
    const auto begin = steady_clock::now();
    function();
    return Milliseconds(steady_clock::now() - begin).count();
}

double processor_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    constexpr double million = 1e6;
    return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / million;
}

void remove_database(const path& file) {
    for (const char* const suffix : {"", "-wal", "-shm"}) {
        std::filesystem::remove(file.string() + suffix);
    }
}

/// Of 100 authors, in one conversation, each with an id of its own.
class Writer {
public:
    explicit Writer(Database& database) : database_(database) {
        database_.begin();
        head_ = database_.create("lobby", "epoch");
        database_.commit();
    }

    void commit(std::size_t batch, Time now) {
        database_.begin();
        for (std::size_t i = 0; i < batch; ++i) {
            database_.append(head_,
                             {.author = fmt::format("user{}", random_() % 100),
                              .id = fmt::format("{:016x}-{:016x}", random_(), random_()),
                              .payload = payload_},
                             now, window);
        }
        database_.commit();
    }

private:
    Database& database_;
    Head head_{};
    std::mt19937_64 random_{1};
    std::string payload_ = std::string(payload_bytes, 'x');
};

void measure_sync(const path& folder) {
    const path file = folder / "sync";
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600);
    const std::string page(4096, 'x');
    constexpr int syncs = 300;
    std::vector<double> times;
    times.reserve(syncs);
    for (int i = 0; i < syncs; ++i) {
        times.push_back(milliseconds_of([&] {
            if (::pwrite(descriptor, page.data(), page.size(), i % 100 * 4096) < 0 ||
                ::fdatasync(descriptor) != 0) {
                throw std::runtime_error("cannot write to " + file.string());
            }
        }));
    }
    ::close(descriptor);
    std::filesystem::remove(file);
    fmt::print("one sync of 4 KiB: median {:.2f} ms, p99 {:.2f} ms\n", percentile(times, 0.5),
               percentile(times, 0.99));
}

void measure_batches(const path& folder) {
    for (const std::size_t batch : {1, 10, 100, 1600}) {
        const path file = folder / "batches.db";
        remove_database(file);
        Database database(file);
        Writer writer(database);
        std::vector<double> times;
        const double processor = processor_seconds();
        const double elapsed = milliseconds_of([&] {
            const auto end = steady_clock::now() + std::chrono::seconds(4);
            while (steady_clock::now() < end) {
                times.push_back(milliseconds_of(
                    [&] { writer.commit(batch, std::chrono::system_clock::now()); }));
            }
        });
        const auto messages = static_cast<double>(times.size() * batch);
        fmt::print(
            "batches of {:>4}: {:>6.0f} messages a second, a commit median {:.2f} ms, p99 {:.2f} "
            "ms, {:.1f} us of processor a message\n",
            batch, messages / elapsed * 1e3, percentile(times, 0.5), percentile(times, 0.99),
            (processor_seconds() - processor) / messages * 1e6);
        std::fflush(stdout);
    }
    remove_database(folder / "batches.db");
}

void measure_size(const path& folder, std::size_t messages) {
    const path file = folder / "size.db";
    remove_database(file);
    const Time now = std::chrono::system_clock::now();
    const auto month = std::chrono::days(30);
    constexpr std::size_t batch = 1'000;
    const double filling = milliseconds_of([&] {
        Database database(file);
        Writer writer(database);
        for (std::size_t written = 0; written < messages; written += batch) {
            writer.commit(batch, now - month + month * written / messages);
            if (written % (100 * batch) == 0) {
                while (database.trim({.max_messages = 0, .max_age = {}},
                                     now - month + month * written / messages,
                                     [](auto) { return true; })) {}
            }
        }
    });
    std::unique_ptr<Database> database;
    const double opening = milliseconds_of([&] { database = std::make_unique<Database>(file); });
    const Head lobby = *database->find("lobby");
    std::mt19937_64 random{2};
    constexpr int reads = 5'000;
    std::vector<double> times;
    times.reserve(reads);
    for (int i = 0; i < reads; ++i) {
        const Seq before = 1 + random() % lobby.last_seq;
        times.push_back(milliseconds_of(
            [&] { database->read(lobby, {.before = before, .max_entries = 50, .newest = true}); }));
    }
    fmt::print(
        "{:>8} messages: {:.0f} MB, written in {:.0f} s, opened in {:.1f} ms; 50 of before any "
        "place: median {:.0f} us, p99 {:.0f} us\n",
        messages, static_cast<double>(std::filesystem::file_size(file)) / 1e6, filling / 1e3,
        opening, percentile(times, 0.5) * 1e3, percentile(times, 0.99) * 1e3);
    database.reset();
    remove_database(file);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        fmt::print(stderr, "database_benchmark FOLDER [MESSAGES]\n");
        return 2;
    }
    try {
        const path folder = argv[1];
        constexpr std::size_t ten_million = 10'000'000;
        measure_sync(folder);
        measure_batches(folder);
        measure_size(folder, 10'000);
        measure_size(folder, argc > 2 ? std::strtoull(argv[2], nullptr, 10) : ten_million);
    } catch (const std::exception& error) {
        fmt::print(stderr, "database_benchmark: {}\n", error.what());
        return 1;
    }
    return 0;
}
