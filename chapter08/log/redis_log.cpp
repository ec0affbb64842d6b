#include "log/redis_log.hpp"

#include "log/redis_log_scripts.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace chat_log {

using chat_redis::RedisConnection;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

namespace {

/// Of the messages of each conversation that are in memory, beside Redis.
constexpr std::size_t recent_messages = 1'000;
/// So often it's asked where a conversation is, which also keeps it from expiring while it's empty.
constexpr auto between_checks = std::chrono::seconds(60);

Retention in_memory(Retention retention) {
    if (retention.max_messages == 0 || retention.max_messages > recent_messages) {
        retention.max_messages = recent_messages;
    }
    return retention;
}

}  // namespace

RedisLog::RedisLog(Settings settings, const Retention& retention)
    : settings_(std::move(settings)), retention_(retention), conversations_(in_memory(retention)) {}

RedisLog::~RedisLog() {
    RedisLog::stop();
}

void RedisLog::start(const boost::asio::any_io_executor& executor) {
    executor_ = executor;
    sweep_timer_ = std::make_unique<boost::asio::steady_timer>(executor);
    hole_timer_ = std::make_unique<boost::asio::steady_timer>(executor);
    commands_ = connect(false);
    pushes_ = connect(true);
    sweep_later();
}

std::vector<monitor::RedisFigures> RedisLog::redis_figures() const {
    std::vector<monitor::RedisFigures> figures;
    for (const auto* const connection : {&commands_, &pushes_}) {
        if (*connection) {
            figures.push_back((*connection)->figures());
        }
    }
    return figures;
}

std::shared_ptr<RedisConnection> RedisLog::connect(bool subscribes) {
    RedisConnection::Settings settings{
        .url = settings_.url,
        .name = settings_.prefix + (subscribes ? ":messages" : ":log"),
        .times = settings_.times,
        .subscribes = subscribes,
    };
    if (!subscribes) {
        settings.scripts = {redis::open_script, redis::restart_script, redis::append_script,
                            redis::read_script};
    }
    auto connection = std::make_shared<RedisConnection>(std::move(settings));
    connection->start(
        executor_, {.connected = [this] { on_connected(); },
                    .lost = [this](std::string_view error) { on_lost(error); },
                    .message = [this](std::string_view channel,
                                      std::string_view message) { on_message(channel, message); }});
    return connection;
}

void RedisLog::stop() noexcept {
    for (auto* const connection : {&commands_, &pushes_}) {
        if (*connection) {
            (*connection)->stop();
            connection->reset();
        }
    }
    alive_.reset();
    sweep_timer_.reset();
    hole_timer_.reset();
    holes_.clear();
    followed_.clear();
    available_ = false;
}

// Subscribed first, asked where it is then: what is said in between comes twice, and isn't lost.
void RedisLog::on_connected() {
    if (!commands_ || !pushes_ || !commands_->is_connected() || !pushes_->is_connected()) {
        return;
    }
    for (const auto& [name, followed] : followed_) {
        subscribe(followed);
    }
    pushes_->send({"PING"}, [this](const Reply* reply) {
        if (reply != nullptr) {
            on_fence();
        }
    });
}

// From here on what is asked comes behind the checks.
void RedisLog::on_fence() {
    if (!commands_->is_connected()) {
        return;
    }
    for (const auto& [name, followed] : followed_) {
        check(followed);
    }
    available_ = true;
    say_whether_available(true, {});
}

// Without either of the connections there would be no order.
void RedisLog::on_lost(std::string_view error) {
    const bool was_available = std::exchange(available_, false);
    say_whether_available(false, error);
    for (const auto& connection : {commands_, pushes_}) {
        if (connection && connection->is_connected()) {
            connection->drop("the other connection was lost");
        }
    }
    if (was_available || !followed_.empty()) {
        forget_what_waits();
    }
}

void RedisLog::forget_what_waits() {
    std::vector<FollowedPtr> all;
    all.reserve(followed_.size());
    for (const auto& [name, followed] : followed_) {
        all.push_back(followed);
    }
    holes_.clear();
    for (const FollowedPtr& followed : all) {
        followed->forget_early();
        followed->is_current = followed->is_checking = followed->is_filling = false;
        followed->must_check = false;
        followed->odd_epoch.clear();
        followed->answer_all(false);
        cannot_open(followed);
    }
}

void RedisLog::say_whether_available(bool available, std::string_view error) {
    if (available != std::exchange(said_available_, available)) {
        if (available) {
            spdlog::info("Redis is back");
        } else {
            spdlog::error("Redis is unreachable, so messages are refused: {} ({})", error,
                          settings_.url.to_string());
        }
    }
}

void RedisLog::say_whether_writable(std::string_view error) {
    const bool writable = error.empty();
    if (writable != std::exchange(writable_, writable)) {
        if (writable) {
            spdlog::info("Redis can be written again");
        } else {
            spdlog::error("Redis can't be written, so messages are refused: {}", error);
        }
    }
}

void RedisLog::on_error(std::string_view error) {
    say_whether_writable(error);
    if (error.starts_with("READONLY")) {
        // Another has become the one that is written; its name may lead there by now.
        commands_->drop(std::string(error));
    }
}

void RedisLog::sweep_later() {
    sweep_timer_->expires_after(settings_.sweep);
    sweep_timer_->async_wait([this, alive = std::weak_ptr(alive_)](boost::system::error_code) {
        if (alive.expired()) {
            return;
        }
        try {
            sweep();
        } catch (const std::exception& error) {
            spdlog::error("the conversations couldn't be checked: {}", error.what());
        }
        try {
            sweep_later();
        } catch (const std::exception& error) {
            spdlog::error("the conversations are no longer checked: {}", error.what());
        }
    });
}

void RedisLog::sweep() {
    const auto now = Clock::now();
    const auto age = duration_cast<Clock::duration>(
        std::min<std::chrono::system_clock::duration>(retention_.max_age, std::chrono::days(365)));
    const auto pause = age.count() > 0 ? std::min<Clock::duration>(between_checks, age / 3)
                                       : Clock::duration(between_checks);
    std::vector<FollowedPtr> unheld;
    for (const auto& [name, followed] : followed_) {
        if (!followed->is_unheld()) {
            followed->held = now;
        } else if (now - followed->held >= settings_.unheld || !followed->conversation()) {
            unheld.push_back(followed);
            continue;
        }
        if (available_ && (followed->must_check || now - followed->checked >= pause)) {
            check(followed);
        }
    }
    for (const FollowedPtr& followed : unheld) {
        unfollow(followed);
    }
}

void RedisLog::unfollow(const FollowedPtr& followed) {
    pushes_->send({"UNSUBSCRIBE", followed->channel()}, {});
    conversations_.erase(followed->name());
    const auto found = followed_.find(followed->name());
    if (found != followed_.end() && found->second == followed) {
        followed_.erase(found);
    }
}

std::string RedisLog::age() const {
    return std::to_string(duration_cast<milliseconds>(retention_.max_age).count());
}

void RedisLog::open(const std::string& name, Opened opened) {
    if (ConversationPtr conversation = conversations_.find(name)) {
        opened(std::move(conversation));
        return;
    }
    if (!available_) {
        opened(nullptr);
        return;
    }
    FollowedPtr& followed = followed_[name];
    const bool is_new = !followed;
    if (is_new) {
        try {
            followed = std::make_shared<FollowedConversation>(name, settings_.prefix);
        } catch (...) {
            followed_.erase(name);
            throw;
        }
    }
    followed->openers.push_back(std::move(opened));
    if (is_new) {
        subscribe(followed);
    } else if (followed->openers.size() == 1) {
        // Memory had no room for it any more.
        check(followed);
    }
}

void RedisLog::subscribe(const FollowedPtr& followed) {
    pushes_->send({"SUBSCRIBE", followed->channel()}, [this, followed](const Reply* reply) {
        if (reply == nullptr) {
            return;
        }
        if (reply->is_error()) {
            on_error(reply->text());
            cannot_open(followed);
        } else if (available_) {
            check(followed);
        }
    });
}

// Where is it? It begins now if there is none.
void RedisLog::check(const FollowedPtr& followed) {
    if (followed->is_checking || !commands_->is_connected()) {
        return;
    }
    const std::string proposed = make_epoch();
    ask_where_it_is(followed, proposed, [this, followed, proposed](const Reply* reply) {
        on_checked(followed, proposed, reply);
    });
    followed->is_checking = true;
    followed->must_check = false;
    followed->checked = Clock::now();
}

void RedisLog::ask_where_it_is(const FollowedPtr& followed, const std::string& proposed,
                               RedisConnection::Answer answer) {
    const ConversationPtr conversation = followed->conversation();
    std::string epoch;
    std::string seq = "0";
    std::string stored = "0";
    if (conversation) {
        epoch = conversation->epoch();
        seq = std::to_string(conversation->last_seq());
        if (!conversation->recent().empty()) {
            const Time time = conversation->recent().back().stored;
            stored = std::to_string(duration_cast<milliseconds>(time.time_since_epoch()).count());
        }
    }
    commands_->eval(open_it, {followed->head_key(), followed->log_key()},
                    {proposed, age(), epoch, seq, stored, followed->channel()}, std::move(answer));
}

void RedisLog::on_checked(const FollowedPtr& followed, const std::string& proposed,
                          const Reply* reply) {
    followed->is_checking = false;
    if (reply == nullptr) {
        return;
    }
    ConversationPtr conversation = followed->conversation();
    if (!conversation && followed->openers.empty()) {
        return;  // nobody needs it any more
    }
    if (reply->is_error()) {
        on_error(reply->text());
        followed->must_check = true;
        cannot_open(followed);
        return;
    }
    followed->is_current = true;
    const Head head = head_in(*reply);
    if (conversation) {
        adopt(followed, conversation, head, false);
    } else {
        conversation = begin(followed, head, proposed);
    }
    for (const Opened& opened : std::exchange(followed->openers, {})) {
        opened(conversation);
    }
    // Something that didn't fit has come meanwhile.
    const std::string epoch = std::exchange(followed->odd_epoch, {});
    if (!epoch.empty() &&
        (epoch != conversation->epoch() || followed->odd_seq > conversation->last_seq())) {
        check(followed);
    }
}

ConversationPtr RedisLog::begin(const FollowedPtr& followed, const Head& head,
                                const std::string& proposed) {
    auto conversation = std::make_shared<Conversation>(followed->name());
    conversation->begin(head.epoch, head.seq);
    if (head.epoch != proposed) {
        conversation->set_known();
    }
    conversations_.insert(conversation);
    followed->set_conversation(conversation);
    return conversation;
}

void RedisLog::cannot_open(const FollowedPtr& followed) {
    for (const Opened& opened : std::exchange(followed->openers, {})) {
        opened(nullptr);
    }
    if (!followed->conversation() && followed->openers.empty()) {
        unfollow(followed);
    }
}

RedisLog::Head RedisLog::head_in(const Reply& reply) {
    return {
        .epoch = std::string(reply[0].text()), .seq = reply[1].number(), .base = reply[2].number()};
}

void RedisLog::restart(const ConversationPtr& conversation, Opened restarted) {
    const auto found = followed_.find(conversation->name());
    if (!available_ || found == followed_.end()) {
        restarted(nullptr);
        return;
    }
    const FollowedPtr followed = found->second;
    const std::string proposed = make_epoch();
    commands_->eval(restart_it, {followed->head_key(), followed->log_key()},
                    {proposed, conversation->epoch(), age(), followed->channel()},
                    [this, followed, conversation, proposed,
                     restarted = std::move(restarted)](const Reply* reply) {
                        const bool is_known = reply != nullptr && !reply->is_error();
                        if (is_known) {
                            const Head head = head_in(*reply);
                            adopt(followed, conversation, head, head.epoch == proposed);
                        } else if (reply != nullptr) {
                            on_error(reply->text());
                        }
                        followed->answer_behind(0, [conversation, restarted, is_known](bool) {
                            restarted(is_known ? conversation : nullptr);
                        });
                        followed->answer_up_to(conversation->last_seq());
                    });
}

}  // namespace chat_log
