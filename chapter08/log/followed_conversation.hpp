// A conversation in Redis that this process follows: what has come of it, and what waits for that.
#pragma once

#include "log/conversation.hpp"
#include "log/entry.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chat_log {

/// Entries come over two connections, of which either may be ahead of the other: as what was said
/// anywhere, and as the receipts of what was said here.
class FollowedConversation {
public:
    using Opened = std::function<void(ConversationPtr)>;
    /// False: it isn't known what became of it, because Redis is away.
    using Answer = std::function<void(bool is_known)>;
    using Clock = std::chrono::steady_clock;

    FollowedConversation(std::string name, std::string_view prefix);
    FollowedConversation(const FollowedConversation&) = delete;
    FollowedConversation& operator=(const FollowedConversation&) = delete;

    const std::string& name() const noexcept { return name_; }
    /// The keys of all have the same part in braces, so that a cluster keeps them together.
    const std::string& head_key() const noexcept { return head_key_; }
    const std::string& log_key() const noexcept { return log_key_; }
    const std::string& channel() const noexcept { return channel_; }
    std::string repeat_key(const Draft& draft) const;

    /// Null: it isn't open yet, or nobody needs it any more.
    ConversationPtr conversation() const noexcept { return conversation_.lock(); }
    void set_conversation(const ConversationPtr& conversation) noexcept {
        conversation_ = conversation;
    }
    /// Whether nobody holds it but the log itself.
    bool is_unheld() const noexcept {
        return conversation_.use_count() <= 1 && openers.empty() && answers_.empty() &&
               !is_checking && !is_filling;
    }

    /// An entry that can't be added yet, since others before it are missing.
    void keep(Entry entry);
    /// The one that is next behind `last`; up to `lost`, where what hasn't come is lost, the next
    /// that there is. No number: there is none.
    Entry take_next(Seq last, Seq lost);
    /// Whether something here can't go on without others.
    bool waits() const noexcept { return !early_.empty() || !answers_.empty(); }
    void forget_early() noexcept { early_.clear(); }

    /// Calls the answer once the entry `needed` has been told, behind all answers before.
    void answer_behind(Seq needed, Answer answer);
    /// Calls the answers that need nothing above `told`.
    void answer_up_to(Seq told);
    void answer_all(bool is_known);

    std::vector<Opened> openers{};
    bool is_current = false;   ///< with this connection it has been asked where the log is
    bool is_checking = false;  ///< it's being asked
    bool is_filling = false;   ///< what is missing is being read
    bool must_check = false;   ///< again, since that has failed
    /// What was pushed last that didn't fit; no epoch: nothing.
    std::string odd_epoch{};
    Seq odd_seq = 0;
    Clock::time_point checked = Clock::now();
    Clock::time_point held = Clock::now();  ///< when somebody held it last

private:
    std::string name_;
    std::string base_key_;
    std::string head_key_;
    std::string log_key_;
    std::string channel_;
    std::weak_ptr<Conversation> conversation_;
    std::map<Seq, Entry> early_;
    std::deque<std::pair<Seq, Answer>> answers_;
};

using FollowedPtr = std::shared_ptr<FollowedConversation>;

}  // namespace chat_log
