// What a member doesn't have yet of the conversations that it's in: positions in the log, not
// copies of messages.
#pragma once

#include "chat/line.hpp"
#include "log/log.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace chat {

struct Missed;

/// Brings a member up to date in conversations in which it's behind, from the log, as fast as its
/// reader drains: a slow reader costs a number, and a burst throws nobody out. Conversations take
/// turns. Once the member has everything, messages come to it directly again.
///
/// If the log no longer has what comes next, the member is told of the gap by a `history` with
/// `"recovered":false`.
class Backlog : public std::enable_shared_from_this<Backlog> {
public:
    /// `log` has to outlive it.
    Backlog(chat_log::Log& log, Line line) : log_(log), line_(std::move(line)) {}
    Backlog(const Backlog&) = delete;
    Backlog& operator=(const Backlog&) = delete;

    /// Whether what is said in that conversation comes to the member from here.
    bool has(const chat_log::Conversation& log) const noexcept;

    /// From now on it does, but only from release() on.
    void hold(const chat_log::ConversationPtr& log);

    /// The member has everything up to that number; the rest follows.
    void release(const chat_log::Conversation& log, chat_log::Seq seq);

    /// The conversation has started over: tells the member, and goes on there.
    void begin_anew(const chat_log::ConversationPtr& log);

    /// The member isn't in that conversation any more.
    void drop(const chat_log::Conversation& log) noexcept;

private:
    struct Behind {
        chat_log::ConversationPtr log;
        chat_log::Seq seq = 0;  ///< up to which the member has everything
        bool held = true;
        bool anew = false;  ///< the member hasn't been told yet that it has started over
    };

    Behind* find(const chat_log::Conversation& log) noexcept;
    Behind* next_in_turn() noexcept;
    void bring_up_to_date();
    void send(const chat_log::ConversationPtr& log, const chat_log::Slice& slice);
    void tell_of_gap(const chat_log::ConversationPtr& log, std::string_view reason);
    void go_on_behind_gap(const chat_log::ConversationPtr& log, const Missed& missed,
                          std::string_view reason);
    template <class Function>
    void guarded(Function function) noexcept;
    void wait_until_drained();

    chat_log::Log& log_;
    Line line_;
    std::vector<Behind> behind_;
    std::size_t turn_ = 0;
    bool busy_ = false;     // bring_up_to_date() is running
    bool reading_ = false;  // the log is asked
    bool waiting_ = false;  // for the reader to drain
};

}  // namespace chat
