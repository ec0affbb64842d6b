// What a session asks of the log: what its member has missed, what was said before, and what has
// become of its messages.
#include "chat/backlog.hpp"
#include "chat/history_frame.hpp"
#include "chat/log_operations.hpp"
#include "chat/missed.hpp"
#include "chat/names.hpp"
#include "chat/position.hpp"
#include "chat/sending.hpp"
#include "chat/session.hpp"

#include <algorithm>
#include <source_location>

namespace chat {

using beastapi::awaitable;
using chat_log::Conversation;
using chat_log::Receipt;
using chat_log::Seq;
using chat_log::Slice;

namespace {

std::optional<std::string> copy(const std::optional<std::string_view>& text) {
    return text ? std::optional<std::string>(*text) : std::nullopt;
}

}  // namespace

// [deliver]
// Stores what the member says, and sends it to a room, or to everyone. If that may not be, the
// answer says why.
Reply Session::deliver(ClientMessage& message, const std::string& sender) {
    if (message.target_user) {
        return deliver_privately(message, sender);
    }
    const Room* const room = audience(message.room);
    if (room == nullptr) {
        return refuse(ErrorCode::not_in_room, *message.room);
    }
    std::string payload = chat_->messages().message(sender, message, room->name());
    Acknowledge acknowledge;
    if (!message.id.empty()) {
        acknowledge = [&messages = chat_->messages(), id = message.id,
                       name = room->name()](const chat_log::Receipt& receipt) {
            return messages.ack(id, name, receipt);
        };
    }
    return store(room->log(), room->size(), message.id, std::move(payload), std::move(acknowledge));
}

// The same for a private message.
Reply Session::deliver_privately(ClientMessage& message, const std::string& sender) {
    if (!may_see_users()) {
        return refuse(ErrorCode::unauthorized);
    }
    const User* const target = chat_->manager().find_user(*message.target_user);
    if (target == nullptr) {
        return refuse(ErrorCode::user_offline, *message.target_user);
    }
    if (target->connections.empty()) {
        request_ = std::make_unique<ClientMessage>(std::move(message));
        return std::nullopt;
    }
    if (!target->inbox.get()) {
        return refuse(ErrorCode::unavailable);
    }
    return store_private(target->inbox.get(), target->connection_count(), message, sender);
}

Reply Session::store_private(const ConversationPtr& inbox, std::size_t connections,
                             ClientMessage& message, const std::string& sender) {
    std::string payload = chat_->messages().private_message(sender, message);
    std::string id = message.id;
    message.message.clear();
    const auto acknowledge = [&messages = chat_->messages(),
                              message](const chat_log::Receipt& receipt) {
        return messages.confirmation(*message.target_user, message, receipt);
    };
    return store(inbox, connections, std::move(id), std::move(payload), acknowledge);
}
// [/deliver]

// [store]
Reply Session::store(const ConversationPtr& log, std::size_t connections, std::string id,
                     std::string payload, Acknowledge acknowledge) {
    if (auto refusal = charge(payload.size(), connections)) {
        return refusal;
    }
    chat_->manager().reserve_frame(payload.size());
    if (!sending_) {
        sending_ = std::make_shared<Sending>(member_->line, chat_->messages(),
                                             chat_->manager().activity());
    }
    const std::string author = member_->user == nullptr ? std::string() : member_->user->key;
    const Sending::Times times{member_->line.received_at(), member_->last_activity};
    ++sending_->on_their_way;
    sending_->asking = true;
    chat_->log().append(log, {.author = author, .id = id, .payload = std::move(payload)},
                        [weak = std::weak_ptr(sending_), id, times,
                         acknowledge = std::move(acknowledge)](const chat_log::Receipt& receipt) {
                            if (const auto sending = weak.lock()) {
                                sending->finish(receipt, id, acknowledge, times);
                            }
                        });
    sending_->asking = false;
    return std::nullopt;
}
// [/store]

void Session::Sending::finish(const Receipt& receipt, const std::string& id,
                              const Acknowledge& acknowledge, const Times& times) noexcept {
    --on_their_way;
    count(receipt, times);
    try {
        if (receipt.result == Receipt::Result::unavailable) {
            line.post_text(Messages::about(messages.error(ErrorCode::unavailable), id));
        } else if (acknowledge) {
            line.post_text(acknowledge(receipt));
        }
        if (fewer) {
            fewer->set(true);
        }
    } catch (const std::exception&) {
        end_for_want_of_memory(line);
    }
}

// Where the log has answered at once, as one in memory does, the clock need not be read.
void Session::Sending::count(const Receipt& receipt, const Times& times) const noexcept {
    const auto took = asking ? std::chrono::steady_clock::duration::zero()
                             : std::chrono::steady_clock::now() - times.asked;
    activity.append.observe(took);
    if (receipt.result == Receipt::Result::stored) {
        line.note_delivery(times.received);
    } else if (receipt.result == Receipt::Result::duplicate) {
        ++activity.duplicates;
    }
}

// [enter]
void Session::hold_back_missed() {
    const Line& line = member_->line;
    const auto hold_back = [&](std::string_view parameter, const ConversationPtr& log) {
        const auto since = line.query_param(parameter);
        if (log && since && parse_position(*since)) {
            chat_->manager().hold_back(*member_, log);
        }
    };
    const ConversationPtr& lobby = chat_->manager().lobby().log();
    hold_back("since", lobby);
    if (!member_->backlog) {
        line.mark_next(mark_of(*lobby, lobby->last_seq()));
    }
    note_arrival(*lobby);
    if (member_->user != nullptr) {
        hold_back("inbox", member_->user->inbox.get());
    }
}

awaitable<void> Session::enter() {
    const Line line = member_->line;
    if (const auto since = line.query_param("since")) {
        co_await send_missed(chat_->manager().lobby().log(), std::string(*since));
    }
    const auto inbox = line.query_param("inbox");
    if (inbox && member_->user != nullptr && member_->user->inbox.get()) {
        co_await send_missed(member_->user->inbox.get(), std::string(*inbox));
    }
    if (const auto room = line.query_param("room")) {
        co_await join_room(std::string(*room), copy(line.query_param("room_since")));
    }
}
// [/enter]

bool Session::is_waiting() const noexcept {
    return request_ || (sending_ && sending_->on_their_way >= max_on_their_way);
}

awaitable<void> Session::ready() {
    if (const auto request = std::move(request_)) {
        if (request->type == ClientMessage::Type::join) {
            co_await join_room(std::move(*request->room), std::move(request->since));
        } else if (request->type == ClientMessage::Type::history) {
            co_await send_history(std::move(*request));
        } else {
            co_await deliver_elsewhere(std::move(*request));
        }
    }
    while (sending_ && sending_->on_their_way >= max_on_their_way) {
        const auto fewer = std::make_shared<Late<bool>>();
        sending_->fewer = fewer;
        const beastapi::inspect::Where here("the log", std::source_location::current());
        co_await Late<bool>::get(fewer, here);
        sending_->fewer.reset();
    }
}

awaitable<void> Session::deliver_elsewhere(ClientMessage message) {
    const Line line = member_->line;
    const std::string about = message.id;
    Speaker speaker = speaker_of(message);
    const User* const target = chat_->manager().find_user(*message.target_user);
    Reply refusal = std::move(speaker.refusal);
    if (!refusal && target == nullptr) {
        refusal = refuse(ErrorCode::user_offline, *message.target_user);
    }
    if (!refusal) {
        const std::size_t connections = target->connection_count();
        const std::string key = std::string(inbox_log) + target->key;
        const ConversationPtr inbox = co_await open_log(chat_->log(), key);
        refusal = inbox ? store_private(inbox, connections, message, speaker.name)
                        : refuse(ErrorCode::unavailable);
    }
    if (refusal) {
        co_await line.send_text(Messages::about(std::move(*refusal), about));
    }
}

// [join_room]
awaitable<void> Session::join_room(std::string room, std::optional<std::string> since) {
    const Line line = member_->line;
    const auto name = normalize_name(room);
    if (!name) {
        co_await line.send_text(refuse(ErrorCode::invalid_room, room));
        co_return;
    }
    if (since && !parse_position(*since)) {
        co_await line.send_text(refuse(ErrorCode::invalid_since));
        co_return;
    }
    const Room* joined = find_joined_room(*name);
    if (joined == nullptr) {
        Reply refusal = member_->rooms.size() >= max_rooms ? refuse(ErrorCode::too_many_rooms, room)
                                                           : charge_notices(*name);
        ConversationPtr log;
        if (!refusal) {
            const std::string key = std::string(room_log) + name_key(*name);
            log = co_await open_log(chat_->log(), key);
        }
        if (log && since) {
            const auto position = parse_position(*since);
            log = co_await catch_up(chat_->log(), log, *position);
        }
        if (!refusal && !log) {
            refusal = refuse(ErrorCode::unavailable);
        }
        if (refusal) {
            co_await line.send_text(std::move(*refusal));
            co_return;
        }
        joined = &enter_room(*name, log);
    }
    if (since) {
        chat_->manager().hold_back(*member_, joined->log());
    }
    const ConversationPtr log = joined->log();
    co_await line.send_text(describe(*joined));
    if (since) {
        co_await send_missed(log, std::move(*since));
    }
}
// [/join_room]

const Room& Session::enter_room(const std::string& name, const ConversationPtr& log) {
    const auto& [room, came] = chat_->manager().join_room(*member_, name, log);
    note_arrival(*log);
    if (came) {
        chat_->notices().came(room, member_->username(), &*member_);
    }
    chat_->others().tell_entered(*member_, room);
    return room;
}

// [send_missed]
// Of a conversation whose messages wait for that.
awaitable<void> Session::send_missed(ConversationPtr log, std::string since) {
    const Line line = member_->line;
    Missed missed = co_await read_since(log, std::move(since));
    Seq has = missed.seq;
    Mark mark;
    if (line.session() && missed.whole_up_to) {
        // Last-Event-ID covers all that came before it, so the rest follows by itself.
        has = *missed.whole_up_to;
        mark = mark_of(*log, has);
    }
    std::string frame = owed(std::move(missed.frame));
    co_await line.send_text(std::move(frame), mark);
    if (member_->backlog) {
        member_->backlog->release(*log, has);
    }
}

// What comes behind `since`, or the error.
awaitable<Missed> Session::read_since(ConversationPtr log, std::string since) {
    Missed missed;
    Activity& activity = chat_->manager().activity();
    const auto position = parse_position(since);
    if (!position) {
        missed.frame = refuse(ErrorCode::invalid_since);
        co_return missed;
    }
    if (position->seq < last_hidden(*log)) {
        missed.seq = log->last_seq();
        const HistoryFrame gap{.seq = missed.seq, .recovered = false, .reason = "look_back"};
        missed.frame = write_history(gap, *log, Slice());
        ++activity.replays_gap;
        co_return missed;
    }
    auto reading = answer_of<Missed>(
        [&](auto done) { read_missed(chat_->log(), log, *position, std::move(done)); });
    missed = co_await std::move(reading);
    if (missed.frame.empty()) {
        // The client sees by the next number what it lacks, and asks for it again.
        missed.seq = log->last_seq();
        missed.frame = refuse(ErrorCode::unavailable);
    } else {
        ++(missed.whole ? activity.replays_whole : activity.replays_gap);
    }
    co_return missed;
}
// [/send_missed]

// [send_history]
awaitable<void> Session::send_history(ClientMessage request) {
    const Line line = member_->line;
    const ConversationPtr log = log_of(request);
    std::string answer;
    if (!log) {
        answer = refuse(ErrorCode::not_in_room, request.room.value_or(""));
    } else if (request.since) {
        const Missed missed = co_await read_since(log, std::move(*request.since));
        answer = charged(missed.frame);
    } else {
        const chat_log::Range range{.after = last_hidden(*log),
                                    .before = request.before.value_or(chat_log::Range::no_end),
                                    .max_entries = static_cast<std::size_t>(request.limit),
                                    .newest = true};
        const Slice slice = co_await read_log(chat_->log(), log, range);
        const HistoryFrame frame{
            .seq = log->last_seq(), .more = slice.more, .before = request.before};
        if (slice.available) {
            answer = charged(write_history(frame, *log, slice));
            ++chat_->manager().activity().pages;
        } else {
            answer = refuse(ErrorCode::unavailable);
        }
    }
    co_await line.send_text(std::move(answer));
}
// [/send_history]

// Null if the member isn't in it.
ConversationPtr Session::log_of(const ClientMessage& request) const {
    if (request.inbox) {
        return member_->user == nullptr ? nullptr : member_->user->inbox.get();
    }
    const Room* const room = audience(request.room);
    return room == nullptr ? nullptr : room->log();
}

// Messages up to that number may not be read by this member.
Seq Session::last_hidden(const Conversation& log) const {
    if (!arrivals_) {
        return 0;
    }
    const auto arrival = arrivals_->find(log.name());
    return arrival == arrivals_->end() ? 0 : arrival->second;
}

void Session::note_arrival(const Conversation& log) {
    if (!chat_->settings().look_back) {
        if (!arrivals_) {
            arrivals_ = std::make_unique<std::map<std::string, Seq>>();
        }
        (*arrivals_)[log.name()] = log.last_seq();
    }
}

}  // namespace chat
