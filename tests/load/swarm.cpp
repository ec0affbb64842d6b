// All clients of a run on one epoll: the part that does not depend on the mode.
#include "swarm.hpp"

#include <fmt/format.h>

namespace load {

Swarm::Swarm(const Options& options, std::size_t size)
    : options_{options},
      dialect_{options.protocol, options.mode == Mode::echo, options.receive_event} {
    constexpr std::size_t others = 64;  // standard streams, epoll, /proc, what the libraries open
    raise_file_limit(size + others);
    target_.address = resolve(options.url);
    target_.host = fmt::format("{}:{}", options.url.host, options.url.port);
    for (const std::string& header : options.headers) {
        target_.headers += header + "\r\n";
    }
    if (options.timeout > 0) {
        end_ = now() + nanoseconds(options.timeout);
    }
    epoll_.add(signals_.fd(), EPOLLIN, signal_tag);
    connections_.reserve(size);
    for (std::size_t i = 0; i < size; ++i) {
        connections_.emplace_back(static_cast<std::uint32_t>(i));
    }
}

void Swarm::flush(Connection& connection) {
    connection.flush();
    const auto waiting = connection.wants_to_write() ? std::uint32_t{EPOLLOUT} : 0U;
    const bool muted = connection.interest == 0;
    if (!muted) {
        set_interest(connection, EPOLLIN | waiting);
    }
}

void Swarm::set_interest(Connection& connection, std::uint32_t interest) {
    if (connection.interest != interest && connection.alive()) {
        epoll_.modify(connection.fd(), interest, connection.index());
        connection.interest = interest;
    }
}

/// How far a connection that is not ready came with the frame at hand.
void Swarm::note_progress(Connection& connection, Kind kind) const {
    connection.admitted |=
        dialect_.protocol() == Protocol::websocket || kind == Kind::socket_connected;
    connection.greeted |= kind < Kind::unknown;
}

/// What a client of the protocol must answer, so that the connection stays.
void Swarm::answer(Connection& connection, Kind kind) {
    switch (kind) {
        case Kind::ping:
            connection.queue(Opcode::text, R"({"type":"pong"})");
            break;
        case Kind::engine_ping:
            connection.queue(Opcode::text, "3");
            break;
        case Kind::engine_open:
            connection.queue(Opcode::text, fmt::format("40{}{}", namespace_prefix(options_),
                                                       expand(options_.auth, connection.user)));
            break;
        case Kind::socket_connected:
            if (!options_.join_event.empty()) {
                connection.queue(
                    Opcode::text,
                    fmt::format("42{}[\"{}\",{}]", namespace_prefix(options_), options_.join_event,
                                expand(options_.join_data, connection.user)));
            }
            break;
        case Kind::engine_close:
        case Kind::socket_disconnected:
        case Kind::socket_refused:
            connection.fail(fmt::format("Socket.IO: {}", name_of(kind)));
            break;
        default:
            break;
    }
}

void Swarm::report_end(Connection& connection) {
    if (!connection.error().empty()) {
        ++errors_[connection.error()];
    }
    if (connection.close_code() != 0) {
        ++closes_[connection.close_code()];
    }
}

void Swarm::throw_not_opened(std::size_t wanted, std::string_view why) const {
    std::string text =
        fmt::format("{} of {} connections are ready, and {}", ready_count_, wanted, why);
    for (const auto& [error, count] : errors_) {
        text += fmt::format("; {} × {}", count, error);
    }
    for (const auto& [code, count] : closes_) {
        text += fmt::format("; {} × closed with {}", count, code);
    }
    throw Failure{text};
}

}  // namespace load
