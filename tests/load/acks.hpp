// What each sender was told of its messages that have ids, held against what was delivered.
#pragma once

#include "checks.hpp"
#include "delivery.hpp"
#include "histogram.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace load {

struct AckFigures {
    // In the measured window.
    std::uint64_t acknowledged{};
    Histogram latency;

    // From the first message to the end of the drain.
    std::uint64_t acknowledged_in_all{};
    std::uint64_t refused{};                        // messages
    std::map<std::string, std::uint64_t> refusals;  // errors, by their code
    std::uint64_t repeats{};                        // messages that were sent again
    std::uint64_t duplicates{};                     // acks that said so
    std::uint64_t unanswered{};                     // neither acknowledged nor refused
    std::uint64_t unasked{};                        // answers about no message that waited for one
    std::uint64_t wrong_duplicates{};   // a repeat that wasn't known as one, or a first that was
    std::uint64_t misnumbered{};        // an ack with another number than the message had
    std::uint64_t disordered{};         // a message whose number wasn't above the last
    std::uint64_t refused_delivered{};  // refused, and delivered all the same
    std::uint64_t losses_unchecked{};   // so many were passed over that not all are remembered
};

/// Deliveries of acknowledged messages that never came.
struct AckLosses {
    std::uint64_t all{};
    std::uint64_t by_some{};  // another member got them
};

class AckCheck {
public:
    AckCheck(std::size_t senders, std::size_t members);

    /// The id of a sender's message 0.
    const std::string& first_id(std::size_t sender) const { return senders_[sender].id; }

    /// The sender's next message is on its way, so many times.
    void sent(std::size_t sender, Nanoseconds time, unsigned times);
    void answered(std::size_t sender, const Answer& answer, Nanoseconds time);
    /// A member saw a message for the first time.
    void delivered(std::size_t member, std::size_t sender, std::uint32_t number,
                   std::optional<std::uint64_t> seq);
    /// A sender's connection is closed: nobody answers what it sent.
    void closed(std::size_t sender);

    /// How many messages of the sender wait for their ack.
    std::uint64_t waiting(std::size_t sender) const { return senders_[sender].waiting; }
    /// Nothing waits for an answer any more.
    bool settled() const { return due_ == 0; }
    /// The messages that each member should be done with in the end: for each sender, those up to
    /// the last that was acknowledged.
    std::uint64_t expected() const { return expected_; }

    void begin_window();
    void end_window();
    AckLosses losses(const SequenceCheck& sequence) const;
    AckFigures conclude(const SequenceCheck& sequence) const;

private:
    struct Message {
        Nanoseconds sent{};
        unsigned answers_due{};
        unsigned acks{};
        unsigned duplicates{};
        std::uint64_t seq{};       // as the ack says
        std::uint64_t seen_seq{};  // as its sender saw it; 0: not yet
        bool misnumbered{};
    };

    struct Sender {
        std::string id;                // of message 0
        std::deque<Message> messages;  // from the first on of which more is to be heard
        std::uint64_t first{};         // its number
        std::uint64_t waiting{};
        std::uint64_t due{};                 // answers
        std::uint64_t end{};                 // one past the last that was acknowledged
        std::vector<std::uint64_t> refused;  // numbers, rising
        bool closed{};
    };

    static std::optional<std::uint64_t> find(const Sender& sender, std::uint32_t number);
    static std::optional<std::uint64_t> find(const Sender& sender, std::string_view id);
    static void judge(const Message& message, AckFigures& figures);
    static bool acknowledged(const Sender& sender, std::uint64_t number);
    void acknowledge(Sender& sender, std::uint64_t number, const Answer& answer, Nanoseconds time);
    void let_go(Sender& sender);

    std::vector<Sender> senders_;
    std::vector<std::uint64_t> last_seq_;  // by member
    std::uint64_t due_{};
    std::uint64_t expected_{};
    std::uint64_t acknowledged_before_{};
    bool measuring_{};
    AckFigures figures_;
};

}  // namespace load
