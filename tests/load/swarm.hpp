// All clients of a run on one epoll: opens them, keeps them alive, hands their messages on, and
// counts what becomes of them.
#pragma once

#include "connection.hpp"
#include "dialect.hpp"
#include "histogram.hpp"
#include "net.hpp"
#include "options.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace load {

/// What a mode wants to know; a mode hides the functions that it needs.
struct Watcher {
    void requested(Connection& /*connection*/) {}
    void ready(Connection& /*connection*/) {}
    void message(Connection& /*connection*/, Opcode /*opcode*/, std::string_view /*payload*/,
                 Nanoseconds /*time*/) {}
    /// Any other frame.
    void frame(Connection& /*connection*/, Kind /*kind*/, std::string_view /*payload*/,
               Nanoseconds /*time*/) {}
    /// All that one read brought is dealt with; what is queued now goes out in one call.
    void batch(Connection& /*connection*/) {}
    void closed(Connection& /*connection*/) {}
};

class Swarm {
public:
    Swarm(const Options& options, std::size_t size);

    std::vector<Connection>& connections() { return connections_; }
    Connection& operator[](std::size_t index) { return connections_[index]; }
    std::size_t ready_count() const { return ready_count_; }
    /// Ctrl-C, or the time for the whole run is over.
    bool interrupted() const { return interrupted_; }
    bool timed_out() const { return timed_out_; }

    /// Begins to open a connection as the n-th user.
    template <class Mode>
    void start(Connection& connection, std::size_t n, Mode& mode, int receive_buffer = 0);
    /// Opens connections `first` to `last` with bounded concurrency. Throws Failure if one of them
    /// cannot be opened by the deadline, or the run is interrupted.
    template <class Mode>
    void open(std::size_t first, std::size_t last, Mode& mode, int receive_buffer = 0);
    /// Deals with what there is until `until` at the latest.
    template <class Mode>
    void poll(Nanoseconds until, Mode& mode);
    /// Closes all politely, and without a word those that have not answered in time.
    template <class Mode>
    void close(Mode& mode);

    /// Stops, or begins again, to read from a connection.
    void mute(Connection& connection) { set_interest(connection, 0); }
    void unmute(Connection& connection) { set_interest(connection, EPOLLIN); }
    /// Sends what is queued and waits for the socket if it does not take all.
    void flush(Connection& connection);
    template <class Mode>
    void retire(Connection& connection, Mode& mode);

    const std::array<std::uint64_t, kinds>& frames() const { return frames_; }
    const std::map<std::uint16_t, std::uint64_t>& closes() const { return closes_; }
    const std::map<std::string, std::uint64_t>& errors() const { return errors_; }
    std::uint64_t unanswered_closes() const { return unanswered_closes_; }
    std::uint64_t binary_frames() const { return binary_frames_; }
    /// From connect to ready.
    const Histogram& opening() const { return opening_; }

private:
    static constexpr std::uint32_t signal_tag = ~std::uint32_t{0};

    template <class Mode>
    void data(Connection& connection, Opcode opcode, std::string_view payload, Nanoseconds time,
              Mode& mode);
    template <class Mode>
    void check_ready(Connection& connection, Mode& mode);
    void note_progress(Connection& connection, Kind kind) const;
    void set_interest(Connection& connection, std::uint32_t interest);
    void answer(Connection& connection, Kind kind);
    void report_end(Connection& connection);
    [[noreturn]] void throw_not_opened(std::size_t wanted, std::string_view why) const;

    const Options& options_;
    Dialect dialect_;
    Target target_;
    Epoll epoll_;
    Signals signals_;
    ReadBuffer buffer_;
    std::vector<Connection> connections_;
    std::size_t ready_count_{};
    bool interrupted_{};
    bool timed_out_{};
    Nanoseconds end_{~Nanoseconds{0}};
    std::array<std::uint64_t, kinds> frames_{};
    std::map<std::uint16_t, std::uint64_t> closes_;
    std::map<std::string, std::uint64_t> errors_;
    std::uint64_t unanswered_closes_{};
    std::uint64_t binary_frames_{};
    std::uint64_t ended_{};
    Histogram opening_;
};

template <class Mode>
void Swarm::start(Connection& connection, std::size_t n, Mode& mode, int receive_buffer) {
    Address source;
    const bool has_source = source_address(target_.address, n, source);
    connection.start(target_, expand(options_.url.path, n), has_source ? &source : nullptr,
                     receive_buffer);
    connection.user = n;
    if (connection.alive()) {
        epoll_.add(connection.fd(), EPOLLOUT, connection.index());
        connection.interest = EPOLLOUT;
    } else {
        retire(connection, mode);
    }
}

template <class Mode>
void Swarm::open(std::size_t first, std::size_t last, Mode& mode, int receive_buffer) {
    const Nanoseconds deadline = now() + nanoseconds(options_.connect_timeout);
    const std::size_t ready_before = ready_count_;
    const auto ended_before = ended_;
    std::size_t next = first;
    while (ready_count_ - ready_before < last - first && !interrupted_) {
        while (next < last && next - first < ready_count_ - ready_before + options_.concurrency) {
            start(connections_[next], next, mode, receive_buffer);
            ++next;
        }
        poll(std::min(deadline, now() + nanoseconds(0.1)), mode);
        if (ended_ > ended_before) {
            throw_not_opened(last - first, "a connection ended");
        }
        if (now() >= deadline) {
            throw_not_opened(last - first, "the time for it is over");
        }
    }
    if (interrupted_) {
        throw_not_opened(last - first, "the run was interrupted");
    }
}

template <class Mode>
void Swarm::poll(Nanoseconds until, Mode& mode) {
    if (now() >= end_) {
        interrupted_ = timed_out_ = true;
    }
    for (const epoll_event& event : epoll_.wait(std::min(until, end_))) {
        if (event.data.u32 == signal_tag) {
            interrupted_ |= signals_.take();
            continue;
        }
        Connection& connection = connections_[event.data.u32];
        if (!connection.alive()) {
            continue;
        }
        if (connection.state() == Connection::State::connecting) {
            connection.connected(target_);
            if (connection.alive()) {
                mode.requested(connection);
            }
        } else if ((event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
            connection.receive(buffer_,
                               [&](Opcode opcode, std::string_view payload, Nanoseconds time) {
                                   data(connection, opcode, payload, time, mode);
                               });
            if (connection.is_open() && !connection.ready) {
                connection.admitted |= dialect_.protocol() == Protocol::websocket;
                check_ready(connection, mode);
            }
            mode.batch(connection);
        }
        if (connection.alive()) {
            flush(connection);
        } else {
            retire(connection, mode);
        }
    }
}

template <class Mode>
void Swarm::data(Connection& connection, Opcode opcode, std::string_view payload, Nanoseconds time,
                 Mode& mode) {
    Kind kind = Kind::message;
    if (opcode == Opcode::binary) {
        ++binary_frames_;
    } else {
        kind = dialect_.classify(payload);
    }
    ++frames_[static_cast<std::size_t>(kind)];
    if (!connection.ready) {
        note_progress(connection, kind);
        check_ready(connection, mode);
    }
    if (kind == Kind::message) {
        mode.message(connection, opcode, payload, time);
        return;
    }
    mode.frame(connection, kind, payload, time);
    if (kind != Kind::system) {
        answer(connection, kind);
    }
}

template <class Mode>
void Swarm::check_ready(Connection& connection, Mode& mode) {
    const bool ready = connection.admitted && (connection.greeted || options_.ready == Ready::open);
    if (connection.ready || !ready) {
        return;
    }
    connection.ready = true;
    ++ready_count_;
    opening_.record(now() - connection.started());
    mode.ready(connection);
}

template <class Mode>
void Swarm::retire(Connection& connection, Mode& mode) {
    if (connection.reported) {
        return;
    }
    connection.reported = true;
    ++ended_;
    if (connection.ready) {
        --ready_count_;
    }
    report_end(connection);
    mode.closed(connection);
}

template <class Mode>
void Swarm::close(Mode& mode) {
    std::size_t left = 0;
    for (Connection& connection : connections_) {
        if (connection.is_open()) {
            connection.send_close(1000);
            flush(connection);
        } else if (connection.alive() && connection.state() != Connection::State::closing) {
            connection.tear();
            retire(connection, mode);
        }
    }
    end_ = ~Nanoseconds{0};
    const double patience = interrupted_ ? 0.5 : options_.close_timeout;
    const Nanoseconds deadline = now() + nanoseconds(patience);
    do {
        poll(std::min(deadline, now() + nanoseconds(0.05)), mode);
        left = 0;
        for (const Connection& connection : connections_) {
            left += connection.alive() ? 1U : 0U;
        }
    } while (left > 0 && now() < deadline);
    for (Connection& connection : connections_) {
        if (connection.alive()) {
            ++unanswered_closes_;
            connection.tear();
            retire(connection, mode);
        }
    }
}

}  // namespace load
