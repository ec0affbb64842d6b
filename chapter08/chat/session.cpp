#include "chat/session.hpp"

#include "beastapi/net/client_budget.hpp"
#include "beastapi/security_log.hpp"
#include "chat/names.hpp"

#include <algorithm>
#include <utility>

namespace chat {

using std::chrono::steady_clock;
using std::chrono::system_clock;

namespace {

// Who comes, goes again, and leaving is never refused: so both notices are paid for on entry.
constexpr std::size_t notices = 2;

}  // namespace

Session::Session(Chat& chat, ConnectionManager::Membership member,
                 std::unique_ptr<TokenGrant> grant)
    : chat_(&chat),
      member_(std::move(member)),
      limiter_(chat.settings().message_rate),
      grant_(std::move(grant)) {}

Session::~Session() {
    if (member_) {
        leave();
    }
}

// [announce]
steady_clock::duration Session::announce() {
    const Room& lobby = chat_->manager().lobby();
    if (is_only_connection()) {
        Notices& teller = chat_->notices();
        const std::string notice = chat_->messages().join(member_->username(), lobby.size());
        const auto wait = pay(notice.size(), notices * teller.told_at_once(lobby));
        if (wait > wait.zero()) {
            return wait;
        }
        teller.came(lobby, member_->username(), &*member_);
    }
    announced_ = true;
    chat_->others().tell_entered(*member_, lobby);
    return {};
}

void Session::leave() noexcept {
    while (!member_->rooms.empty()) {
        chat_->leave_room(*member_, *member_->rooms.front());
    }
    chat_->leave(*member_, announced_);
}
// [/announce]

bool Session::is_only_connection() const noexcept {
    return member_->user == nullptr || member_->user->connection_count() == 1;
}

std::string Session::welcome() const {
    const ConnectionManager& manager = chat_->manager();
    if (member_->user == nullptr) {
        return with_positions(chat_->messages().welcome(manager.get_connection_count()));
    }
    return owed(with_positions(chat_->messages().welcome(
        member_->username(), manager.get_connection_count(), manager.lobby().names(max_names))));
}

std::string Session::welcome_with_heartbeat() const {
    const ConnectionManager& manager = chat_->manager();
    const std::chrono::duration<double> interval = chat_->settings().heartbeat_interval;
    return owed(with_positions(chat_->messages().welcome_with_heartbeat(
        member_->username(), manager.get_connection_count(), manager.lobby().names(max_names),
        interval.count())));
}

std::string Session::with_positions(std::string welcome) const {
    welcome = Messages::with_position(std::move(welcome), *chat_->manager().lobby().log());
    if (const auto session = member_->line.session()) {
        welcome = Messages::with_session(std::move(welcome), *session);
    }
    const User* const user = member_->user;
    return user != nullptr && user->inbox.get()
               ? Messages::with_inbox(std::move(welcome), *user->inbox.get())
               : welcome;
}

steady_clock::duration Session::idle_time() const {
    return steady_clock::now() - member_->last_activity;
}

// [rate_limit]
// Answers a frame, unless the client sends more of them than it may.
Reply Session::answer(std::string_view frame) {
    const auto now = steady_clock::now();
    member_->last_activity = now;
    switch (limiter_.check(now)) {
        case RateLimiter::Verdict::pass:
            return handle_frame(frame);
        case RateLimiter::Verdict::refuse:
            chat_->refusals().count("rate_limited");
            return Messages::about(
                chat_->messages().rate_limited(
                    std::chrono::ceil<std::chrono::milliseconds>(limiter_.retry_after(now))),
                parse_client_message(frame).message.value_or(ClientMessage()));
        case RateLimiter::Verdict::close:
            chat_->refusals().count("rate_limit_exceeded");
            beastapi::log_security_event({.event = "rate_limit_exceeded",
                                          .client = member_->line.client(),
                                          .user = member_->username()});
            member_->line.post_close(beastapi::close_code::policy_violation, "Rate limit exceeded");
    }
    return std::nullopt;
}
// [/rate_limit]

// [handle_frame]
// Does what one frame asks for. What comes back is sent to the client.
Reply Session::handle_frame(std::string_view frame) {
    Parsed parsed = parse_client_message(frame);
    if (!parsed.message) {
        return refuse(parsed.error);
    }
    ClientMessage& message = *parsed.message;
    switch (message.type) {
        case ClientMessage::Type::message:
            return handle_message(message);
        case ClientMessage::Type::join:
        case ClientMessage::Type::history:
            request_ = std::make_unique<ClientMessage>(std::move(message));
            return std::nullopt;
        case ClientMessage::Type::leave:
            return leave_room(*message.room);
        case ClientMessage::Type::who:
            return who(message);
        case ClientMessage::Type::typing:
            return typing(message);
        case ClientMessage::Type::heartbeat:
            return chat_->messages().heartbeat_ack();
        case ClientMessage::Type::refresh:
            return refresh(message.token);
        case ClientMessage::Type::pong:
            return std::nullopt;
    }
    return std::nullopt;
}
// [/handle_frame]

Reply Session::handle_message(ClientMessage& message) {
    const std::size_t limit = chat_->settings().max_text_length;
    if (limit > 0 && message.message.size() > limit && count_code_points(message.message) > limit) {
        chat_->refusals().count(to_string(ErrorCode::text_too_long));
        return Messages::about(chat_->messages().text_too_long(limit), message);
    }
    Speaker speaker = speaker_of(message);
    Reply refusal = speaker.refusal ? std::move(speaker.refusal) : deliver(message, speaker.name);
    return refusal ? Messages::about(std::move(*refusal), message) : std::move(refusal);
}

// [charge]
steady_clock::duration Session::pay(std::size_t size, std::size_t connections) const {
    const auto& budget = member_->line.budget();
    return budget == nullptr
               ? steady_clock::duration::zero()
               : budget->take_out(beastapi::ClientBudget::cost_out(size, connections));
}

Reply Session::charge(std::size_t size, std::size_t connections) const {
    const auto wait = pay(size, connections);
    if (wait == wait.zero()) {
        return std::nullopt;
    }
    chat_->refusals().count("bytes_out");
    return chat_->messages().rate_limited(std::chrono::ceil<std::chrono::milliseconds>(wait));
}
// [/charge]

// Of an answer that grows with the number of members.
std::string Session::charged(std::string answer) const {
    auto refusal = charge(answer.size(), 1);
    return refusal ? std::move(*refusal) : std::move(answer);
}

// The same for one that cannot be refused any more: what the client asks for next waits for it.
std::string Session::owed(std::string answer) const {
    if (const auto& budget = member_->line.budget()) {
        budget->owe_out(beastapi::ClientBudget::cost_out(answer.size(), 1));
    }
    return answer;
}

Session::Speaker Session::speaker_of(const ClientMessage& message) const {
    if (member_->user != nullptr) {
        return {member_->user->name, std::nullopt};
    }
    if (!message.username) {
        return {std::string(anonymous), std::nullopt};
    }
    if (chat_->authenticator().requires_tokens()) {
        return {"", refuse(ErrorCode::unauthorized)};
    }
    auto name = normalize_name(*message.username);
    if (!name) {
        return {"", refuse(ErrorCode::invalid_format)};
    }
    if (chat_->manager().is_connected(*name)) {
        return {"", refuse(ErrorCode::name_taken, *name)};
    }
    return {std::move(*name), std::nullopt};
}

// [rooms]
Reply Session::charge_notices(const std::string& room) const {
    const auto& rooms = chat_->manager().rooms();
    const auto known = rooms.find(name_key(room));
    constexpr std::size_t notice = 128;  // bytes, without the names
    return known == rooms.end() ? std::nullopt
                                : charge(notice + room.size() + member_->username().size(),
                                         notices * chat_->notices().told_at_once(*known->second));
}

std::string Session::leave_room(std::string_view room) {
    Room* const joined = find_joined_room(room);
    if (joined == nullptr) {
        return refuse(ErrorCode::not_in_room, room);
    }
    std::string answer = chat_->messages().left(joined->name());
    chat_->leave_room(*member_, *joined);
    return answer;
}

// [/rooms]

std::string Session::describe(const Room& room) const {
    return owed(Messages::with_position(
        chat_->messages().joined(room.name(), names_in(room), room.size()), *room.log()));
}

std::string Session::who(const ClientMessage& message) const {
    const Room* const room = audience(message.room);
    if (room == nullptr) {
        return refuse(ErrorCode::not_in_room, *message.room);
    }
    const NamePage page = names_in(*room, message.after);
    if (!message.room) {
        return charged(chat_->messages().users(page, room->size()));
    }
    return charged(chat_->messages().users_of_room(room->name(), page, room->size()));
}

Reply Session::typing(const ClientMessage& message) {
    const Room* const room = audience(message.room);
    if (room == nullptr) {
        return refuse(ErrorCode::not_in_room, *message.room);
    }
    Speaker speaker = speaker_of(message);
    if (!speaker.refusal) {
        const std::string signal = chat_->messages().typing(speaker.name, room->name());
        if (auto refusal = charge(signal.size(), room->size())) {
            return refusal;
        }
        chat_->manager().broadcast_volatile(signal, *room, &*member_);
        chat_->others().tell_signal(*room, signal);
    }
    return std::move(speaker.refusal);
}

// [refresh]
std::string Session::refresh(std::string_view token) {
    const auto claims =
        grant_ == nullptr ? std::nullopt : chat_->authenticator().renew(token, grant_->user);
    if (!claims) {
        return refuse(ErrorCode::invalid_token);
    }
    const auto now = system_clock::now();
    grant_->expiry.expire_after(claims->valid_until - now);
    // Within the leeway it has expired by our clock, but is still valid.
    return chat_->messages().refreshed(
        std::max(std::chrono::floor<std::chrono::seconds>(claims->expires_at - now),
                 std::chrono::seconds(0)));
}
// [/refresh]

std::string Session::refuse(ErrorCode code, std::string_view subject) const {
    constexpr std::size_t max_name = 128;  // bytes of 32 code points
    chat_->refusals().count(to_string(code));
    return chat_->messages().error(code, subject.size() > max_name ? "" : subject);
}

bool Session::may_see_users() const {
    return !chat_->authenticator().requires_tokens() || grant_ != nullptr;
}

NamePage Session::names_in(const Room& room, std::uint64_t after) const {
    return may_see_users() ? room.names(max_names, after) : NamePage();
}

const Room* Session::audience(const std::optional<std::string>& room) const {
    return room ? find_joined_room(*room) : &chat_->manager().lobby();
}

Room* Session::find_joined_room(std::string_view name) const {
    const auto find = [this](std::string_view key) -> Room* {
        const auto found = std::ranges::find(member_->rooms, key, &Room::key);
        return found == member_->rooms.end() ? nullptr : *found;
    };
    // Most names are their own key, and a comparison costs less than making one.
    if (Room* const room = find(name)) {
        return room;
    }
    const auto normalized = normalize_name(name);
    return normalized ? find(name_key(*normalized)) : nullptr;
}

}  // namespace chat
