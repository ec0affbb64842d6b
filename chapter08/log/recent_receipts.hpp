// Which message ids a database knows, in memory: without it, each message would cost a lookup, and
// a change, at random places of the file.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>

namespace chat_log {

/// Finds the row of a receipt in the file by the author and the id of its message. Rows are
/// numbered in the order in which they're added, and forgotten in that order. It costs about 40
/// bytes a row.
class RecentReceipts {
public:
    RecentReceipts();

    /// Stands for an author and an id. Nobody can find two that have the same: it's a hash with a
    /// random key.
    std::uint64_t key_of(std::string_view author, std::string_view id) const;

    /// The newest row with that key.
    std::optional<std::int64_t> find(std::uint64_t key) const;

    /// The first row that is added has this number.
    void start_at(std::int64_t row) { first_ = row; }
    /// Returns the number of the row.
    std::int64_t add(std::uint64_t key);

    /// Forgets the rows from the beginning up to this one, or this one and all behind it.
    void forget_before(std::int64_t row);
    void forget_from(std::int64_t row) noexcept;

    std::int64_t first() const noexcept { return first_; }
    std::int64_t end() const noexcept { return first_ + static_cast<std::int64_t>(keys_.size()); }
    std::size_t size() const noexcept { return keys_.size(); }

private:
    void forget(std::uint64_t key, std::int64_t row) noexcept;

    std::uint64_t secret_[2]{};
    std::int64_t first_ = 1;
    std::deque<std::uint64_t> keys_;  // of the rows from `first_` on
    boost::unordered_flat_map<std::uint64_t, std::int64_t> rows_;
};

}  // namespace chat_log
