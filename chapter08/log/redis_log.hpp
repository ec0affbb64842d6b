// The log of a chat on several machines: Redis keeps it, and all servers follow it.
#pragma once

#include "log/followed_conversation.hpp"
#include "log/log.hpp"
#include "log/recent_conversations.hpp"
#include "redis/redis_connection.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace chat_log {

/// Each conversation is a stream in Redis, beside a hash with its epoch and its last number. A
/// script in Redis gives a message its number, looks for a repeat, stores it and publishes it, all
/// at once: the order is Redis'.
///
/// What is published comes over a connection of its own. A blocking read of the streams would have
/// to name all of them again with each call, and a server may follow ten thousand inboxes. A
/// channel may lose something, the numbers show it, and what is missing is read from the stream.
/// Only answers to commands say which epoch it is: they come in the order in which Redis worked.
///
/// The newest messages are in memory, too. While Redis is away, that is what can be read, and
/// messages are answered Receipt::Result::unavailable, at once; those that were on their way may be
/// stored nevertheless, and are known by their ids when they're sent again. Of the bounds of
/// Retention, dedup_entries has no effect here: ids are forgotten by time alone.
class RedisLog : public Log {
public:
    struct Settings {
        using Duration = std::chrono::steady_clock::duration;

        chat_redis::RedisUrl url{};
        chat_redis::RedisTimes times{};
        std::string prefix = "chapter08";  ///< of all keys
        /// One connection may be that much ahead of the other, before the stream is read.
        Duration patience = std::chrono::milliseconds(20);
        /// How long a conversation is followed that nobody needs any more.
        Duration unheld = std::chrono::seconds(30);
        Duration sweep = std::chrono::seconds(1);  ///< between two looks at all of them
    };

    RedisLog(Settings settings, const Retention& retention);
    ~RedisLog() override;

    void start(const boost::asio::any_io_executor& executor) override;
    void stop() noexcept override;
    void open(const std::string& name, Opened opened) override;
    void restart(const ConversationPtr& conversation, Opened restarted) override;
    void append(const ConversationPtr& conversation, Draft draft, Appended appended) override;
    void read(const ConversationPtr& conversation, const Range& range, Read read) override;
    void catch_up(const ConversationPtr& conversation, const std::string& epoch, Seq seq,
                  Opened caught_up) override;

    std::vector<monitor::RedisFigures> redis_figures() const override;

    /// False while Redis is away.
    bool is_available() const noexcept { return available_; }
    /// How many conversations it follows.
    std::size_t followed() const noexcept { return followed_.size(); }

private:
    using Reply = chat_redis::Reply;
    using Clock = std::chrono::steady_clock;
    enum Script : std::size_t { open_it, restart_it, append_it, read_it };

    struct Hole {
        FollowedPtr followed;
        Seq missing;
    };
    struct Head {
        std::string epoch;
        Seq seq = 0;
        Seq base = 0;
    };

    // The connections, in redis_log.cpp.
    std::shared_ptr<chat_redis::RedisConnection> connect(bool subscribes);
    void on_connected();
    void on_fence();
    void on_lost(std::string_view error);
    void forget_what_waits();
    void say_whether_available(bool available, std::string_view error);
    void say_whether_writable(std::string_view error);
    void on_error(std::string_view error);
    void sweep_later();
    void sweep();
    void unfollow(const FollowedPtr& followed);

    // Conversations.
    void subscribe(const FollowedPtr& followed);
    void check(const FollowedPtr& followed);
    void ask_where_it_is(const FollowedPtr& followed, const std::string& proposed,
                         chat_redis::RedisConnection::Answer answer);
    void on_checked(const FollowedPtr& followed, const std::string& proposed, const Reply* reply);
    ConversationPtr begin(const FollowedPtr& followed, const Head& head,
                          const std::string& proposed);
    void cannot_open(const FollowedPtr& followed);
    static Head head_in(const Reply& reply);
    std::string age() const;

    // Their entries, in redis_log_entries.cpp.
    void on_message(std::string_view channel, std::string_view message);
    void on_appended(const FollowedPtr& followed, const ConversationPtr& conversation,
                     std::string payload, const Appended& appended, const Reply* reply);
    void adopt(const FollowedPtr& followed, const ConversationPtr& conversation, const Head& head,
               bool is_own);
    void put(const FollowedPtr& followed, const ConversationPtr& conversation, Entry entry);
    void tell_early(const FollowedPtr& followed, const ConversationPtr& conversation, Seq lost);
    void fill_soon(const FollowedPtr& followed, const ConversationPtr& conversation);
    void fill_holes();
    void fill(const FollowedPtr& followed, const ConversationPtr& conversation);
    void on_filled(const FollowedPtr& followed, const Reply* reply);

    Settings settings_;
    Retention retention_;
    RecentConversations conversations_;
    std::unordered_map<std::string, FollowedPtr> followed_;
    std::vector<Hole> holes_;
    boost::asio::any_io_executor executor_;
    std::shared_ptr<chat_redis::RedisConnection> commands_;
    std::shared_ptr<chat_redis::RedisConnection> pushes_;
    std::unique_ptr<boost::asio::steady_timer> sweep_timer_;
    std::unique_ptr<boost::asio::steady_timer> hole_timer_;
    std::shared_ptr<int> alive_ = std::make_shared<int>();  // until stop(): for the timers
    bool available_ = false;
    bool said_available_ = true;
    bool writable_ = true;
};

}  // namespace chat_log
