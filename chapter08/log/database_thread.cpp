#include "log/database_thread.hpp"

#include "log/faults.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

namespace chat_log {

using std::chrono::system_clock;
using Kind = DatabaseThread::Command::Kind;

namespace {

constexpr std::size_t max_heads = 10'000;
/// Between two transactions the loop tells everybody what came of the first, and clients that hear
/// of it send the next message, which shares the second with those that already wait. Without that
/// they'd take turns, and each message would be written, and sent to all, by itself. The last of
/// them need about half as long for it as the loop.
constexpr auto longest_pause = std::chrono::milliseconds(20);  // for either
/// A go at trimming is a transaction of its own: messages that come in all the time share the disk.
constexpr auto between_goes = std::chrono::milliseconds(100);
/// After the process before this one: its clients know conversations in which nothing was said yet.
constexpr auto time_to_come_back = std::chrono::minutes(10);

}  // namespace

DatabaseThread::DatabaseThread(const std::filesystem::path& file, const Retention& retention,
                               Deliver deliver, std::chrono::steady_clock::duration between_trims)
    : retention_(retention),
      deliver_(std::move(deliver)),
      database_(file),
      between_trims_(between_trims),
      thread_([this] { run(); }) {}

DatabaseThread::~DatabaseThread() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void DatabaseThread::post(Command command) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        first = commands_.empty();
        commands_.push_back(std::move(command));
    }
    if (first) {
        changed_.notify_one();
    }
}

monitor::Durations DatabaseThread::commits() const {
    const std::lock_guard lock(mutex_);
    return commits_;
}

void DatabaseThread::told(std::chrono::steady_clock::duration pause) {
    {
        const std::lock_guard lock(mutex_);
        telling_ = false;
        least_pause_ = pause;
    }
    changed_.notify_one();
}

void DatabaseThread::run() noexcept {
    const auto has_work = [this] { return !commands_.empty() || ending_; };
    while (true) {
        std::unique_lock lock(mutex_);
        const bool woken = changed_.wait_for(lock, std::chrono::seconds(1), has_work);
        std::vector<Command> commands = std::exchange(commands_, {});
        telling_ = !commands.empty();
        lock.unlock();
        if (!commands.empty()) {
            deliver_(run_commands(std::move(commands)));
            pause();
        } else if (woken) {
            return;
        }
        trim_if_due();
    }
}

void DatabaseThread::pause() {
    using std::chrono::steady_clock;
    const auto begun = steady_clock::now();
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, longest_pause, [this] { return !telling_ || ending_; });
    const auto took = steady_clock::now() - begun;
    const auto rest = std::clamp<steady_clock::duration>(took / 2, least_pause_, longest_pause);
    changed_.wait_for(lock, rest, [this] { return ending_; });
}

std::vector<DatabaseThread::Outcome> DatabaseThread::run_commands(std::vector<Command> commands) {
    std::vector<Outcome> outcomes;
    outcomes.reserve(commands.size());
    for (Command& command : commands) {
        outcomes.push_back({.command = std::move(command)});
    }
    try {
        write(outcomes);
    } catch (const std::exception& error) {
        give_up(outcomes, error);
    }
    // What others have not been told yet is committed by now.
    for (Outcome& outcome : outcomes) {
        if (outcome.command.kind == Kind::read) {
            read(outcome);
        }
    }
    return outcomes;
}

void DatabaseThread::write(std::vector<Outcome>& outcomes) {
    const bool only_reads = std::ranges::all_of(
        outcomes, [](const Outcome& outcome) { return outcome.command.kind == Kind::read; });
    if (only_reads) {
        return;
    }
    const Time now = std::chrono::floor<std::chrono::milliseconds>(system_clock::now());
    if (heads_.size() > max_heads) {
        heads_.clear();
    }
    const auto begun = std::chrono::steady_clock::now();
    if (owed_ == 0) {
        database_.begin();
    }
    for (Outcome& outcome : outcomes) {
        write_one(outcome, now);
    }
    owed_ = fault(Fault::ack_before_commit) ? (owed_ + 1) % 16 : 0;
    if (owed_ == 0) {
        database_.commit();
        const auto took = std::chrono::steady_clock::now() - begun;
        const std::lock_guard lock(mutex_);
        commits_.observe(took);
    }
    say_whether_writable(nullptr);
}

void DatabaseThread::write_one(Outcome& outcome, Time now) {
    const Command& command = outcome.command;
    switch (command.kind) {
        case Kind::open:
            outcome.head = head_of(command.conversation, command.epoch);
            break;
        case Kind::restart: {
            Head& head = head_of(command.conversation, command.epoch);
            if (head.epoch == command.replaces) {
                head = database_.restart(head, command.epoch);
            }
            outcome.head = head;
            break;
        }
        case Kind::append:
            outcome.receipt = database_.append(head_of(command.conversation, command.epoch),
                                               command.draft, now, retention_.dedup_window);
            break;
        case Kind::read:
            break;
    }
}

// Where it is in its log; it begins now, under that epoch, if there is none.
Head& DatabaseThread::head_of(const std::string& conversation, const std::string& epoch) {
    const auto known = heads_.find(conversation);
    if (known != heads_.end()) {
        return known->second;
    }
    std::optional<Head> head = database_.find(conversation);
    if (!head) {
        head = database_.create(conversation, epoch);
    }
    return heads_.emplace(conversation, std::move(*head)).first->second;
}

// Nothing of the transaction is in the file: nothing of it may be told.
void DatabaseThread::give_up(std::vector<Outcome>& outcomes, const std::exception& error) noexcept {
    database_.rollback();
    heads_.clear();
    say_whether_writable(error.what());
    if (fault(Fault::seq_reused)) {
        return;
    }
    for (Outcome& outcome : outcomes) {
        outcome.available = false;
        outcome.receipt = {.result = Receipt::Result::unavailable};
        if (outcome.command.kind == Kind::open) {
            try {
                const auto head = database_.find(outcome.command.conversation);
                outcome.available = head.has_value();
                outcome.head = head.value_or(Head());
            } catch (const std::exception& cannot_read) {
                spdlog::error("the database can't be read: {}", cannot_read.what());
            }
        }
    }
}

void DatabaseThread::read(Outcome& outcome) {
    outcome.available = true;
    try {
        const auto head = database_.find(outcome.command.conversation);
        if (head && head->epoch == outcome.command.epoch) {
            outcome.slice = database_.read(*head, outcome.command.range);
        }
    } catch (const std::exception& error) {
        spdlog::error("the database can't be read: {}", error.what());
        outcome.slice.available = false;
    }
}

// A little at a time, so that nobody waits long.
void DatabaseThread::trim_if_due() {
    const auto moment = std::chrono::steady_clock::now();
    if (moment < next_trim_ || owed_ > 0) {
        return;
    }
    next_trim_ = moment + between_goes;
    try {
        const bool all_may_come_back = moment - began_ < time_to_come_back;
        const auto in_use = [&](std::string_view name) {
            return all_may_come_back || heads_.contains(std::string(name));
        };
        if (!database_.trim(retention_, system_clock::now(), in_use)) {
            next_trim_ = moment + between_trims_;
        }
    } catch (const std::exception& error) {
        database_.rollback();
        next_trim_ = moment + between_trims_;
        say_whether_writable(error.what());
    }
}

void DatabaseThread::say_whether_writable(const char* error) {
    const bool writable = error == nullptr;
    if (!writable && writable_) {
        spdlog::error("the database can't be written, so messages are refused: {}", error);
    } else if (writable && !writable_) {
        spdlog::info("the database can be written again");
    }
    writable_ = writable;
}

}  // namespace chat_log
