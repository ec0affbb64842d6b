// Chapter 16: a corner of redis-py: a command goes out, and a coroutine waits for its reply.
#pragma once

#include "beastapi/awaitable.hpp"
#include "redis/redis_connection.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

class RedisError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class Redis {
public:
    using Command = chat_redis::RedisConnection::Command;
    using Reply = chat_redis::Reply;
    using json = boost::json::value;

    explicit Redis(const std::string& url)
        : connection_(std::make_shared<chat_redis::RedisConnection>(
              chat_redis::RedisConnection::Settings{.url = chat_redis::parse_redis_url(url)})) {}

    void connect(const boost::asio::any_io_executor& executor) {
        attempt_.emplace(executor, boost::asio::steady_timer::time_point::max());
        connection_->start(executor, {.connected = [this] { attempt_->cancel(); },
                                      .lost = [this](auto) { attempt_->cancel(); }});
    }

    void close() {
        connection_->stop();
        attempt_.reset();
    }

    // [execute]
    // Strings, arrays and null; throws RedisError if the reply is an error, or never comes.
    beastapi::awaitable<json> execute(Command command) {
        if (!connection_->is_connected()) {
            co_await wait(*attempt_);  // for the attempt under way, good or bad
        }
        auto future = std::make_shared<Future>(co_await boost::asio::this_coro::executor);
        connection_->send(command, [future](const Reply* reply) { future->set(reply); });
        if (!future->is_set) {
            co_await wait(future->done);
        }
        if (!future->error.empty()) {
            throw RedisError(future->error);
        }
        co_return future->value;
    }
    // [/execute]

private:
    // [future]
    // As asyncio.Future: Boost 1.81 has a timer that never expires in its place.
    struct Future {
        explicit Future(const boost::asio::any_io_executor& executor)
            : done(executor, boost::asio::steady_timer::time_point::max()) {}

        void set(const Reply* reply) {  // null: the connection was lost
            error = reply == nullptr ? "the connection was lost" : "";
            if (reply != nullptr && reply->is_error()) {
                error = reply->text();
            } else if (reply != nullptr) {
                value = to_json(*reply);
            }
            is_set = true;
            done.cancel();
        }

        boost::asio::steady_timer done;
        json value;
        std::string error;
        bool is_set = false;
    };
    // [/future]

    static beastapi::awaitable<void> wait(boost::asio::steady_timer& timer) {
        co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }

    // hiredis' reply lasts as long as the call, so it's copied.
    static json to_json(const Reply& reply) {
        if (reply.is_nil()) {
            return nullptr;
        }
        if (!reply.is_array()) {
            return json(boost::json::string(reply.text()));
        }
        boost::json::array elements;
        for (std::size_t i = 0; i < reply.size(); ++i) {
            elements.push_back(to_json(reply[i]));
        }
        return json(std::move(elements));
    }

    std::shared_ptr<chat_redis::RedisConnection> connection_;
    std::optional<boost::asio::steady_timer> attempt_;
};
