// The outbox: the one way by which bytes leave a connection.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/net/async_condition.hpp"
#include "beastapi/ws/frame.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace beastapi::detail {

using Timer = boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                                boost::asio::wait_traits<std::chrono::steady_clock>,
                                                boost::asio::io_context::executor_type>;

class Outbox;

/// Flushes the outboxes of one io_context together at the end of a turn of its loop, so that all
/// that was written to a connection during the turn leaves in one send.
class WriteCoalescer {
public:
    explicit WriteCoalescer(boost::asio::io_context& context);
    WriteCoalescer(const WriteCoalescer&) = delete;
    WriteCoalescer& operator=(const WriteCoalescer&) = delete;

    boost::asio::io_context::executor_type executor() const { return executor_; }

private:
    friend class Outbox;

    void schedule(Outbox& outbox);
    void forget(const Outbox& outbox) noexcept;
    void post_hop(int hop);
    void flush_all();

    std::string take_buffer();
    void give_buffer(std::string buffer) noexcept;

    boost::asio::io_context::executor_type executor_;
    std::vector<Outbox*> dirty_;
    bool scheduled_ = false;
    bool more_ = false;  // has come since the last hop, for an outbox that is dirty
    // Idle connections hold no buffer: it is borrowed with the first byte and given back with the
    // last.
    std::vector<std::string> spare_buffers_;
    std::size_t spare_bytes_ = 0;
};

/// The queue of bytes that a connection still has to send, and the socket that they go to.
///
/// Whatever is appended is sent in that order: at the end of the turn, or at once when high_water
/// is reached. Only the outbox writes to the socket, and it never has two writes under way.
class Outbox : public std::enable_shared_from_this<Outbox> {
public:
    using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp,
                                                    boost::asio::io_context::executor_type>;

    /// Above this many queued bytes, writers that can wait do wait.
    static constexpr std::size_t high_water = 64 * 1024;

    Outbox(Socket socket, WriteCoalescer& coalescer);
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;
    ~Outbox();

    /// Queues bytes; drops them if the connection has failed.
    void append(std::string_view bytes);

    /// Queues one whole WebSocket frame.
    void append_frame(Opcode opcode, std::string_view payload);

    /// Bytes queued and not yet taken by the operating system.
    std::size_t size() const noexcept { return bytes_.size() - head_; }

    /// Whether the operating system has no room for what is queued, so that what is appended now
    /// has to wait for the peer.
    bool congested() const noexcept { return full_; }

    /// Whether the socket is closed, or refused to take bytes: what is appended from then on is
    /// dropped.
    bool failed() const noexcept { return failed_; }

    /// Waits until at most `level` bytes are queued, or the connection has failed.
    awaitable<void> wait_until_at_most(std::size_t level);

    /// Notified whenever bytes have left, and when the connection has failed.
    AsyncCondition& progress() noexcept { return progress_; }

    /// Sends what is queued, ends the stream, and reads until the peer ends it too, so that the
    /// last bytes are not lost to a reset. Gives up after `patience` for each of the two. Closes
    /// the socket.
    awaitable<void> shut_down(std::chrono::steady_clock::duration patience);

    /// Closes the socket at once; pending reads end, and what is queued is dropped.
    void abort() noexcept;

    /// For reading only.
    Socket& socket() noexcept { return socket_; }

    /// Gives bytes back that were read too far; the next read returns them first.
    void unread(std::string_view bytes) { unread_.assign(bytes); }
    std::string& unread_bytes() noexcept { return unread_; }

private:
    friend class WriteCoalescer;

    void make_room();
    void send_soon();
    void flush();
    void wait_until_writable();

    Socket socket_;
    WriteCoalescer& coalescer_;
    std::string bytes_;
    std::size_t head_ = 0;         // what stands before it in bytes_ has been sent
    std::size_t position_ = none;  // in the coalescer's list
    bool full_ = false;            // the socket is: wait_until_writable() is under way
    bool failed_ = false;
    AsyncCondition progress_;
    std::string unread_;

    static constexpr std::size_t none = static_cast<std::size_t>(-1);
};

}  // namespace beastapi::detail
