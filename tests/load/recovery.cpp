// Recovery: clients that all come back at once, and each must get exactly what it missed.
#include "recovery.hpp"

#include "json_scanner.hpp"
#include "traffic.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <random>
#include <utility>

namespace load {

namespace {

/// Writes what the others are to miss, and keeps it.
class Author : public Watcher {
public:
    Author(const Options& options, Swarm& swarm) : options_{options}, swarm_{swarm} {
        std::random_device random;
        id_.run = static_cast<std::uint64_t>(random()) << 32U | random();
    }

    Missed write() {
        const Nanoseconds deadline = now() + nanoseconds(options_.connect_timeout);
        Connection& connection = swarm_[0];
        // Named after the last of the clients, so that it is none of them.
        swarm_.start(connection, options_.connections, *this);
        while (acknowledged_ < options_.behind || missed_.messages.size() < options_.behind) {
            swarm_.poll(std::min(deadline, now() + nanoseconds(0.1)), *this);
            require(connection.is_open() || connection.error().empty(), connection.error());
            require(connection.alive() && connection.close_code() == 0,
                    fmt::format("the connection was closed with {}", connection.close_code()));
            require(!swarm_.interrupted(), "interrupted");
            require(now() < deadline, fmt::format("{} of {} messages were acknowledged in time",
                                                  acknowledged_, options_.behind));
        }
        swarm_.close(*this);
        return std::move(missed_);
    }

    void message(Connection& /*connection*/, Opcode /*opcode*/, std::string_view payload,
                 Nanoseconds /*time*/) {
        if (!message_) {
            return;
        }
        const auto seq = seq_of(payload);
        require(seq == missed_.last() + 1, fmt::format("the message behind {} has the number {}",
                                                       missed_.last(), seq.value_or(0)));
        missed_.messages.emplace_back(payload);
    }

    void frame(Connection& connection, Kind kind, std::string_view payload, Nanoseconds /*time*/) {
        if (kind == Kind::system && !message_) {
            begin(connection, payload);
        } else if (kind == Kind::ack) {
            ++acknowledged_;
        } else if (kind == Kind::error) {
            const auto answer = parse_answer(payload);
            require(false, fmt::format("the server refused a message: {}",
                                       answer ? answer->code : "in a frame that can't be read"));
        }
    }

    void batch(Connection& connection) {
        constexpr std::uint64_t in_flight = 16;
        while (message_ && sent_ < options_.behind && sent_ - acknowledged_ < in_flight) {
            message_->append_to(connection.out(), static_cast<std::uint32_t>(sent_), now());
            ++sent_;
        }
    }

private:
    static void require(bool condition, const std::string& reason) {
        if (!condition) {
            throw Failure{"what the clients miss could not be written: " + reason};
        }
    }

    void begin(const Connection& connection, std::string_view welcome) {
        auto position = position_of(welcome);
        require(position.has_value(), "the welcome has no epoch and seq, so the server has no log");
        missed_.since = std::move(*position);
        message_.emplace(expand(options_.message, connection.user), id_.sender, options_.payload,
                         Opcode::text, connection.key(), id_.text(0));
    }

    const Options& options_;
    Swarm& swarm_;
    MessageId id_;
    std::optional<MessageTemplate> message_;  // once the welcome has come
    std::uint64_t sent_{};
    std::uint64_t acknowledged_{};
    Missed missed_;
};

/// Whether two frames say the same, however their JSON is written.
bool equal_json(std::string_view a, std::string_view b) {
    boost::system::error_code error_of_a;
    boost::system::error_code error_of_b;
    const auto value_of_a = boost::json::parse(a, error_of_a);
    const auto value_of_b = boost::json::parse(b, error_of_b);
    return !error_of_a && !error_of_b && value_of_a == value_of_b;
}

}  // namespace

Missed write_what_is_missed(const Options& options) {
    Swarm swarm{options, 1};
    return Author{options, swarm}.write();
}

Options coming_back(Options options, const Position& since) {
    const bool has_query = options.url.path.find('?') != std::string::npos;
    options.url.path += fmt::format("{}since={}", has_query ? '&' : '?', since.text());
    return options;
}

Recovery::Recovery(const Options& options, Swarm& swarm, const Missed& missed)
    : options_{options}, swarm_{swarm}, missed_{missed}, clients_(options.connections) {
    for (Client& client : clients_) {
        client.next = missed.since.seq + 1;
    }
    figures_.behind = missed.messages.size();
}

void Recovery::run() {
    began_ = now();
    const Nanoseconds deadline = began_ + nanoseconds(options_.connect_timeout);
    for (std::size_t i = 0; i < clients_.size(); ++i) {
        swarm_.start(swarm_[i], i, *this);
    }
    while (figures_.whole + ended_ < clients_.size() && now() < deadline && !swarm_.interrupted()) {
        swarm_.poll(std::min(deadline, now() + nanoseconds(0.1)), *this);
    }
}

void Recovery::message(Connection& connection, Opcode /*opcode*/, std::string_view payload,
                       Nanoseconds time) {
    take(clients_[connection.index()], payload);
    check_whole(connection, time);
}

void Recovery::frame(Connection& connection, Kind kind, std::string_view payload,
                     Nanoseconds time) {
    if (kind != Kind::history) {
        return;
    }
    Client& client = clients_[connection.index()];
    const auto history = parse_history(payload);
    if (!history) {
        ++figures_.damaged;
        return;
    }
    if (!history->of_the_lobby) {
        return;
    }
    ++figures_.histories;
    figures_.gaps += history->recovered ? 0U : 1U;
    figures_.damaged += history->epoch == missed_.since.epoch ? 0U : 1U;
    const std::uint64_t before = client.next;
    const bool whole =
        scan_array(history->messages, [&](std::string_view message) { take(client, message); });
    figures_.damaged += whole ? 0U : 1U;
    client.caught_up = !history->more;
    // A page that brings nothing would be asked for without end.
    if (history->more && client.next > before) {
        const Position since{missed_.since.epoch, client.next - 1};
        connection.queue(Opcode::text,
                         fmt::format(R"({{"type":"history","since":"{}"}})", since.text()));
    }
    check_whole(connection, time);
}

void Recovery::take(Client& client, std::string_view message) {
    ++figures_.messages;
    const auto seq = seq_of(message);
    if (!seq) {
        ++figures_.damaged;
        return;
    }
    if (*seq < client.next) {
        ++figures_.duplicates;
        return;
    }
    figures_.missing += *seq - client.next;
    client.next = *seq + 1;
    if (*seq > missed_.last()) {
        ++figures_.foreign;
    } else if (const std::string& sent = missed_.messages[*seq - missed_.since.seq - 1];
               message != sent && !equal_json(message, sent)) {
        ++figures_.damaged;
    }
}

void Recovery::check_whole(Connection& connection, Nanoseconds time) {
    Client& client = clients_[connection.index()];
    if (client.whole || !client.caught_up || client.next <= missed_.last()) {
        return;
    }
    client.whole = true;
    ++figures_.whole;
    figures_.seconds = seconds(time - began_);
    figures_.latency.record(time - connection.started());
}

void Recovery::closed(Connection& connection) {
    ended_ += clients_[connection.index()].whole ? 0U : 1U;
}

}  // namespace load
