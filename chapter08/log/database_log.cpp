#include "log/database_log.hpp"

#include "log/faults.hpp"

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

#include <chrono>
#include <mutex>
#include <new>
#include <utility>

namespace chat_log {

namespace {

using Command = DatabaseThread::Command;
using Outcome = DatabaseThread::Outcome;

/// Of the messages of each conversation that are in memory, beside the file.
constexpr std::size_t recent_messages = 1'000;

/// How often the flush of what was written to members goes to the back of the loop's queue before
/// it sends (beastapi's WriteCoalescer).
constexpr int turns_of_a_flush = 3;

/// For clients to send the next message: once the loop has told them, and where several threads do
/// that, which nobody waits for.
constexpr auto pause = std::chrono::microseconds(200);
constexpr auto pause_of_several = std::chrono::milliseconds(1);

Retention in_memory(Retention retention) {
    if (retention.max_messages == 0 || retention.max_messages > recent_messages) {
        retention.max_messages = recent_messages;
    }
    return retention;
}

}  // namespace

DatabaseLog::DatabaseLog(const std::filesystem::path& file, const Retention& retention)
    : conversations_(in_memory(retention)),
      loop_(std::make_shared<Loop>()),
      thread_(std::make_unique<DatabaseThread>(
          file, retention,
          [loop = loop_](std::vector<Outcome> outcomes) { loop->post(std::move(outcomes)); })) {}

DatabaseLog::~DatabaseLog() {
    DatabaseLog::stop();
}

void DatabaseLog::start(const boost::asio::any_io_executor& executor) {
    executor_ = executor;
    start_on(
        [executor](const std::function<void()>& answers) { boost::asio::post(executor, answers); });
}

void DatabaseLog::start_on(std::function<void(const std::function<void()>&)> run) {
    loop_->start(std::move(run),
                 [this](std::vector<Outcome> outcomes) { on_outcomes(std::move(outcomes)); });
}

void DatabaseLog::stop() noexcept {
    loop_->stop();
    waiting_.clear();
}

void DatabaseLog::open(const std::string& name, Opened opened) {
    if (ConversationPtr conversation = conversations_.find(name)) {
        opened(std::move(conversation));
        return;
    }
    ask({.kind = Command::Kind::open, .conversation = name, .epoch = make_epoch()},
        {.answer = std::move(opened)});
}

void DatabaseLog::restart(const ConversationPtr& conversation, Opened restarted) {
    ask({.kind = Command::Kind::restart,
         .conversation = conversation->name(),
         .epoch = make_epoch(),
         .replaces = conversation->epoch()},
        {.conversation = conversation, .answer = std::move(restarted)});
}

void DatabaseLog::append(const ConversationPtr& conversation, Draft draft, Appended appended) {
    ask({.kind = Command::Kind::append,
         .conversation = conversation->name(),
         .epoch = conversation->epoch(),
         .draft = std::move(draft)},
        {.conversation = conversation, .answer = std::move(appended)});
}

void DatabaseLog::read(const ConversationPtr& conversation, const Range& range, Read read) {
    if (fault(Fault::lost_on_rotation) ||
        (!range.newest && range.after + 1 >= conversation->first_in_memory())) {
        read(conversation->read(range));
        return;
    }
    if (range.newest) {
        Slice slice = conversation->read(range);
        if (slice.more || conversation->first_in_memory() == 1) {
            read(std::move(slice));
            return;
        }
    }
    ask({.kind = Command::Kind::read,
         .conversation = conversation->name(),
         .epoch = conversation->epoch(),
         .range = range},
        {.conversation = conversation, .answer = std::move(read)});
}

void DatabaseLog::ask(Command command, Waiting waiting) {
    waiting_.push_back(std::move(waiting));
    try {
        thread_->post(std::move(command));
    } catch (...) {
        waiting_.pop_back();
        throw;
    }
}

void DatabaseLog::on_outcomes(std::vector<Outcome> outcomes) noexcept {
    for (Outcome& outcome : outcomes) {
        const Waiting waiting = std::move(waiting_.front());
        waiting_.pop_front();
        try {
            answer(waiting, std::move(outcome));
        } catch (const std::exception& error) {
            spdlog::error("an answer of the log was lost: {}", error.what());
        }
    }
    note_told();
}

// On an event loop, behind the flush of what the answers have put into outboxes.
void DatabaseLog::note_told() noexcept {
    if (executor_) {
        loop_->tell(executor_, *thread_, turns_of_a_flush);
    } else {
        thread_->told(pause_of_several);
    }
}

void DatabaseLog::answer(const Waiting& waiting, Outcome outcome) {
    const ConversationPtr& conversation = waiting.conversation;
    switch (outcome.command.kind) {
        case Command::Kind::open:
            std::get<Opened>(waiting.answer)(take_in(std::move(outcome)));
            break;
        case Command::Kind::restart:
            if (outcome.available && outcome.head.epoch != conversation->epoch()) {
                conversations_.restart(*conversation, std::move(outcome.head.epoch));
            }
            std::get<Opened>(waiting.answer)(outcome.available ? conversation : nullptr);
            break;
        case Command::Kind::append: {
            const Receipt& receipt = outcome.receipt;
            if (receipt.result == Receipt::Result::stored) {
                conversations_.add(*conversation,
                                   {.seq = receipt.seq,
                                    .stored = receipt.stored,
                                    .payload = std::move(outcome.command.draft.payload)});
            }
            std::get<Appended>(waiting.answer)(receipt);
            break;
        }
        case Command::Kind::read:
            std::get<Read>(waiting.answer)(std::move(outcome.slice));
            break;
    }
}

ConversationPtr DatabaseLog::take_in(Outcome outcome) {
    if (!outcome.available) {
        return nullptr;
    }
    // Somebody else may have asked for it at the same time.
    ConversationPtr conversation = conversations_.find(outcome.command.conversation);
    if (!conversation) {
        const bool was_there = outcome.head.epoch != outcome.command.epoch;
        conversation = std::make_shared<Conversation>(std::move(outcome.command.conversation));
        conversation->begin(std::move(outcome.head.epoch), outcome.head.last_seq);
        if (was_there) {
            conversation->set_known();
        }
        conversations_.insert(conversation);
    }
    return conversation;
}

void DatabaseLog::Loop::start(Run run, DatabaseThread::Deliver deliver) {
    const std::lock_guard lock(mutex_);
    run_ = std::move(run);
    deliver_ = std::move(deliver);
}

void DatabaseLog::Loop::stop() noexcept {
    const std::lock_guard lock(mutex_);
    run_ = nullptr;
    deliver_ = nullptr;
}

void DatabaseLog::Loop::tell(const boost::asio::any_io_executor& executor, DatabaseThread& thread,
                             int turns) noexcept {
    if (has_stopped()) {
        return;
    }
    try {
        if (turns > 0) {
            boost::asio::post(executor, [self = shared_from_this(), executor, &thread, turns] {
                self->tell(executor, thread, turns - 1);
            });
            return;
        }
    } catch (const std::bad_alloc&) {}
    thread.told(pause);
}

void DatabaseLog::Loop::post(std::vector<Outcome> outcomes) {
    Run run;
    {
        const std::lock_guard lock(mutex_);
        run = run_;
    }
    if (run) {
        // A std::function has to be copyable, and outcomes may not be.
        const auto shared = std::make_shared<std::vector<Outcome>>(std::move(outcomes));
        run([self = shared_from_this(), shared] {
            // Only the thread on which this runs starts and stops, or it has the lock of `run`.
            if (self->deliver_) {
                self->deliver_(std::move(*shared));
            }
        });
    }
}

}  // namespace chat_log
