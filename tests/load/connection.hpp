// One client: connects, shakes hands, parses what the server sends, queues what it is sent.
#pragma once

#include "clock.hpp"
#include "frame.hpp"
#include "message_reader.hpp"
#include "net.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace load {

/// Where a handshake goes.
struct Target {
    Address address;
    std::string host;     // for the Host header
    std::string headers;  // further ones, each with its CRLF
};

/// The buffer that all connections read into in turn.
class ReadBuffer {
public:
    char* data() { return bytes_.data(); }
    std::size_t size() const { return bytes_.size(); }
    void make_room(std::size_t size) {
        if (bytes_.size() < size) {
            bytes_.resize(size);
        }
    }

private:
    std::vector<char> bytes_ = std::vector<char>(std::size_t{256} * 1024);
};

constexpr std::uint16_t no_close_code = 1005;     // a close frame without one
constexpr std::uint16_t abnormal_closure = 1006;  // no close frame

class Connection {
public:
    enum class State : std::uint8_t { unused, connecting, handshake, open, closing, closed };

    explicit Connection(std::uint32_t index) : index_{index} {}

    std::uint32_t index() const { return index_; }
    State state() const { return state_; }
    int fd() const { return fd_.get(); }
    bool is_open() const { return state_ == State::open; }
    bool alive() const { return state_ != State::unused && state_ != State::closed; }

    /// When it began to connect.
    Nanoseconds started() const { return started_; }
    /// 0 if it never opened or was dropped by us.
    std::uint16_t close_code() const { return close_code_; }
    /// What went wrong, in words; empty if nothing did.
    const std::string& error() const { return error_; }
    bool closed_by_us() const { return close_sent_ && !answered_close_; }

    /// Begins to connect; the state is then `connecting`, or `closed` with an error.
    /// `receive_buffer` 0 leaves the socket's buffer to the system.
    void start(const Target& target, std::string path, const Address* source, int receive_buffer);
    /// The socket became writable for the first time: sends the handshake, or fails.
    void connected(const Target& target);

    /// Reads once and hands each whole data message to `sink(opcode, payload, time)`. The payload
    /// lies in the buffer. Control frames are answered here.
    template <class Sink>
    void receive(ReadBuffer& buffer, Sink&& sink);

    void queue(Opcode opcode, std::string_view payload) {
        append_frame(out_, opcode, payload, key_);
    }
    /// What is to be sent: whole masked frames may be appended.
    std::string& out() { return out_; }
    const MaskKey& key() const { return key_; }
    bool wants_to_write() const { return !out_.empty(); }
    /// Sends all that is queued, in one call if the socket takes it.
    void flush();

    void send_close(std::uint16_t code);
    /// Closes the socket with RST, without a word.
    void tear();
    void fail(std::string error);

    // For epoll: what the descriptor is registered for.
    std::uint32_t interest{};
    bool admitted{};  // by the handshake, in Socket.IO by its own as well
    bool greeted{};   // by a first message
    bool ready{};
    bool reported{};
    std::size_t user{};  // the number that stands for {i}

private:
    bool reads_frames() const {
        return state_ == State::open || (state_ == State::closing && close_code_ == 0);
    }
    std::size_t read_head(std::string_view bytes);
    void handle_control(Opcode opcode, std::string_view payload);
    void handle_end(int error);
    void drop();

    std::uint32_t index_;
    State state_{State::unused};
    bool close_sent_{};
    bool answered_close_{};
    std::uint16_t close_code_{};
    Fd fd_;
    MaskKey key_;
    Nanoseconds started_{};
    std::size_t sent_{};  // of out_
    std::string out_;
    MessageReader reader_;
    std::string path_;
    std::string error_;
};

template <class Sink>
void Connection::receive(ReadBuffer& buffer, Sink&& sink) {
    std::size_t have = reader_.carried();
    constexpr std::size_t worth_a_call = 4096;
    buffer.make_room(std::max(reader_.wanted(), have + worth_a_call));
    const ssize_t count = ::recv(fd_.get(), buffer.data() + have, buffer.size() - have, 0);
    if (count <= 0) {
        if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
            handle_end(count == 0 ? 0 : errno);
        }
        return;
    }
    const Nanoseconds time = now();
    reader_.restore(buffer.data());
    have += static_cast<std::size_t>(count);
    std::string_view bytes{buffer.data(), have};
    if (state_ == State::handshake) {
        bytes.remove_prefix(read_head(bytes));
    }
    if (state_ == State::handshake) {
        reader_.keep(bytes);
        return;
    }
    if (!reads_frames()) {
        return;
    }
    struct {
        Connection& self;
        Sink& sink;
        Nanoseconds time;

        bool message(Opcode opcode, std::string_view payload) {
            sink(opcode, payload, time);
            return self.reads_frames();
        }
        bool control(Opcode opcode, std::string_view payload) {
            self.handle_control(opcode, payload);
            return self.reads_frames();
        }
    } frames{*this, sink, time};
    if (reader_.read(bytes, frames) == MessageReader::Result::malformed) {
        fail("protocol error: malformed, misplaced or oversized frame");
    }
}

}  // namespace load
