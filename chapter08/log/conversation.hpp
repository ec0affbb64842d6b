// One conversation as a process knows it: which log it is, how far it has come, and its newest
// messages.
#pragma once

#include "log/entry.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace chat_log {

/// A new name for a log, which nobody can guess: 128 bits by a random generator of the operating
/// system, as 22 characters of Base64url (RFC 4648, section 5).
std::string make_epoch();

/// Belongs to the thread that runs the log. A ConversationPtr keeps it in memory.
class Conversation {
public:
    /// Is called with each entry once it's stored, in the order of their numbers. Must not throw.
    using Follower = std::function<void(const Entry&)>;

    explicit Conversation(std::string name) : name_(std::move(name)) {}
    Conversation(const Conversation&) = delete;
    Conversation& operator=(const Conversation&) = delete;

    const std::string& name() const noexcept { return name_; }
    /// As people see it. The log only keeps it.
    const std::string& title() const noexcept { return title_; }
    void set_title(std::string title) { title_ = std::move(title); }
    const std::string& epoch() const noexcept { return epoch_; }
    /// Of its newest entry; 0: it has none.
    Seq last_seq() const noexcept { return last_seq_; }
    /// Of the oldest entry that is in memory; if none is, of the next one that will come.
    Seq first_in_memory() const noexcept { return last_seq_ + 1 - recent_.size(); }
    const std::deque<Entry>& recent() const noexcept { return recent_; }

    /// Whether nobody has been told its epoch yet: it began in this process, and set_known() has
    /// not been called since.
    bool is_new() const noexcept { return is_new_; }
    void set_known() noexcept { is_new_ = false; }

    /// Bytes of memory that it takes, about.
    std::size_t cost() const noexcept { return cost_; }

    /// Begins it, or starts it over: drops everything that it had, and tells its follower.
    void begin(std::string epoch, Seq last_seq = 0);

    /// Adds the entry whose number comes next, and tells the follower. If others between are lost,
    /// those before aren't kept, either.
    void add(Entry entry);

    /// Forgets its oldest entry, if it has any.
    void forget_oldest();

    /// The entries of that range which are in memory.
    Slice read(const Range& range) const;

    /// One at a time; an empty function: nobody follows it anymore. `begun_anew` is called when it
    /// has started over, under another epoch, and must not throw.
    void follow(Follower follower, std::function<void()> begun_anew = {}) {
        follower_ = std::move(follower);
        begun_anew_ = std::move(begun_anew);
    }

private:
    std::string name_;
    std::string title_;
    std::string epoch_;
    Seq last_seq_ = 0;
    bool is_new_ = true;
    std::deque<Entry> recent_;
    std::size_t cost_ = overhead;
    Follower follower_;
    std::function<void()> begun_anew_;

    static constexpr std::size_t overhead = 512;
};

using ConversationPtr = std::shared_ptr<Conversation>;

}  // namespace chat_log
