// The outbox: the one way by which bytes leave a connection.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/net/async_condition.hpp"
#include "beastapi/net/write_coalescer.hpp"

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace beastapi::detail {

/// The queue of bytes that a connection still has to send, and the socket that they go to.
///
/// What is appended is sent in that order: at the end of the turn, or at once when high_water is
/// reached. Only the outbox writes to the socket, and it never has two writes under way.
///
/// An outbox judges its reader by time as well as by bytes, see OutboxLimits: one that drains may
/// be behind for a while; one that takes nothing is given up.
class Outbox : public std::enable_shared_from_this<Outbox> {
public:
    using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp,
                                                    boost::asio::io_context::executor_type>;

    /// Is told when the reader does not drain the outbox.
    class Owner {
    public:
        virtual void on_slow_reader() noexcept = 0;

    protected:
        ~Owner() = default;
    };

    /// Above this many queued bytes, writers that can wait do wait.
    static constexpr std::size_t high_water = 64 * 1024;

    Outbox(Socket socket, WriteCoalescer& coalescer);
    Outbox(const Outbox&) = delete;
    Outbox& operator=(const Outbox&) = delete;
    ~Outbox();

    /// It ends the connection when its reader is too slow; null: the outbox aborts. The owner must
    /// outlive its charge.
    void set_owner(Owner* owner) noexcept { owner_ = owner; }

    /// Queues bytes; drops them if the connection has failed. Throws std::bad_alloc.
    void append(std::string_view bytes);

    /// Queues both, one behind the other: a frame's header and its payload. Throws std::bad_alloc.
    void append(std::string_view head, std::string_view body);

    /// The same with what closes it: a chunk of an HTTP body.
    void append(std::string_view head, std::string_view body, std::string_view tail);

    /// Whether so many more bytes may wait for this reader.
    bool has_room_for(std::size_t bytes) const noexcept;

    /// Bytes queued and not yet taken by the operating system.
    std::size_t size() const noexcept { return bytes_.size() - head_; }

    /// Bytes that the operating system has taken since the beginning.
    std::uint64_t sent() const noexcept { return sent_; }

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
    /// last bytes are not lost to a reset. Closes the socket, at the latest after `patience`.
    awaitable<void> shut_down(std::chrono::steady_clock::duration patience);

    /// Closes the socket at once; pending reads end, and what is queued is dropped.
    void abort() noexcept;

    WriteCoalescer& coalescer() noexcept { return coalescer_; }

    /// For reading only.
    Socket& socket() noexcept { return socket_; }

    boost::asio::io_context::executor_type executor() const { return coalescer_.executor(); }

private:
    friend class WriteCoalescer;

    void make_room() noexcept;
    void send_soon();
    void flush() noexcept;
    void wait_until_writable();
    bool is_drained() noexcept;
    bool drains_fast_enough(std::chrono::steady_clock::time_point now) const noexcept;
    void give_up() noexcept;

    Socket socket_;
    WriteCoalescer& coalescer_;
    Owner* owner_ = nullptr;
    std::string bytes_;
    std::size_t head_ = 0;         // everything before it in bytes_ has been sent
    std::size_t position_ = none;  // in the coalescer's list
    std::uint64_t sent_ = 0;
    std::uint64_t sent_before_span_ = 0;
    std::chrono::steady_clock::time_point span_begin_{};  // in which the reader is judged
    bool full_ = false;     // the socket is: wait_until_writable() is under way
    bool watched_ = false;  // by the coalescer, because the socket was full
    bool failed_ = false;
    AsyncCondition progress_;

    static constexpr std::size_t none = static_cast<std::size_t>(-1);
};

}  // namespace beastapi::detail
