// Echo and chat: senders with messages in flight, members that check each one.
#pragma once

#include "acks.hpp"
#include "checks.hpp"
#include "report.hpp"
#include "swarm.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace load {

/// A message's frame, masked and ready but for its number and time, which are put into each copy.
class MessageTemplate {
public:
    /// `text` holds {text} where the marker and its padding go. `id` goes where it holds {id};
    /// the number in the id becomes each message's own.
    MessageTemplate(std::string_view text, std::uint32_t sender, std::size_t payload, Opcode opcode,
                    const MaskKey& key, std::string_view id = {});

    void append_to(std::string& out, std::uint32_t number, Nanoseconds time) const {
        const std::size_t at = out.size() + marker_at_;
        out.append(frame_);
        const auto put = [&out](std::size_t where, std::uint64_t digits) {
            std::memcpy(out.data() + where, &digits, sizeof digits);
        };
        const auto upper = static_cast<std::uint32_t>(time / Marker::numbers % Marker::numbers);
        const auto lower = static_cast<std::uint32_t>(time % Marker::numbers);
        put(at + Marker::number_at, eight_digits(number) ^ number_key_);
        put(at + Marker::time_at, eight_digits(upper) ^ time_key_);
        put(at + Marker::time_at + 8, eight_digits(lower) ^ time_key_);
        if (id_number_at_ != 0) {
            put(at - marker_at_ + id_number_at_, eight_digits(number) ^ id_key_);
        }
    }

private:
    std::string frame_;
    std::size_t marker_at_{};  // in the frame
    std::uint64_t number_key_{};
    std::uint64_t time_key_{};
    std::size_t id_number_at_{};  // in the frame; 0: it has no id
    std::uint64_t id_key_{};
};

class Traffic : public Watcher {
public:
    Traffic(const Options& options, Swarm& swarm);

    // What the swarm tells.
    void message(Connection& connection, Opcode opcode, std::string_view payload, Nanoseconds time);
    void frame(Connection& connection, Kind kind, std::string_view payload, Nanoseconds time);
    void batch(Connection& connection);
    void closed(Connection& connection);

    /// From here on messages are sent: the windows are filled, or the rate begins.
    void begin();
    void end() { sending_ = false; }
    /// Open loop: sends what is due, and says when the next message is.
    Nanoseconds send_due();
    /// Nothing is on its way any more, to anyone who is still there.
    bool drained() const { return progress_ >= expected() && (!acks_ || acks_->settled()); }
    bool anyone_left() const { return members_left_ > 0; }

    void begin_window();
    void end_window();
    /// Puts the checks' findings into the figures; call once, at the end.
    TrafficFigures& conclude();

private:
    struct Sender {
        MessageTemplate message;
        std::uint64_t sent;
        bool alive;
    };

    bool is_member(const Connection& connection) const { return connection.index() < members_; }
    bool is_echo() const { return options_.mode == Mode::echo; }
    std::size_t column(std::size_t sender) const { return is_echo() ? 0 : sender; }
    bool intact(std::string_view payload, const Marker& marker, Opcode opcode) const;
    void send(std::size_t sender, Nanoseconds time);
    bool to_be_repeated();
    std::uint64_t in_flight(std::size_t sender) const;
    std::uint64_t expected() const { return acks_ ? members_left_ * acks_->expected() : expected_; }
    std::uint64_t expected_of(std::size_t member) const;
    void count_losses();
    std::uint64_t progress_of(std::size_t member) const;

    const Options& options_;
    Swarm& swarm_;
    std::size_t members_;
    std::uint32_t run_;  // tells this run's messages from those of another
    std::string padding_;
    SequenceCheck sequence_;
    std::optional<OrderCheck> order_;
    std::optional<AckCheck> acks_;
    std::vector<Sender> senders_;
    bool sending_{};
    bool measuring_{};

    std::uint64_t sent_{};
    std::uint64_t delivered_{};
    std::uint64_t progress_{};  // messages that open members are done with
    std::uint64_t expected_{};  // and those that they should be, in the end
    std::size_t members_left_;
    std::vector<Nanoseconds> last_delivery_;

    double repeat_{};  // hundredths of a message that is to be sent again
    Nanoseconds began_{};
    std::uint64_t scheduled_{};
    Nanoseconds window_began_{};
    std::uint64_t sent_before_{};
    std::uint64_t delivered_before_{};
    TrafficFigures figures_;
};

}  // namespace load
