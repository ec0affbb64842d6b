// One client: connects, shakes hands, parses what the server sends, queues what it is sent.
#include "connection.hpp"

#include <fmt/format.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <random>

namespace load {

namespace {

// The key of RFC 6455 section 1.3 and the answer it must get. The key is there to keep caches and
// plain HTTP servers from answering by chance; one for all connections shows that as well.
constexpr std::string_view websocket_key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view websocket_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
constexpr std::size_t longest_head = 16 * 1024;

MaskKey random_key() {
    static std::mt19937 generator{std::random_device{}()};
    return {std::bit_cast<std::array<char, 4>>(static_cast<std::uint32_t>(generator()))};
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](char x, char y) {
        return std::tolower(static_cast<unsigned char>(x)) ==
               std::tolower(static_cast<unsigned char>(y));
    });
}

std::string_view header_value(std::string_view head, std::string_view name) {
    while (!head.empty()) {
        const auto end = std::min(head.find("\r\n"), head.size());
        std::string_view line = head.substr(0, end);
        head.remove_prefix(std::min(end + 2, head.size()));
        const auto colon = line.find(':');
        if (colon != std::string_view::npos && equal_ignoring_case(line.substr(0, colon), name)) {
            line.remove_prefix(colon + 1);
            const auto first = std::min(line.find_first_not_of(" \t"), line.size());
            line.remove_prefix(first);
            return line.substr(0, line.find_last_not_of(" \t") + 1);
        }
    }
    return {};
}

}  // namespace

void Connection::start(const Target& target, std::string path, const Address* source,
                       int receive_buffer) {
    *this = Connection{index_};
    started_ = now();
    key_ = random_key();
    path_ = std::move(path);
    fd_ = Fd{
        ::socket(target.address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (!fd_) {
        return fail(fmt::format("socket: {}", error_text(errno)));
    }
    const int on = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (receive_buffer > 0) {
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    if (source != nullptr) {
        ::setsockopt(fd_.get(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
        if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&source->storage), source->size) !=
            0) {
            return fail(fmt::format("bind: {}", error_text(errno)));
        }
    }
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&target.address.storage),
                  target.address.size) != 0 &&
        errno != EINPROGRESS) {
        return fail(fmt::format("connect: {}", error_text(errno)));
    }
    state_ = State::connecting;
}

void Connection::connected(const Target& target) {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        return fail(fmt::format("connect: {}", error_text(error)));
    }
    state_ = State::handshake;
    out_ = fmt::format(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: {}\r\nSec-WebSocket-Version: 13\r\n{}\r\n",
        path_, target.host, websocket_key, target.headers);
    flush();
}

std::size_t Connection::read_head(std::string_view bytes) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        if (bytes.size() > longest_head) {
            fail("handshake: the answer's head does not end");
        }
        return 0;
    }
    const std::string_view head = bytes.substr(0, end);
    const std::string_view status = head.substr(0, head.find("\r\n"));
    if (!status.starts_with("HTTP/1.1 101")) {
        fail(fmt::format("handshake: {}", status));
    } else if (header_value(head, "Sec-WebSocket-Accept") != websocket_accept ||
               !equal_ignoring_case(header_value(head, "Upgrade"), "websocket")) {
        fail("handshake: 101 without the right Sec-WebSocket-Accept and Upgrade");
    } else if (!header_value(head, "Sec-WebSocket-Extensions").empty()) {
        fail("handshake: the server chose an extension that was not offered");
    } else {
        state_ = State::open;
    }
    return end + 4;
}

void Connection::handle_control(Opcode opcode, std::string_view payload) {
    if (opcode == Opcode::ping) {
        if (!close_sent_) {
            queue(Opcode::pong, payload);
        }
    } else if (opcode == Opcode::close) {
        if (payload.size() == 1) {
            return fail("protocol error: close frame of one byte");
        }
        close_code_ = no_close_code;
        if (payload.size() >= 2) {
            close_code_ = static_cast<std::uint16_t>(static_cast<unsigned char>(payload[0]) << 8U |
                                                     static_cast<unsigned char>(payload[1]));
        }
        if (!close_sent_) {
            answered_close_ = true;
            queue(Opcode::close, payload.substr(0, 2));
            close_sent_ = true;
        }
        state_ = State::closing;
    }
}

void Connection::handle_end(int error) {
    if (state_ == State::handshake) {
        return fail(error == 0 ? "handshake: the server closed the connection"
                               : fmt::format("handshake: {}", error_text(error)));
    }
    if (close_code_ == 0) {
        close_code_ = abnormal_closure;
        if (error != 0 && !close_sent_) {
            error_ = error_text(error);
        }
    }
    drop();
}

void Connection::flush() {
    if (out_.empty() || !fd_) {
        return;
    }
    const ssize_t count = ::send(fd_.get(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0) {
        // A peer that is gone is noticed by the next read, which finds what it still said first.
        if (errno != EAGAIN && errno != EINTR) {
            out_.clear();
            sent_ = 0;
        }
        return;
    }
    sent_ += static_cast<std::size_t>(count);
    constexpr std::size_t worth_moving = 64 * 1024;
    if (sent_ == out_.size()) {
        out_.clear();
        sent_ = 0;
    } else if (sent_ > worth_moving) {
        out_.erase(0, sent_);
        sent_ = 0;
    }
}

void Connection::send_close(std::uint16_t code) {
    if (state_ != State::open) {
        return;
    }
    const std::array<char, 2> payload{static_cast<char>(code >> 8U),
                                      static_cast<char>(code & 0xFFU)};
    queue(Opcode::close, {payload.data(), payload.size()});
    close_sent_ = true;
    state_ = State::closing;
}

void Connection::tear() {
    if (fd_) {
        const linger reset{1, 0};
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    drop();
}

void Connection::fail(std::string error) {
    error_ = std::move(error);
    drop();
}

void Connection::drop() {
    fd_.reset();
    state_ = State::closed;
    out_ = {};
}

}  // namespace load
