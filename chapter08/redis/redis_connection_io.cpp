// How what is sent gets out, and how long one waits for what comes.
#include "redis/redis_connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include <poll.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace chat_redis {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::size_t kept_capacity = 256 * 1024;  // of the buffer for what goes out

}  // namespace

// At the end of the turn, with all that it has asked.
void RedisConnection::write_soon() {
    if (!write_is_due_) {
        asio::post(executor_, [self = shared_from_this()] {
            self->write_is_due_ = false;
            self->write();
        });
        write_is_due_ = true;
    }
}

void RedisConnection::write() noexcept {
    if (!open_ || stopped_) {
        return;
    }
    try {
        error_code error;
        while (written_ < out_.size() && !error) {
            written_ += socket_->write_some(asio::buffer(out_) + written_, error);
        }
        if (written_ == out_.size()) {
            out_.clear();
            written_ = 0;
            if (out_.capacity() > kept_capacity) {
                out_.shrink_to_fit();
            }
        } else if (error == asio::error::would_block || error == asio::error::try_again) {
            const auto go_on = [self = shared_from_this()](error_code) {
                self->write_is_due_ = false;
                self->write();
            };
            socket_->async_wait(Socket::wait_write, go_on);
            write_is_due_ = true;
        } else {
            drop(error.message());
        }
    } catch (const std::exception&) {
        drop({});
    }
}

// There is one look-out at a time, and it's never too late: whatever comes up later is due later.
void RedisConnection::watch() {
    watch_->expires_at(next_look());
    watch_->async_wait([self = shared_from_this()](error_code error) {
        if (!error && !self->stopped_) {
            self->on_watch();
        }
    });
}

RedisConnection::Clock::time_point RedisConnection::next_look() const {
    const RedisTimes& times = settings_.times;
    const auto soonest = Clock::now() + std::chrono::milliseconds(20);
    if (!connected_) {
        return std::max(began_ + times.connect, soonest);
    }
    const auto idle = std::min(times.idle, times.reply / 2);
    const auto sign = pending_.empty() ? heard_ + idle : pending_.front().since + times.reply;
    return std::max(std::min(sign, Clock::now() + idle), soonest);
}

void RedisConnection::on_watch() noexcept {
    try {
        look();
    } catch (const std::exception&) {
        drop({});
    }
}

void RedisConnection::look() {
    const auto now = Clock::now();
    const RedisTimes& times = settings_.times;
    if (!error_.empty()) {
        return;  // it's ending
    }
    if (!connected_) {
        if (now - began_ >= times.connect) {
            drop("it doesn't answer");
            return;
        }
    } else if (pending_.empty()) {
        if (now - heard_ >= std::min(times.idle, times.reply / 2)) {
            send({"PING"}, {});
        }
    } else if (now - pending_.front().since >= times.reply) {
        // If it was this process that has slept, the answer is waiting to be read.
        if (std::exchange(overdue_, true)) {
            drop("no reply came in time");
            return;
        }
    }
    watch();
}

// Closed with replies unread, a socket takes back what the other end hasn't read.
void RedisConnection::flush_at_end() noexcept {
    constexpr auto patience = std::chrono::seconds(2);
    const auto end = Clock::now() + patience;
    error_code error;
    const auto is_ready = [&](short events) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        pollfd socket{.fd = socket_->native_handle(), .events = events, .revents = 0};
        return left.count() > 0 && ::poll(&socket, 1, static_cast<int>(left.count())) == 1;
    };
    while (written_ < out_.size() && is_ready(POLLOUT)) {
        written_ += socket_->write_some(asio::buffer(out_) + written_, error);
        if (error && error != asio::error::would_block) {
            return;
        }
    }
    socket_->shutdown(Socket::shutdown_send, error);
    while (is_ready(POLLIN)) {
        socket_->read_some(asio::buffer(in_), error);
        if (error && error != asio::error::would_block) {
            return;
        }
    }
}

}  // namespace chat_redis
