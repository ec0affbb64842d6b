// A connection to Redis on the event loop, which comes back by itself.
#pragma once

#include "monitor/redis_figures.hpp"
#include "redis/redis_url.hpp"
#include "redis/reply.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace chat_redis {

/// How long one waits for Redis.
struct RedisTimes {
    using Duration = std::chrono::steady_clock::duration;

    Duration connect = std::chrono::seconds(5);  ///< until it has answered the first commands
    Duration reply = std::chrono::seconds(5);    ///< then the connection counts as lost
    Duration idle = std::chrono::seconds(2);     ///< after so much silence, it's asked for a sign
    Duration first_pause = std::chrono::milliseconds(100);  ///< before it's tried again, then more
    Duration longest_pause = std::chrono::seconds(2);
};

/// Commands go out one behind the other, without waiting for answers (pipelining); the answers come
/// in the same order.
///
/// hiredis writes commands and reads replies here; the sockets are Asio's. The asynchronous half of
/// hiredis 0.14 isn't used: it ends the process, by assert(), when a subscribed connection is
/// answered a PING or loses its last channel, and looks up names with a call that blocks.
///
/// Everything belongs to the thread of the executor. No answer must throw.
class RedisConnection : public std::enable_shared_from_this<RedisConnection> {
public:
    /// The reply; null: the connection was lost, and nobody knows whether the command was carried
    /// out.
    using Answer = std::function<void(const Reply*)>;
    using Command = std::vector<std::string>;

    struct Settings {
        RedisUrl url{};
        std::string name{};  ///< by which `CLIENT LIST` shows it
        RedisTimes times{};
        /// Loaded into Redis before connected() is called; eval() names them by their index.
        std::vector<std::string_view> scripts{};
        /// It's for SUBSCRIBE, UNSUBSCRIBE (of one channel a command) and PING alone.
        bool subscribes = false;
    };

    struct Handlers {
        std::function<void()> connected{};
        /// Before whatever waits is answered. Also if it couldn't connect, each time.
        std::function<void(std::string_view error)> lost{};
        std::function<void(std::string_view channel, std::string_view message)> message{};
    };

    explicit RedisConnection(Settings settings) : settings_(std::move(settings)) {}
    RedisConnection(const RedisConnection&) = delete;
    RedisConnection& operator=(const RedisConnection&) = delete;
    ~RedisConnection() = default;

    void start(const boost::asio::any_io_executor& executor, Handlers handlers);

    /// No handler and no answer is called any more. What was sent is still brought to Redis, if it
    /// takes it within a moment.
    void stop() noexcept;

    bool is_connected() const noexcept { return connected_; }

    monitor::RedisFigures figures() const;

    /// Answers exactly once: null, within the call, while there's no connection.
    void send(const Command& command, Answer answer);

    /// Runs a script of Settings: keys first, then what else it takes.
    void eval(std::size_t script, const Command& keys, const Command& arguments, Answer answer);

    /// Ends the connection, which then counts as lost, and connects again.
    void drop(std::string why) noexcept;

private:
    using Clock = std::chrono::steady_clock;
    using Socket = boost::asio::generic::stream_protocol::socket;

    struct Pending {
        Answer answer;
        Clock::time_point since;
    };
    struct ReaderDeleter {
        void operator()(redisReader* reader) const noexcept { redisReaderFree(reader); }
    };

    boost::asio::awaitable<void> run();
    void note_error(std::string error) noexcept;
    boost::asio::awaitable<void> connect();
    boost::asio::awaitable<void> read_replies();
    boost::asio::awaitable<void> pause();
    void spawn();
    void spawn_again() noexcept;
    void shake_hands();
    void ask_in_handshake(const Command& command, std::function<void(const Reply&)> check);
    void on_shaken_hands();
    void push(const Command& command, Answer answer);
    void take_replies();
    void take(const Reply& reply);
    void lose() noexcept;
    void call(const Answer& answer, const Reply* reply) noexcept;
    void write_soon();
    void write() noexcept;
    void watch();
    void on_watch() noexcept;
    void look();
    Clock::time_point next_look() const;
    void close() noexcept;
    void flush_at_end() noexcept;

    Settings settings_;
    Handlers handlers_;
    boost::asio::any_io_executor executor_;
    std::unique_ptr<Socket> socket_;
    std::unique_ptr<boost::asio::steady_timer> pause_;
    std::unique_ptr<boost::asio::steady_timer> watch_;
    std::unique_ptr<redisReader, ReaderDeleter> reader_;
    std::vector<std::string> hashes_;  // of the scripts
    monitor::RedisFigures figures_;
    std::deque<Pending> pending_;
    std::string out_;
    std::size_t written_ = 0;  // of out_
    std::array<char, 32 * 1024> in_{};
    Clock::time_point began_;
    Clock::time_point heard_;
    std::string error_;  // why it's ending; empty: it isn't, or there was no memory
    unsigned failures_ = 0;
    bool open_ = false;  // there's a connection, on which hands are being shaken at least
    bool connected_ = false;
    bool losing_ = false;  // whatever waits is being told
    bool write_is_due_ = false;
    bool overdue_ = false;
    bool stopped_ = false;
};

}  // namespace chat_redis
