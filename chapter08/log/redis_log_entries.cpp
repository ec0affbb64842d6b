// What is said: how it comes into Redis, and from there to those who follow.
#include "log/redis_log.hpp"
#include "log/redis_log_scripts.hpp"
#include "log/slice_filler.hpp"

#include <algorithm>
#include <charconv>
#include <exception>
#include <utility>

namespace chat_log {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

namespace {

constexpr std::size_t entries_a_read = 200;

std::uint64_t number_in(std::string_view digits) {
    std::uint64_t number = 0;
    const char* const begin = digits.data();
    std::from_chars(begin, begin + digits.size(), number);
    return number;
}

Time time_of(std::uint64_t ms) {
    return Time(duration_cast<Time::duration>(milliseconds(ms)));
}

/// What is in front of the next space, which is cut off with it.
std::string_view next_word(std::string_view& text) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

/// Of `[id, [payload, …, stored, …]]`, where id is the number, and "-0" behind it.
Entry entry_in(const chat_redis::Reply& reply) {
    return {.seq = number_in(reply[0].text()),
            .stored = time_of(reply[1][3].number()),
            .payload = std::string(reply[1][1].text())};
}

std::string first_id(const Range& range) {
    return std::to_string(range.after + 1) + "-0";
}

std::string last_id(const Range& range) {
    return range.before == Range::no_end
               ? "+"
               : std::to_string(range.before - std::min<Seq>(range.before, 1)) + "-0";
}

/// Of the reply of read_script.
Slice slice_in(const chat_redis::Reply& reply, const Range& range) {
    const std::string_view oldest = reply[2].text();
    const chat_redis::Reply entries = reply[3];
    SliceFiller slice(range, oldest.empty() ? reply[1].number() + 1 : number_in(oldest));
    for (std::size_t i = 0; i < entries.size(); ++i) {
        if (!slice.add(entry_in(entries[i]))) {
            break;
        }
    }
    return slice.finish();
}

}  // namespace

void RedisLog::append(const ConversationPtr& conversation, Draft draft, Appended appended) {
    const auto found = followed_.find(conversation->name());
    if (!available_ || found == followed_.end()) {
        appended({.result = Receipt::Result::unavailable});
        return;
    }
    const FollowedPtr followed = found->second;
    chat_redis::RedisConnection::Command keys{followed->head_key(), followed->log_key()};
    if (!draft.id.empty()) {
        keys.push_back(followed->repeat_key(draft));
    }
    const auto window =
        std::max<std::int64_t>(1, duration_cast<milliseconds>(retention_.dedup_window).count());
    const chat_redis::RedisConnection::Command arguments{
        make_epoch(), draft.payload,       std::to_string(retention_.max_messages),
        age(),        followed->channel(), std::to_string(window)};
    commands_->eval(append_it, keys, arguments,
                    [this, followed, conversation, payload = std::move(draft.payload),
                     appended = std::move(appended)](const Reply* reply) {
                        on_appended(followed, conversation, payload, appended, reply);
                    });
}

void RedisLog::on_appended(const FollowedPtr& followed, const ConversationPtr& conversation,
                           std::string payload, const Appended& appended, const Reply* reply) {
    using Result = Receipt::Result;
    Receipt receipt{.result = Result::unavailable};
    if (reply != nullptr && reply->is_error()) {
        on_error(reply->text());
    } else if (reply != nullptr) {
        say_whether_writable({});
        receipt = {.result = (*reply)[0].number() == 0 ? Result::stored : Result::duplicate,
                   .seq = (*reply)[1].number(),
                   .epoch = std::string((*reply)[2].text()),
                   .stored = time_of((*reply)[3].number())};
    }
    if (receipt.result == Result::stored) {
        if (receipt.epoch != conversation->epoch()) {
            adopt(followed, conversation,
                  {.epoch = receipt.epoch, .seq = receipt.seq - 1, .base = (*reply)[4].number()},
                  false);
        }
        put(followed, conversation,
            {.seq = receipt.seq, .stored = receipt.stored, .payload = std::move(payload)});
    }
    const bool is_here = receipt.epoch == conversation->epoch();
    followed->answer_behind(is_here ? receipt.seq : 0, [appended, receipt](bool is_known) {
        appended(is_known ? receipt : Receipt{.result = Result::unavailable});
    });
    followed->answer_up_to(conversation->last_seq());
    if (followed->waits()) {
        fill_soon(followed, conversation);
    }
}

void RedisLog::on_message(std::string_view channel, std::string_view message) {
    constexpr std::string_view suffix = "}:live";
    const std::size_t before = settings_.prefix.size() + 2;
    if (channel.size() < before + suffix.size()) {
        return;
    }
    const auto found = followed_.find(
        std::string(channel.substr(before, channel.size() - before - suffix.size())));
    if (found == followed_.end()) {
        return;
    }
    const FollowedPtr followed = found->second;
    const std::string_view epoch = next_word(message);
    const Seq seq = number_in(next_word(message));
    const Time stored = time_of(number_in(next_word(message)));
    const ConversationPtr conversation = followed->conversation();
    if (conversation && followed->is_current && epoch == conversation->epoch()) {
        if (seq > 0) {
            put(followed, conversation,
                {.seq = seq, .stored = stored, .payload = std::string(message)});
            followed->answer_up_to(conversation->last_seq());
        }
        return;
    }
    // Another epoch, maybe the one before, or Redis isn't the one that it was. A command says.
    followed->odd_epoch = epoch;
    followed->odd_seq = seq;
    if (conversation && available_) {
        check(followed);
    }
}

// This is where it is, by an answer to a command.
void RedisLog::adopt(const FollowedPtr& followed, const ConversationPtr& conversation,
                     const Head& head, bool is_own) {
    if (head.epoch != conversation->epoch()) {
        followed->forget_early();
        conversations_.restart(*conversation, head.epoch, head.base);
        if (!is_own) {
            conversation->set_known();
        }
        followed->answer_all(true);
    }
    if (head.seq > conversation->last_seq()) {
        fill(followed, conversation);
    }
}

void RedisLog::put(const FollowedPtr& followed, const ConversationPtr& conversation, Entry entry) {
    if (entry.seq <= conversation->last_seq()) {
        return;
    }
    if (entry.seq > conversation->last_seq() + 1) {
        followed->keep(std::move(entry));
        fill_soon(followed, conversation);
        return;
    }
    conversations_.add(*conversation, std::move(entry));
    tell_early(followed, conversation, 0);
}

void RedisLog::tell_early(const FollowedPtr& followed, const ConversationPtr& conversation,
                          Seq lost) {
    const auto next = [&] { return followed->take_next(conversation->last_seq(), lost); };
    for (Entry entry = next(); entry.seq > 0; entry = next()) {
        conversations_.add(*conversation, std::move(entry));
    }
}

// Most often the other connection brings what is missing in the same moment.
void RedisLog::fill_soon(const FollowedPtr& followed, const ConversationPtr& conversation) {
    const bool is_first = holes_.empty();
    if (std::ranges::find(holes_, followed, &Hole::followed) == holes_.end()) {
        holes_.push_back({.followed = followed, .missing = conversation->last_seq() + 1});
    }
    if (!is_first) {
        return;
    }
    hole_timer_->expires_after(settings_.patience);
    hole_timer_->async_wait([this, alive = std::weak_ptr(alive_)](boost::system::error_code) {
        if (alive.expired()) {
            return;
        }
        try {
            fill_holes();
        } catch (const std::exception& error) {
            commands_->drop(error.what());
        }
    });
}

void RedisLog::fill_holes() {
    for (const auto& [followed, missing] : std::exchange(holes_, {})) {
        const ConversationPtr conversation = followed->conversation();
        if (!conversation || !followed->waits() || !available_) {
            continue;
        }
        if (conversation->last_seq() >= missing) {
            fill_soon(followed, conversation);  // that one has come; this is for another
        } else {
            fill(followed, conversation);
        }
    }
}

void RedisLog::fill(const FollowedPtr& followed, const ConversationPtr& conversation) {
    if (followed->is_filling || !commands_->is_connected()) {
        return;
    }
    const Range range{.after = conversation->last_seq()};
    commands_->eval(read_it, {followed->head_key(), followed->log_key()},
                    {first_id(range), last_id(range), std::to_string(entries_a_read), "0"},
                    [this, followed](const Reply* reply) { on_filled(followed, reply); });
    followed->is_filling = true;
}

void RedisLog::on_filled(const FollowedPtr& followed, const Reply* reply) {
    followed->is_filling = false;
    const ConversationPtr conversation = followed->conversation();
    if (reply == nullptr || !conversation) {
        return;
    }
    if (reply->is_error()) {
        on_error(reply->text());
        followed->must_check = true;
        return;
    }
    if ((*reply)[0].text() != conversation->epoch()) {
        check(followed);
        return;
    }
    const Reply entries = (*reply)[3];
    for (std::size_t i = 0; i < entries.size(); ++i) {
        Entry entry = entry_in(entries[i]);
        if (entry.seq > conversation->last_seq()) {
            conversations_.add(*conversation, std::move(entry));
        }
    }
    if (entries.size() == entries_a_read) {
        tell_early(followed, conversation, 0);
        followed->answer_up_to(conversation->last_seq());
        fill(followed, conversation);
        return;
    }
    // What the stream hasn't is lost, and not waited for.
    const Seq last = (*reply)[1].number();
    tell_early(followed, conversation, last);
    followed->answer_up_to(std::max(conversation->last_seq(), last));
    if (followed->waits()) {
        fill_soon(followed, conversation);
    }
}

void RedisLog::read(const ConversationPtr& conversation, const Range& range, Read read) {
    const Seq in_memory = conversation->first_in_memory();
    if (range.after + 1 >= in_memory) {
        read(conversation->read(range));
        return;
    }
    if (range.newest) {
        Slice slice = conversation->read(range);
        if (slice.more || in_memory == 1) {
            read(std::move(slice));
            return;
        }
    }
    const auto found = followed_.find(conversation->name());
    if (!available_ || found == followed_.end()) {
        read({.available = false});
        return;
    }
    const FollowedPtr followed = found->second;
    const std::size_t count = std::max<std::size_t>(range.max_entries, 1) + 1;
    commands_->eval(
        read_it, {followed->head_key(), followed->log_key()},
        {first_id(range), last_id(range), std::to_string(count), range.newest ? "1" : "0"},
        [this, followed, conversation, range, read = std::move(read)](const Reply* reply) {
            Slice slice{.available = false};
            if (reply != nullptr && reply->is_error()) {
                on_error(reply->text());
            } else if (reply != nullptr) {
                slice =
                    (*reply)[0].text() == conversation->epoch() ? slice_in(*reply, range) : Slice{};
            }
            followed->answer_behind(0, [slice = std::move(slice), read](bool) { read(slice); });
            followed->answer_up_to(conversation->last_seq());
        });
}

// Another server told the client, or Redis was another one then.
void RedisLog::catch_up(const ConversationPtr& conversation, const std::string& epoch, Seq seq,
                        Opened caught_up) {
    if (epoch == conversation->epoch() && seq <= conversation->last_seq()) {
        caught_up(conversation);
        return;
    }
    const auto found = followed_.find(conversation->name());
    if (!available_ || found == followed_.end()) {
        caught_up(nullptr);
        return;
    }
    const FollowedPtr followed = found->second;
    const std::string proposed = make_epoch();
    ask_where_it_is(followed, proposed,
                    [this, followed, conversation, proposed,
                     caught_up = std::move(caught_up)](const Reply* reply) {
                        const bool is_there = reply != nullptr && !reply->is_error();
                        Seq needed = 0;
                        if (is_there) {
                            const Head head = head_in(*reply);
                            adopt(followed, conversation, head, head.epoch == proposed);
                            needed = head.seq;
                        } else if (reply != nullptr) {
                            on_error(reply->text());
                        }
                        followed->answer_behind(
                            needed, [conversation, caught_up, is_there](bool is_known) {
                                caught_up(is_there && is_known ? conversation : nullptr);
                            });
                        followed->answer_up_to(conversation->last_seq());
                    });
}

}  // namespace chat_log
