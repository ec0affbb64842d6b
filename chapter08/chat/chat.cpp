#include "chat/chat.hpp"

#include "beastapi/net/client_budget.hpp"
#include "beastapi/security_log.hpp"
#include "chat/history_frame.hpp"
#include "chat/log_operations.hpp"
#include "chat/names.hpp"
#include "chat/session.hpp"

#include <boost/asio/this_coro.hpp>
#include <spdlog/spdlog.h>

#include <chrono>
#include <exception>
#include <memory>
#include <string>
#include <utility>

namespace chat {

using beastapi::awaitable;
using std::chrono::system_clock;

namespace {

/// Closes a connection whose handshake is done, so that a browser can read why.
awaitable<void> refuse(Line line, std::string reason,
                       std::uint16_t code = beastapi::close_code::policy_violation) {
    co_await line.close(code, reason);
    throw beastapi::WebSocketDisconnect(code, reason);
}

void end_by_expiry(const Line& line, const std::string& user, Chat& chat) {
    if (line.connected()) {
        chat.refusals().count(to_string(ErrorCode::token_expired));
        beastapi::log_security_event(
            {.event = "token_expired", .client = line.client(), .user = user});
        line.post_text(chat.messages().error(ErrorCode::token_expired));
        line.post_close(beastapi::close_code::policy_violation, "Unauthorized");
    }
}

/// Nothing if there's no memory for it.
std::optional<std::string> copy_name(const Member& member) noexcept {
    try {
        return std::string(member.username());
    } catch (const std::exception& error) {
        spdlog::error("a leave notice could not be sent: {}", error.what());
        return std::nullopt;
    }
}

std::optional<Position> position_in(const Line& line, std::string_view parameter) {
    const auto text = line.query_param(parameter);
    return text ? parse_position(*text) : std::nullopt;
}

}  // namespace

Chat::Chat(ChatSettings settings) : Chat(settings, std::move(make_meetings(settings, 1).front())) {}

Chat::Chat(ChatSettings settings, Meeting meeting)
    : settings_(std::move(settings)),
      messages_(settings_.locale),
      authenticator_(settings_, refusals_),
      log_(std::move(meeting.log)),
      others_(std::move(meeting.hub), manager_, notices_, inboxes_),
      sessions_(std::move(meeting.sessions)),
      event_lines_(std::move(meeting.event_lines)),
      neighbours_(std::move(meeting.neighbours)) {}

void Chat::start(const boost::asio::any_io_executor& executor) {
    log_->start(executor);
    notices_.start(executor);
    others_.start(executor);
    if (neighbours_) {
        neighbours_->add(executor, manager_);
    }
}

void Chat::stop() noexcept {
    if (neighbours_) {
        neighbours_->remove(manager_);
    }
    others_.stop();
    notices_.stop();
    log_->stop();
}

awaitable<bool> Chat::is_ready() {
    return open_lobby({});
}

// [connect]
awaitable<Session> Chat::connect(Line line, std::optional<std::string> username) {
    co_await line.accept();
    auto name = normalize_name(username.value_or(""));
    if (username && (!name || name_key(*name) == name_key(anonymous))) {
        co_await refuse(line, "Invalid username");
    }
    std::unique_ptr<TokenGrant> granted;
    if (name ? authenticator_.requires_tokens() : authenticator_.requires_token_of_all()) {
        const auto claims = authenticator_.authenticate(line.request(), name);
        if (!claims) {
            co_await refuse(line, "Unauthorized");
        }
        if (const auto& budget = line.budget()) {
            // A user with a token is a client of their own, no matter where they connect from.
            line.charge_to(budget->of_user(name_key(claims->name)));
        }
        if (name) {
            name = claims->name;
        }
        const auto executor = co_await boost::asio::this_coro::executor;
        granted = grant(line, executor, *claims);
        if (!granted) {
            co_await refuse(line, "Too many sessions");
        }
    }
    const bool is_open = co_await open_lobby(position_in(line, "since"));
    ConversationPtr inbox;
    if (name && is_open) {
        inbox = co_await open_inbox(line, *name);
    }
    // What comes into an inbox that isn't open here may be stored by another server.
    if (!is_open || (name && !inbox && settings_.redis)) {
        refusals_.count(to_string(ErrorCode::unavailable));
        co_await refuse(line, "Messages are unavailable", beastapi::close_code::try_again_later);
    }
    Session session(*this, manager_.connect(line, name.value_or(""), inbox), std::move(granted));
    session.hold_back_missed();
    const auto wait = session.announce();
    if (wait > wait.zero()) {
        refusals_.count("bytes_out");
        co_await refuse(line, "Too much traffic", beastapi::close_code::try_again_later);
    }
    co_return session;
}
// [/connect]

awaitable<std::string> Chat::status(bool named, std::size_t page,
                                    const beastapi::Refusals& server) {
    if (!neighbours_) {
        co_return directory_.status(named, page, server);
    }
    co_return co_await directory_.status(named, page, server, *neighbours_);
}

// [leave]
void Chat::leave(Member& member, bool announced) noexcept {
    auto place = announced ? others_.place_of(member, manager_.lobby()) : std::nullopt;
    const bool is_last = member.user == nullptr || member.user->connection_count() == 1;
    if (member.user != nullptr && is_last) {
        inboxes_.leave(member.user->key);
    }
    const auto name = copy_name(member);
    manager_.disconnect(member);
    if (announced && is_last && name) {
        notices_.left(manager_.lobby(), *name);
    }
    others_.tell_left(std::move(place));
}

void Chat::leave_room(Member& member, Room& room) noexcept {
    auto place = others_.place_of(member, room);
    if (manager_.leave_room(member, room)) {
        notices_.left(room, member.username());
    }
    others_.tell_left(std::move(place));
}
// [/leave]

// False if the log can't be read now, or not up to what the client knows.
awaitable<bool> Chat::open_lobby(std::optional<Position> position) {
    const std::string name(lobby_log);
    ConversationPtr log = manager_.lobby().log();
    if (!log) {
        log = co_await open_log(*log_, name);
    }
    if (log && !manager_.lobby().log()) {
        manager_.follow_lobby(log);
    }
    if (log && position) {
        log = co_await catch_up(*log_, log, *position);
    }
    co_return log != nullptr;
}

awaitable<ConversationPtr> Chat::open_inbox(const Line& line, const std::string& username) {
    const auto is_owner = [this, username] {
        return authenticator_.requires_tokens() || manager_.is_connected(username);
    };
    return inboxes_.open(name_key(username), position_in(line, "inbox"), is_owner);
}

std::unique_ptr<TokenGrant> Chat::grant(const Line& line,
                                        const boost::asio::any_io_executor& executor,
                                        const TokenClaims& claims) {
    auto slot = sessions_->acquire(name_key(claims.name));
    if (!slot) {
        refusals_.count("user_full");
        const std::string limit = std::to_string(settings_.max_sessions_per_user);
        beastapi::log_security_event({.event = "too_many_sessions",
                                      .client = line.client(),
                                      .user = claims.name,
                                      .reason = limit});
        return nullptr;
    }
    const auto expired = [this, line, user = claims.name] { end_by_expiry(line, user, *this); };
    std::unique_ptr<TokenGrant> granted(
        new TokenGrant{claims.name, std::move(slot), TokenExpiry(executor, expired)});
    granted->expiry.expire_after(claims.valid_until - system_clock::now());
    return granted;
}

}  // namespace chat
