// The hub of a chat on several machines.
#pragma once

#include "hub/hub.hpp"
#include "redis/redis_connection.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <string_view>

namespace chat_hub {

/// What is said of presence is a stream in Redis, which all shards read in the same order, their
/// own events included, by a blocking read on a connection of its own. Signals are published, and
/// lost if nobody listens.
///
/// A shard that comes says hello, and all say what they have, in the stream. Nothing that comes
/// from a shard counts until it has done so. Each keeps a lease in Redis: of one whose lease is
/// over somebody says that it's gone, once. If that was a mistake, it hears so itself, and says
/// what it has once more. Where events may have been missed, as after Redis has come back empty, a
/// shard starts again with a hello; of whom nothing comes then within a lease's time, is gone.
class RedisHub : public Hub {
public:
    struct Settings {
        using Duration = std::chrono::steady_clock::duration;

        chat_redis::RedisUrl url{};
        chat_redis::RedisTimes times{};
        std::string prefix = "chapter08";  ///< of all keys
        std::chrono::milliseconds lease = std::chrono::seconds(10);
        Duration renewal = std::chrono::seconds(3);
        Duration look = std::chrono::seconds(2);      ///< for the leases of others
        Duration patience = std::chrono::seconds(3);  ///< for what the others have, after a hello
    };

    explicit RedisHub(Settings settings);
    ~RedisHub() override;

    const std::string& shard() const noexcept override { return shard_; }
    void start(const boost::asio::any_io_executor& executor, Receiver& receiver) override;
    void stop() noexcept override;
    /// True once the others have said what they have, or don't answer.
    bool is_available() const noexcept override { return available_; }
    void publish(Event event) override;
    std::vector<monitor::RedisFigures> redis_figures() const override;

private:
    using Reply = chat_redis::Reply;
    using Connection = std::shared_ptr<chat_redis::RedisConnection>;
    using Clock = std::chrono::steady_clock;
    enum Script : std::size_t { join_it, renew_it, reap_it, leave_it };

    Connection connect(const char* purpose, bool subscribes);
    bool all_connected() const noexcept;
    void on_connected();
    void on_lost(std::string_view error);
    void on_refused(std::string_view error);
    void join();
    void on_joined(const Reply& reply);
    void go_on_or_join();
    void tick_later();
    void tick();
    void run_script(Script script, chat_redis::RedisConnection::Command arguments,
                    chat_redis::RedisConnection::Answer answer);
    void read_on();
    void on_events(const Reply& entries);
    void on_event(std::string_view json);
    void on_hello(const std::string& shard);
    void on_gone(const Event& event);
    void on_signal(std::string_view json);
    void add(const Event& event);
    void tell_own();
    void look_who_has_answered();
    void say_gone(const std::string& shard);
    void set_available(bool available, std::string_view error);

    Settings settings_;
    std::string shard_;
    std::string events_key_;
    std::string shards_key_;
    std::string lease_key_;
    std::string signals_channel_;
    boost::asio::any_io_executor executor_;
    Receiver* receiver_ = nullptr;
    Connection commands_;
    Connection events_;
    Connection signals_;
    std::unique_ptr<boost::asio::steady_timer> timer_;
    std::shared_ptr<int> alive_ = std::make_shared<int>();  // until stop(): for the timer
    std::string last_id_;             // of the event that was read last; empty: it has to join
    std::set<std::string> awaited_;   // have not said since the hello what they have
    std::set<std::string> known_;     // have, and count
    std::set<std::string> received_;  // those of whom the receiver knows
    Clock::time_point said_hello_{};
    Clock::time_point renewed_{};
    Clock::time_point looked_{};
    bool joined_ = false;   // its hello is in the stream
    bool greeted_ = false;  // and has been read
    bool asks_ = false;     // by join() or go_on_or_join(), and has no answer yet
    bool owes_state_ = false;
    bool refused_ = false;   // Redis is there, and can't be written
    std::size_t round_ = 0;  // of reading: what was asked in another doesn't count
    bool available_ = false;
    bool said_available_ = true;
};

}  // namespace chat_hub
