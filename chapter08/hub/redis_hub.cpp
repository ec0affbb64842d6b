#include "hub/redis_hub.hpp"

#include "hub/event_json.hpp"
#include "hub/redis_hub_scripts.hpp"
#include "log/conversation.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <optional>
#include <utility>

namespace chat_hub {

using chat_redis::RedisConnection;
using std::chrono::duration_cast;
using std::chrono::milliseconds;

namespace {

constexpr std::string_view hello_begin = R"({"kind":"hello","shard":")";
constexpr std::string_view hello_end = R"("})";

}  // namespace

RedisHub::RedisHub(Settings settings)
    : settings_(std::move(settings)),
      shard_(chat_log::make_epoch()),
      events_key_(settings_.prefix + ":{hub}:events"),
      shards_key_(settings_.prefix + ":{hub}:shards"),
      lease_key_(settings_.prefix + ":{hub}:shard:" + shard_),
      signals_channel_(settings_.prefix + ":{hub}:signals") {}

RedisHub::~RedisHub() {
    RedisHub::stop();
}

void RedisHub::start(const boost::asio::any_io_executor& executor, Receiver& receiver) {
    executor_ = executor;
    receiver_ = &receiver;
    timer_ = std::make_unique<boost::asio::steady_timer>(executor);
    commands_ = connect(":hub", false);
    events_ = connect(":events", false);
    signals_ = connect(":signals", true);
    tick_later();
}

RedisHub::Connection RedisHub::connect(const char* purpose, bool subscribes) {
    RedisConnection::Settings settings{.url = settings_.url,
                                       .name = settings_.prefix + purpose,
                                       .times = settings_.times,
                                       .subscribes = subscribes};
    if (!subscribes) {
        settings.scripts = {redis::join_script, redis::renew_script, redis::reap_script,
                            redis::leave_script};
    }
    auto connection = std::make_shared<RedisConnection>(std::move(settings));
    connection->start(executor_, {.connected = [this] { on_connected(); },
                                  .lost = [this](std::string_view error) { on_lost(error); },
                                  .message = [this](std::string_view,
                                                    std::string_view text) { on_signal(text); }});
    return connection;
}

void RedisHub::stop() noexcept {
    try {
        if (commands_ && joined_) {
            run_script(leave_it, {shard_}, {});
        }
    } catch (const std::exception& error) {
        spdlog::warn("the other servers couldn't be told that this one is stopping: {}",
                     error.what());
    }
    for (Connection* const connection : {&commands_, &events_, &signals_}) {
        if (*connection) {
            (*connection)->stop();
            connection->reset();
        }
    }
    alive_.reset();
    timer_.reset();
    available_ = joined_ = false;
}

std::vector<monitor::RedisFigures> RedisHub::redis_figures() const {
    std::vector<monitor::RedisFigures> figures;
    for (const Connection* const connection : {&commands_, &events_, &signals_}) {
        if (*connection) {
            figures.push_back((*connection)->figures());
        }
    }
    return figures;
}

bool RedisHub::all_connected() const noexcept {
    const auto is_connected = [](const Connection& connection) {
        return connection && connection->is_connected();
    };
    return is_connected(commands_) && is_connected(events_) && is_connected(signals_);
}

void RedisHub::on_connected() {
    if (!all_connected()) {
        return;
    }
    signals_->send({"SUBSCRIBE", signals_channel_}, {});
    if (last_id_.empty()) {
        join();
    } else {
        go_on_or_join();
    }
}

void RedisHub::on_lost(std::string_view error) {
    set_available(false, error);
    joined_ = false;
    ++round_;
    for (const Connection& connection : {commands_, events_, signals_}) {
        if (connection && connection->is_connected()) {
            connection->drop("another connection was lost");
        }
    }
}

void RedisHub::set_available(bool available, std::string_view error) {
    available_ = available;
    if (available != std::exchange(said_available_, available)) {
        if (available) {
            spdlog::info("the other servers can be reached again");
        } else {
            spdlog::error("the other servers can't be reached through Redis: {}", error);
        }
    }
}

void RedisHub::run_script(Script script, RedisConnection::Command arguments,
                          RedisConnection::Answer answer) {
    commands_->eval(script, {events_key_, shards_key_, lease_key_}, arguments,
                    [this, script, answer = std::move(answer)](const Reply* reply) {
                        asks_ = asks_ && script != join_it && script != renew_it;
                        if (reply == nullptr) {
                            return;
                        }
                        refused_ = reply->is_error();
                        if (refused_) {
                            on_refused(reply->text());
                        } else if (answer) {
                            answer(reply);
                        }
                    });
}

void RedisHub::on_refused(std::string_view error) {
    set_available(false, error);
    if (error.starts_with("READONLY")) {
        // Another has become the one that is written; its name may lead there by now.
        commands_->drop(std::string(error));
    }
}

void RedisHub::join() {
    ++round_;
    joined_ = greeted_ = false;
    last_id_.clear();
    std::string hello;
    hello.append(hello_begin).append(shard_).append(hello_end);
    asks_ = true;
    run_script(join_it, {shard_, std::to_string(settings_.lease.count()), hello},
               [this, round = round_](const Reply* reply) {
                   if (round == round_) {
                       on_joined(*reply);
                   }
               });
    said_hello_ = renewed_ = Clock::now();
}

void RedisHub::on_joined(const Reply& reply) {
    known_.clear();
    awaited_.clear();
    const Reply shards = reply[1];
    for (std::size_t i = 0; i < shards.size(); ++i) {
        awaited_.emplace(shards[i].text());
    }
    last_id_ = reply[0].text();
    said_hello_ = Clock::now();
    joined_ = true;
    read_on();
}

// Behind the last event that it has read, if that is still there; else it may have missed some.
void RedisHub::go_on_or_join() {
    asks_ = true;
    run_script(renew_it, {shard_, std::to_string(settings_.lease.count()), last_id_},
               [this, round = round_](const Reply* reply) {
                   if (round != round_) {
                       return;
                   }
                   if ((*reply)[0].number() == 0) {
                       join();
                       return;
                   }
                   // Two may be asked at once: reading twice would count everything twice.
                   const bool was_joined = std::exchange(joined_, true);
                   if (!was_joined) {
                       read_on();
                   }
                   if (!was_joined || owes_state_ || (*reply)[1].number() == 1) {
                       tell_own();
                   }
               });
    renewed_ = Clock::now();
}

void RedisHub::read_on() {
    constexpr auto longest = milliseconds(1'000);
    const auto patience = duration_cast<milliseconds>(settings_.times.reply / 4);
    const std::string wait = std::to_string(std::clamp(patience, milliseconds(1), longest).count());
    events_->send({"XREAD", "COUNT", "500", "BLOCK", wait, "STREAMS", events_key_, last_id_},
                  [this, round = round_](const Reply* reply) {
                      if (reply == nullptr || round != round_) {
                          return;
                      }
                      if (reply->is_error()) {
                          events_->drop(std::string(reply->text()));
                          return;
                      }
                      on_events((*reply)[0][1]);
                      if (round == round_) {
                          look_who_has_answered();
                          read_on();
                      }
                  });
}

void RedisHub::on_events(const Reply& entries) {
    const std::size_t round = round_;
    for (std::size_t i = 0; i < entries.size() && round == round_; ++i) {
        on_event(entries[i][1][1].text());
        if (round == round_) {
            last_id_ = entries[i][0].text();
        }
    }
}

void RedisHub::on_event(std::string_view json) {
    if (json.starts_with(hello_begin) && json.ends_with(hello_end)) {
        json.remove_prefix(hello_begin.size());
        json.remove_suffix(hello_end.size());
        on_hello(std::string(json));
        return;
    }
    const std::optional<Event> event = event_of(json);
    if (!event || event->kind == Event::Kind::signal) {
        return;
    }
    if (event->kind == Event::Kind::gone) {
        on_gone(*event);
        return;
    }
    if (event->kind == Event::Kind::state && greeted_) {
        awaited_.erase(event->shard);
        known_.insert(event->shard);
        received_.insert(event->shard);
    }
    if (known_.contains(event->shard)) {
        receiver_->on_event(*event);
    }
}

void RedisHub::on_hello(const std::string& shard) {
    if (shard == shard_) {
        greeted_ = true;
    }
    tell_own();
}

void RedisHub::on_gone(const Event& event) {
    if (event.shard == shard_) {
        // It has slept for longer than its lease.
        go_on_or_join();
        tell_own();
        return;
    }
    awaited_.erase(event.shard);
    known_.erase(event.shard);
    say_gone(event.shard);
}

void RedisHub::say_gone(const std::string& shard) {
    if (received_.erase(shard) > 0) {
        receiver_->on_event({.kind = Event::Kind::gone, .shard = shard});
    }
}

void RedisHub::look_who_has_answered() {
    if (!joined_ || !greeted_ || refused_) {
        return;
    }
    const auto passed = Clock::now() - said_hello_;
    if (awaited_.empty() || passed >= settings_.patience) {
        set_available(true, {});
    }
    if (passed >= settings_.lease) {
        awaited_.clear();
        std::set<std::string> silent;
        std::ranges::set_difference(received_, known_, std::inserter(silent, silent.end()));
        for (const std::string& shard : silent) {
            say_gone(shard);
        }
    }
}

void RedisHub::tick_later() {
    const auto pause = std::min({settings_.renewal, settings_.look, settings_.patience}) / 4;
    timer_->expires_after(pause);
    timer_->async_wait([this, alive = std::weak_ptr(alive_)](boost::system::error_code) {
        if (alive.expired()) {
            return;
        }
        try {
            tick();
        } catch (const std::exception& error) {
            commands_->drop(error.what());
        }
        try {
            tick_later();
        } catch (const std::exception& error) {
            spdlog::error("the lease of this server is no longer renewed: {}", error.what());
        }
    });
}

void RedisHub::tick() {
    const auto now = Clock::now();
    if (!all_connected()) {
        return;
    }
    if (!asks_ && now - renewed_ >= settings_.renewal) {
        if (last_id_.empty()) {
            join();  // it was refused before
        } else {
            go_on_or_join();
        }
    }
    if (joined_ && now - looked_ >= settings_.look) {
        run_script(reap_it, {shard_}, {});
        looked_ = now;
    }
    look_who_has_answered();
}

void RedisHub::publish(Event event) {
    event.shard = shard_;
    if (event.kind != Event::Kind::signal) {
        add(event);
    } else if (commands_ && joined_) {
        commands_->send({"PUBLISH", signals_channel_, to_json(event)}, {});
    }
}

void RedisHub::on_signal(std::string_view json) {
    const std::optional<Event> event = event_of(json);
    if (event && event->kind == Event::Kind::signal && event->shard != shard_) {
        receiver_->on_event(*event);
    }
}

void RedisHub::tell_own() {
    add({.kind = Event::Kind::state, .shard = shard_, .presences = receiver_->own_presences()});
}

// While Redis is away nothing needs to be kept: with the connection comes the state.
void RedisHub::add(const Event& event) {
    if (!commands_ || !joined_) {
        return;
    }
    const bool is_state = event.kind == Event::Kind::state;
    commands_->send({"XADD", events_key_, "MAXLEN", "~", "10000", "*", "event", to_json(event)},
                    [this, is_state](const Reply* reply) {
                        const bool is_refused = reply != nullptr && reply->is_error();
                        owes_state_ = is_refused || (owes_state_ && !is_state);
                    });
}

}  // namespace chat_hub
