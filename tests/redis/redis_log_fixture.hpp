// Servers of one chat, as far as the log goes: each a RedisLog, all on one event loop.
#pragma once

#include "log/redis_log.hpp"
#include "redis/redis_server.hpp"
#include "redis/test_loop.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace test {

using namespace chat_log;
using Result = Receipt::Result;
using Texts = std::vector<std::string>;
using namespace std::chrono_literals;

/// Short, but for what a busy machine may need.
inline chat_redis::RedisTimes test_times() {
    return {
        .connect = 10s, .reply = 10s, .idle = 500ms, .first_pause = 10ms, .longest_pause = 50ms};
}

/// One that follows, and notes what it hears.
struct Listener {
    explicit Listener(ConversationPtr followed) : conversation(std::move(followed)) {
        conversation->follow([this](const Entry& entry) { entries.push_back(entry); },
                             [this] {
                                 ++begun_anew;
                                 entries.clear();
                             });
    }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { conversation->follow({}); }

    Texts texts() const {
        Texts payloads;
        for (const Entry& entry : entries) {
            payloads.push_back(entry.payload);
        }
        return payloads;
    }
    /// Whether the numbers go up by one each.
    bool is_whole() const {
        for (std::size_t i = 1; i < entries.size(); ++i) {
            if (entries[i].seq != entries[i - 1].seq + 1) {
                return false;
            }
        }
        return true;
    }

    ConversationPtr conversation;
    std::vector<Entry> entries;
    int begun_anew = 0;
};

class Servers : public TestLoop {
public:
    explicit Servers(RedisServer::Words options = {}) : redis(std::move(options)) {}

    RedisLog::Settings settings() const {
        return {.url = chat_redis::parse_redis_url(redis.url()),
                .times = test_times(),
                .unheld = 100ms,
                .sweep = 20ms};
    }

    std::unique_ptr<RedisLog> start(const Retention& retention = {}) {
        return start(settings(), retention);
    }
    std::unique_ptr<RedisLog> start(RedisLog::Settings settings, const Retention& retention = {}) {
        auto log = std::make_unique<RedisLog>(std::move(settings), retention);
        log->start(context.get_executor());
        until_available(*log);
        return log;
    }
    void until_available(RedisLog& log) {
        run_until([&] { return log.is_available(); }, "Redis to be there");
    }
    void until_away(RedisLog& log) {
        run_until([&] { return !log.is_available(); }, "Redis to be away");
    }

    ConversationPtr open(RedisLog& log, const std::string& name) {
        std::optional<ConversationPtr> opened;
        log.open(name, [&](ConversationPtr conversation) { opened = std::move(conversation); });
        run_until([&] { return opened.has_value(); }, "a conversation");
        return *opened;
    }
    ConversationPtr restart(RedisLog& log, const ConversationPtr& conversation) {
        std::optional<ConversationPtr> restarted;
        log.restart(conversation, [&](ConversationPtr given) { restarted = std::move(given); });
        run_until([&] { return restarted.has_value(); }, "a restart");
        return *restarted;
    }
    Receipt append(RedisLog& log, const ConversationPtr& conversation, const std::string& payload,
                   const std::string& id = {}, const std::string& author = "alice") {
        std::optional<Receipt> receipt;
        log.append(conversation, {.author = author, .id = id, .payload = payload},
                   [&](const Receipt& given) { receipt = given; });
        run_until([&] { return receipt.has_value(); }, "a receipt");
        return *receipt;
    }
    Slice read(RedisLog& log, const ConversationPtr& conversation, const Range& range = {}) {
        std::optional<Slice> slice;
        log.read(conversation, range, [&](Slice given) { slice = std::move(given); });
        run_until([&] { return slice.has_value(); }, "a slice");
        return *slice;
    }
    ConversationPtr catch_up(RedisLog& log, const ConversationPtr& conversation,
                             const std::string& epoch, Seq seq) {
        std::optional<ConversationPtr> caught_up;
        log.catch_up(conversation, epoch, seq,
                     [&](ConversationPtr given) { caught_up = std::move(given); });
        run_until([&] { return caught_up.has_value(); }, "it to catch up");
        return *caught_up;
    }

    RedisServer redis;
};

/// A member who says one thing after the other, and each again, by its id, until it's stored.
class Speaker {
public:
    Speaker(RedisLog& log, ConversationPtr conversation, std::string name, std::size_t count)
        : log_(log),
          conversation_(std::move(conversation)),
          name_(std::move(name)),
          count_(count) {}

    /// Says what it has to say now; to be called again and again.
    void speak() {
        if (!waits_ && acknowledged.size() < count_) {
            waits_ = true;
            const std::string text = name_ + std::to_string(acknowledged.size());
            log_.append(conversation_, {.author = name_, .id = text, .payload = text},
                        [this, text](const Receipt& receipt) {
                            waits_ = false;
                            if (receipt.result == Result::unavailable) {
                                ++refused;
                            } else {
                                acknowledged.emplace_back(receipt.seq, text);
                            }
                        });
        }
    }
    bool has_ended() const { return acknowledged.size() == count_; }

    std::vector<std::pair<Seq, std::string>> acknowledged;
    std::size_t refused = 0;

private:
    RedisLog& log_;
    ConversationPtr conversation_;
    std::string name_;
    std::size_t count_;
    bool waits_ = false;
};

}  // namespace test
