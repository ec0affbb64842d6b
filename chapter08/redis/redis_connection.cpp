#include "redis/redis_connection.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <new>
#include <random>
#include <utility>

namespace chat_redis {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using Endpoint = asio::generic::stream_protocol::endpoint;

struct ReplyDeleter {
    void operator()(redisReply* reply) const noexcept { freeReplyObject(reply); }
};

struct Free {
    void operator()(char* memory) const noexcept { redisFreeCommand(memory); }
};

void append_command(std::string& out, const RedisConnection::Command& command) {
    std::vector<const char*> words;
    std::vector<std::size_t> lengths;
    for (const std::string& word : command) {
        words.push_back(word.data());
        lengths.push_back(word.size());
    }
    char* text = nullptr;
    const int length = redisFormatCommandArgv(&text, static_cast<int>(command.size()), words.data(),
                                              lengths.data());
    if (length < 0) {
        throw std::bad_alloc();
    }
    const std::unique_ptr<char, Free> owner(text);
    out.append(text, static_cast<std::size_t>(length));
}

/// An address needs no look-up. Names are looked up on a thread of Asio's.
awaitable<std::vector<Endpoint>> endpoints_of(RedisUrl url) {
    std::vector<Endpoint> endpoints;
    if (url.host.empty()) {
        endpoints.emplace_back(asio::local::stream_protocol::endpoint(url.path));
        co_return endpoints;
    }
    error_code is_name;
    const auto address = asio::ip::make_address(url.host, is_name);
    if (!is_name) {
        endpoints.emplace_back(tcp::endpoint(address, url.port));
        co_return endpoints;
    }
    tcp::resolver resolver(co_await asio::this_coro::executor);
    const auto found =
        co_await resolver.async_resolve(url.host, std::to_string(url.port), asio::use_awaitable);
    for (const auto& entry : found) {
        endpoints.emplace_back(entry.endpoint());
    }
    co_return endpoints;
}

}  // namespace

void RedisConnection::start(const asio::any_io_executor& executor, Handlers handlers) {
    executor_ = executor;
    handlers_ = std::move(handlers);
    pause_ = std::make_unique<asio::steady_timer>(executor);
    watch_ = std::make_unique<asio::steady_timer>(executor);
    spawn();
}

void RedisConnection::spawn() {
    const auto ended = [self = shared_from_this()](std::exception_ptr error) {
        if (error && !self->stopped_) {
            self->lose();
            self->spawn_again();
        }
    };
    asio::co_spawn(executor_, run(), ended);
}

// Memory ran out where there was no other way to go on.
void RedisConnection::spawn_again() noexcept {
    constexpr int attempts = 100;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        try {
            spawn();
            return;
        } catch (const std::exception&) {}
    }
    spdlog::critical("there is no memory to connect to Redis, so the server won't try again");
}

void RedisConnection::note_error(std::string error) noexcept {
    if (error_.empty()) {
        error_ = std::move(error);
    }
}

awaitable<void> RedisConnection::run() {
    const auto self = shared_from_this();
    while (!stopped_) {
        error_.clear();
        try {
            co_await connect();
            co_await read_replies();
        } catch (const boost::system::system_error& error) {
            // Not what(): that ends with a line of Boost's source.
            note_error(error.code().message());
        } catch (const std::exception& error) {
            note_error(error.what());
        }
        if (stopped_) {
            break;
        }
        lose();
        co_await pause();
    }
}

awaitable<void> RedisConnection::connect() {
    began_ = heard_ = Clock::now();
    watch();
    const auto endpoints = co_await endpoints_of(settings_.url);
    error_code error = asio::error::host_not_found;
    for (const Endpoint& endpoint : endpoints) {
        // What ended meanwhile has left a reason.
        if (stopped_ || !error_.empty()) {
            co_return;
        }
        socket_ = std::make_unique<Socket>(executor_);
        co_await socket_->async_connect(endpoint, asio::redirect_error(asio::use_awaitable, error));
        if (!error) {
            break;
        }
    }
    if (error) {
        throw boost::system::system_error(error);
    }
    socket_->non_blocking(true);
    if (settings_.url.path.empty()) {
        socket_->set_option(tcp::no_delay(true));
    }
    reader_.reset(redisReaderCreate());
    if (!reader_) {
        throw std::bad_alloc();
    }
    open_ = true;
    shake_hands();
}

void RedisConnection::shake_hands() {
    const RedisUrl& url = settings_.url;
    const auto must_succeed = [this](const Reply& reply) {
        if (reply.is_error()) {
            drop(std::string(reply.text()));
        }
    };
    if (!url.password.empty()) {
        const Command with_user{"AUTH", url.user, url.password};
        const Command without_user{"AUTH", url.password};
        ask_in_handshake(url.user.empty() ? without_user : with_user, must_succeed);
    }
    if (url.database != 0) {
        ask_in_handshake({"SELECT", std::to_string(url.database)}, must_succeed);
    }
    if (!settings_.name.empty()) {
        // It may be forbidden, and is only for people.
        ask_in_handshake({"CLIENT", "SETNAME", settings_.name}, [](const Reply&) {});
    }
    hashes_.clear();
    for (const std::string_view script : settings_.scripts) {
        ask_in_handshake({"SCRIPT", "LOAD", std::string(script)},
                         [this, must_succeed](const Reply& reply) {
                             must_succeed(reply);
                             hashes_.emplace_back(reply.text());
                         });
    }
    // A Redis that is loading its file answers the other commands already.
    ask_in_handshake({"PING"}, [this, must_succeed](const Reply& reply) {
        must_succeed(reply);
        on_shaken_hands();
    });
}

void RedisConnection::ask_in_handshake(const Command& command,
                                       std::function<void(const Reply&)> check) {
    push(command, [check = std::move(check)](const Reply* reply) {
        if (reply != nullptr) {
            check(*reply);
        }
    });
}

void RedisConnection::on_shaken_hands() {
    if (!open_ || !error_.empty()) {
        return;
    }
    connected_ = true;
    ++figures_.connects;
    failures_ = 0;
    watch();
    if (handlers_.connected) {
        handlers_.connected();
    }
}

awaitable<void> RedisConnection::read_replies() {
    while (open_ && !stopped_) {
        const std::size_t size =
            co_await socket_->async_read_some(asio::buffer(in_), asio::use_awaitable);
        if (!open_ || stopped_) {
            co_return;
        }
        heard_ = Clock::now();
        overdue_ = false;
        if (redisReaderFeed(reader_.get(), in_.data(), size) != REDIS_OK) {
            throw std::bad_alloc();
        }
        take_replies();
    }
}

void RedisConnection::take_replies() {
    while (open_ && !stopped_) {
        void* object = nullptr;
        if (redisReaderGetReply(reader_.get(), &object) != REDIS_OK) {
            drop(fmt::format("these bytes aren't Redis' protocol: {}", reader_->errstr));
            return;
        }
        if (object == nullptr) {
            return;
        }
        const std::unique_ptr<redisReply, ReplyDeleter> reply(static_cast<redisReply*>(object));
        take(Reply(reply.get()));
    }
}

void RedisConnection::take(const Reply& reply) {
    if (settings_.subscribes && reply.size() == 3 && reply[0].text() == "message") {
        handlers_.message(reply[1].text(), reply[2].text());
        return;
    }
    if (pending_.empty()) {
        drop(fmt::format("an answer arrived that nobody asked for: {}", reply.text()));
        return;
    }
    const Pending pending = std::move(pending_.front());
    pending_.pop_front();
    figures_.round_trips.observe(heard_ - pending.since);
    call(pending.answer, &reply);
}

void RedisConnection::call(const Answer& answer, const Reply* reply) noexcept {
    try {
        if (answer) {
            answer(reply);
        }
    } catch (const std::exception& error) {
        spdlog::error("an answer of Redis was lost: {}", error.what());
        if (reply != nullptr) {
            // What it was for is found again as after any other loss.
            drop({});
        }
    }
}

// Everything that waits is told, and what is asked meanwhile is told behind it.
void RedisConnection::lose() noexcept {
    figures_.losses = figures_.connects;
    open_ = connected_ = false;
    close();
    reader_.reset();
    out_.clear();
    written_ = 0;
    ++failures_;
    losing_ = true;
    try {
        if (handlers_.lost) {
            handlers_.lost(error_.empty() ? "out of memory" : error_);
        }
    } catch (const std::exception& error) {
        spdlog::error("not everybody noticed that Redis is unreachable: {}", error.what());
    }
    while (!pending_.empty() && !stopped_) {
        const Pending pending = std::move(pending_.front());
        pending_.pop_front();
        call(pending.answer, nullptr);
    }
    losing_ = false;
}

// With jitter: all servers of a chat lose Redis in the same moment.
awaitable<void> RedisConnection::pause() {
    static thread_local std::minstd_rand random(std::random_device{}());
    const unsigned doublings = std::min(failures_ - 1, 10U);
    const auto longest =
        std::min(settings_.times.first_pause * (1 << doublings), settings_.times.longest_pause);
    const double share = std::uniform_real_distribution<>(0.5, 1)(random);
    pause_->expires_after(std::chrono::duration_cast<Clock::duration>(
        std::chrono::duration<double>(longest) * share));
    error_code ignored;
    co_await pause_->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void RedisConnection::send(const Command& command, Answer answer) {
    if (stopped_) {
        return;
    }
    if (connected_) {
        push(command, std::move(answer));
    } else if (losing_) {
        pending_.push_back({.answer = std::move(answer), .since = Clock::now()});
    } else {
        call(answer, nullptr);
    }
}

void RedisConnection::eval(std::size_t script, const Command& keys, const Command& arguments,
                           Answer answer) {
    if (!connected_) {
        send({}, std::move(answer));
        return;
    }
    Command command{"EVALSHA", hashes_.at(script), std::to_string(keys.size())};
    command.insert(command.end(), keys.begin(), keys.end());
    command.insert(command.end(), arguments.begin(), arguments.end());
    send(command, [this, answer = std::move(answer)](const Reply* reply) {
        if (reply != nullptr && reply->is_error() && reply->text().starts_with("NOSCRIPT")) {
            // They're loaded again with the next connection.
            drop("Redis has forgotten the scripts");
            answer(nullptr);
            return;
        }
        answer(reply);
    });
}

void RedisConnection::push(const Command& command, Answer answer) {
    const std::size_t size = out_.size();
    pending_.push_back({.answer = std::move(answer), .since = Clock::now()});
    try {
        append_command(out_, command);
        write_soon();
    } catch (...) {
        out_.resize(size);
        pending_.pop_back();
        throw;
    }
}

monitor::RedisFigures RedisConnection::figures() const {
    monitor::RedisFigures figures = figures_;
    figures.connection = settings_.name.substr(settings_.name.rfind(':') + 1);
    figures.connected = connected_;
    return figures;
}

void RedisConnection::drop(std::string why) noexcept {
    if (error_.empty()) {
        error_ = std::move(why);
    }
    open_ = connected_ = false;
    close();
}

void RedisConnection::close() noexcept {
    error_code ignored;
    if (watch_) {
        watch_->cancel();
    }
    if (socket_ && socket_->is_open()) {
        socket_->close(ignored);
    }
}

void RedisConnection::stop() noexcept {
    if (stopped_) {
        return;
    }
    stopped_ = true;
    if (open_ && (!out_.empty() || !pending_.empty())) {
        flush_at_end();
    }
    open_ = connected_ = false;
    close();
    pending_.clear();
    if (pause_) {
        pause_->cancel();
    }
}

}  // namespace chat_redis
