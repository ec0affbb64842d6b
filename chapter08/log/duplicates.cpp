#include "log/duplicates.hpp"

#include <utility>

namespace chat_log {

const Receipt* Duplicates::find(const Draft& draft, Time now) const {
    const auto author = authors_.find(draft.author);
    if (author == authors_.end()) {
        return nullptr;
    }
    const auto found = author->second.receipts.find(draft.id);
    const bool is_known = found != author->second.receipts.end() &&
                          now - found->second.stored < retention_.dedup_window;
    return is_known ? &found->second : nullptr;
}

void Duplicates::add(const Draft& draft, Receipt receipt) {
    const Time now = receipt.stored;
    visit_next_author(now);
    Author& author = authors_[draft.author];
    forget_old(author, now, 1);
    author.by_age.push_back(nullptr);
    try {
        const auto added = author.receipts.emplace(draft.id, std::move(receipt)).first;
        author.by_age.back() = &added->first;
    } catch (...) {
        author.by_age.pop_back();
        throw;
    }
}

void Duplicates::undo_add(const Draft& draft) noexcept {
    Author& author = authors_.find(draft.author)->second;
    author.by_age.pop_back();
    author.receipts.erase(author.receipts.find(draft.id));
}

// Those that are too old, and those that would be too many with `more`.
void Duplicates::forget_old(Author& author, Time now, std::size_t more) const {
    const auto is_too_much = [&] {
        const auto oldest = author.receipts.find(*author.by_age.front());
        return now - oldest->second.stored >= retention_.dedup_window ||
               (retention_.dedup_entries > 0 &&
                author.by_age.size() + more > retention_.dedup_entries);
    };
    while (!author.by_age.empty() && is_too_much()) {
        author.receipts.erase(author.receipts.find(*author.by_age.front()));
        author.by_age.pop_front();
    }
}

// One author each time, in turn: those who say nothing any more are forgotten as well.
void Duplicates::visit_next_author(Time now) {
    auto next = authors_.upper_bound(visited_);
    if (next == authors_.end()) {
        next = authors_.begin();
    }
    if (next == authors_.end()) {
        return;
    }
    visited_ = next->first;
    forget_old(next->second, now, 0);
    if (next->second.by_age.empty()) {
        authors_.erase(next);
    }
}

std::size_t Duplicates::size() const noexcept {
    std::size_t count = 0;
    for (const auto& [name, author] : authors_) {
        count += author.by_age.size();
    }
    return count;
}

}  // namespace chat_log
