// Faults put in on purpose, to see that the audit (tests/audit) finds them. The server has none:
// only the program chapter08_faulty is compiled with them.
#pragma once

#ifdef CHAPTER08_FAULTS
#include <array>
#include <cstdlib>
#include <string_view>
#endif

namespace chat_log {

enum class Fault {
    ack_before_commit,    ///< a message is acknowledged, and its transaction is committed later
    epoch_kept,           ///< a log that starts over keeps the epoch of the one before
    forgotten_duplicate,  ///< a message that is sent again is stored again
    gap_not_announced,    ///< a client that comes back to another epoch isn't told
    history_off_by_one,   ///< the first of the messages that a client missed is left out
    laggard_skipped,      ///< a slow reader gets some of what it's behind, and not the rest
    lost_on_rotation,     ///< what isn't in memory any more isn't looked for in the database
    private_not_stored,   ///< a private message is acknowledged, and goes nowhere
    replay_interleaves,   ///< what is said meanwhile overtakes what a client has missed
    seq_reused,           ///< a commit fails, and the messages are told nevertheless
    trimmed_too_much,     ///< a log keeps one message less than it has to
};

#ifdef CHAPTER08_FAULTS
/// Whether this one is in: the environment names it in CHAPTER08_FAULT.
inline bool fault(Fault which) {
    static constexpr std::array<std::string_view, 11> names{
        "ack_before_commit",  "epoch_kept",      "forgotten_duplicate", "gap_not_announced",
        "history_off_by_one", "laggard_skipped", "lost_on_rotation",    "private_not_stored",
        "replay_interleaves", "seq_reused",      "trimmed_too_much"};
    static const char* const chosen = std::getenv("CHAPTER08_FAULT");
    return chosen != nullptr && chosen == names.at(static_cast<std::size_t>(which));
}
#else
constexpr bool fault(Fault /*which*/) {
    return false;
}
#endif

}  // namespace chat_log
