#include "log/followed_conversation.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace chat_log {

namespace {

/// What is above is read from the stream when its turn comes.
constexpr std::size_t max_early = 1'000;

}  // namespace

FollowedConversation::FollowedConversation(std::string name, std::string_view prefix)
    : name_(std::move(name)),
      base_key_(fmt::format("{}:{{{}}}", prefix, name_)),
      head_key_(base_key_ + ":head"),
      log_key_(base_key_ + ":log"),
      channel_(base_key_ + ":live") {}

// An id has no space, so that this is the key of no other author and id.
std::string FollowedConversation::repeat_key(const Draft& draft) const {
    return fmt::format("{}:id:{} {}", base_key_, draft.author, draft.id);
}

void FollowedConversation::keep(Entry entry) {
    if (early_.size() < max_early) {
        const Seq seq = entry.seq;
        early_.try_emplace(seq, std::move(entry));
    }
}

Entry FollowedConversation::take_next(Seq last, Seq lost) {
    early_.erase(early_.begin(), early_.upper_bound(last));
    if (early_.empty() || early_.begin()->first > std::max(last + 1, lost)) {
        return {};
    }
    Entry entry = std::move(early_.begin()->second);
    early_.erase(early_.begin());
    return entry;
}

void FollowedConversation::answer_behind(Seq needed, Answer answer) {
    answers_.emplace_back(needed, std::move(answer));
}

void FollowedConversation::answer_up_to(Seq told) {
    while (!answers_.empty() && answers_.front().first <= told) {
        const Answer answer = std::move(answers_.front().second);
        answers_.pop_front();
        answer(true);
    }
}

void FollowedConversation::answer_all(bool is_known) {
    while (!answers_.empty()) {
        const Answer answer = std::move(answers_.front().second);
        answers_.pop_front();
        answer(is_known);
    }
}

}  // namespace chat_log
