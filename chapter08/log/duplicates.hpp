// Which messages were stored lately, by the ids that their authors gave them.
#pragma once

#include "log/entry.hpp"

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <unordered_map>

namespace chat_log {

/// Remembers the receipt of each message for Retention::dedup_window, and of each author at most
/// Retention::dedup_entries.
class Duplicates {
public:
    explicit Duplicates(const Retention& retention) : retention_(retention) {}

    /// The receipt of the message that was stored under that id; null if none is known.
    const Receipt* find(const Draft& draft, Time now) const;

    /// Remembers a message that has an id which find() doesn't know. Throws std::bad_alloc, and
    /// then remembers nothing.
    void add(const Draft& draft, Receipt receipt);

    /// Takes back what the last add() has remembered: the message couldn't be stored after all.
    void undo_add(const Draft& draft) noexcept;

    /// How many are remembered.
    std::size_t size() const noexcept;

private:
    struct Author {
        std::unordered_map<std::string, Receipt> receipts{};
        std::deque<const std::string*> by_age{};  // the keys of `receipts`
    };

    void forget_old(Author& author, Time now, std::size_t more) const;
    void visit_next_author(Time now);

    Retention retention_;
    std::map<std::string, Author> authors_;
    std::string visited_;  // the author that was looked through last
};

}  // namespace chat_log
