// The conversations that a process has in memory, within a bound.
#pragma once

#include "log/conversation.hpp"
#include "log/entry.hpp"

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <unordered_map>

namespace chat_log {

/// Finds conversations by name, and keeps their memory below Retention::max_memory: those that
/// nobody holds are forgotten first, the one that was used least recently before the others; then
/// the oldest messages of the one that grows.
class RecentConversations {
public:
    explicit RecentConversations(const Retention& retention) : retention_(retention) {}
    RecentConversations(const RecentConversations&) = delete;
    RecentConversations& operator=(const RecentConversations&) = delete;

    /// The one of that name, which counts as used now; null if there is none.
    ConversationPtr find(const std::string& name);

    /// Takes it in. There must be none of its name.
    void insert(const ConversationPtr& conversation);

    /// Adds an entry to a conversation that is in here, and forgets what is too much.
    void add(Conversation& conversation, Entry entry);

    /// Starts over one that is in here.
    void restart(Conversation& conversation, std::string epoch, Seq last_seq = 0);

    /// Forgets the one of that name, if there is one.
    void erase(const std::string& name) noexcept;

    /// Whether somebody else holds it.
    bool in_use(std::string_view name) const;

    /// Bytes of memory, about.
    std::size_t cost() const noexcept { return cost_; }
    std::size_t size() const noexcept { return by_name_.size(); }

private:
    using List = std::list<ConversationPtr>;  // the one used least recently comes first

    void forget_unheld() noexcept;

    Retention retention_;
    List by_use_;
    std::unordered_map<std::string_view, List::iterator> by_name_;  // by Conversation::name()
    std::size_t cost_ = 0;
};

}  // namespace chat_log
