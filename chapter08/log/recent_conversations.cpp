#include "log/recent_conversations.hpp"

#include "log/faults.hpp"

#include <iterator>
#include <utility>

namespace chat_log {

ConversationPtr RecentConversations::find(const std::string& name) {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) {
        return nullptr;
    }
    by_use_.splice(by_use_.end(), by_use_, found->second);
    return *found->second;
}

void RecentConversations::insert(const ConversationPtr& conversation) {
    by_use_.push_back(conversation);
    try {
        by_name_.emplace(conversation->name(), std::prev(by_use_.end()));
    } catch (...) {
        by_use_.pop_back();
        throw;
    }
    cost_ += conversation->cost();
    forget_unheld();
}

void RecentConversations::add(Conversation& conversation, Entry entry) {
    const std::size_t before = conversation.cost();
    conversation.add(std::move(entry));
    const std::size_t too_few = fault(Fault::trimmed_too_much) ? 1 : 0;
    if (retention_.max_messages > 0 &&
        conversation.recent().size() > retention_.max_messages - too_few) {
        conversation.forget_oldest();
    }
    cost_ += conversation.cost() - before;
    forget_unheld();
    while (cost_ > retention_.max_memory && conversation.recent().size() > 1) {
        const std::size_t cost = conversation.cost();
        conversation.forget_oldest();
        cost_ -= cost - conversation.cost();
    }
}

void RecentConversations::restart(Conversation& conversation, std::string epoch, Seq last_seq) {
    cost_ -= conversation.cost();
    conversation.begin(std::move(epoch), last_seq);
    cost_ += conversation.cost();
}

void RecentConversations::erase(const std::string& name) noexcept {
    const auto found = by_name_.find(name);
    if (found == by_name_.end()) {
        return;
    }
    const auto erased = found->second;
    cost_ -= (*erased)->cost();
    by_name_.erase(found);
    by_use_.erase(erased);
}

bool RecentConversations::in_use(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found != by_name_.end() && found->second->use_count() > 1;
}

// Looks at a few only, so that it costs the same where all are held: the next call goes on.
void RecentConversations::forget_unheld() noexcept {
    constexpr int most = 8;
    for (int looked_at = 0; looked_at < most && cost_ > retention_.max_memory; ++looked_at) {
        if (by_use_.empty()) {
            return;
        }
        const auto oldest = by_use_.begin();
        if (oldest->use_count() > 1) {
            by_use_.splice(by_use_.end(), by_use_, oldest);
            continue;
        }
        cost_ -= (*oldest)->cost();
        by_name_.erase((*oldest)->name());
        by_use_.erase(oldest);
    }
}

}  // namespace chat_log
