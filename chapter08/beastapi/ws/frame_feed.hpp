// Where a decoder of WebSocket frames reads and writes: bytes that have come already, and the
// outbox.
#pragma once

#include "beastapi/net/outbox.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace beastapi::detail {

/// What one connection has for its decoder, so that Beast's synchronous calls never block.
///
/// One read of the socket may bring many frames. Beast decodes them from here one by one, without
/// an asynchronous operation, a post and an allocation for each. All that has to be known for that
/// is where a frame ends: Beast is called only when is_ready() says that it can go on.
class FrameFeed {
public:
    /// Thrown into Beast where it asks for bytes that have not come. Beast's state is then as it
    /// was before it asked, because it got whole headers only.
    struct NeedsMore {};

    /// `outbox` has to outlive it.
    explicit FrameFeed(Outbox& outbox) : outbox_(outbox) {}
    FrameFeed(const FrameFeed&) = delete;
    FrameFeed& operator=(const FrameFeed&) = delete;

    Outbox::Socket::executor_type executor() const { return outbox_.executor(); }

    /// Adds bytes from the peer. They must stay where they are until keep_rest().
    void add(std::string_view bytes);

    /// Copies what Beast has not taken, so that the buffer behind add() can be used again.
    void keep_rest();

    /// Whether Beast can decode something: a frame's whole header, a whole control frame, or more
    /// of a payload.
    bool is_ready() const noexcept;

    /// How many bytes of the payload that is next are here.
    std::size_t payload_available() const noexcept;

    /// How many frames have begun since the last call.
    std::size_t take_frame_count() noexcept { return std::exchange(frames_, 0); }

    /// Whether the next byte begins a message, so that a decoder has nothing to remember.
    bool is_between_messages() const noexcept { return remaining_ == 0 && !message_is_open_; }

    /// Whether a message has come in fragments since the last call.
    bool take_fragmented() noexcept { return std::exchange(fragmented_, false); }

    /// Whether Beast has written something since the last call.
    bool take_written() noexcept { return std::exchange(written_, false); }

    /// From now on what Beast writes is dropped: no frame follows a close frame (RFC 6455,
    /// section 5.5.1), and ours is in the outbox.
    void stop_writing() noexcept { writing_ = false; }

    /// Copies what is next into `buffers`.
    template <class MutableBuffers>
    std::size_t read_some(const MutableBuffers& buffers) {
        const std::string_view next = take(boost::asio::buffer_size(buffers));
        return boost::asio::buffer_copy(buffers, boost::asio::buffer(next));
    }

    /// Appends `buffers` to the outbox.
    template <class ConstBuffers>
    std::size_t write_some(const ConstBuffers& buffers, boost::system::error_code& error) {
        error = {};
        if (outbox_.failed()) {
            error = boost::asio::error::connection_aborted;
            return 0;
        }
        written_ = true;
        const auto end = boost::asio::buffer_sequence_end(buffers);
        for (auto it = boost::asio::buffer_sequence_begin(buffers); writing_ && it != end; ++it) {
            const boost::asio::const_buffer buffer = *it;
            outbox_.append({static_cast<const char*>(buffer.data()), buffer.size()});
        }
        return boost::asio::buffer_size(buffers);
    }

private:
    struct Header {
        std::size_t size = 0;  ///< of the header; 0: it has not come whole
        std::uint64_t payload = 0;
        bool control = false;
        bool fin = false;
    };
    Header next_header() const noexcept;
    std::string_view take(std::size_t room);

    Outbox& outbox_;
    std::string_view input_;       // what has come and was not taken
    std::string kept_;             // holds input_, unless add() brought it
    std::uint64_t remaining_ = 0;  // of the payload that Beast is at
    std::size_t frames_ = 0;
    bool message_is_open_ = false;  // a fragment has come, and the last one not yet
    bool fragmented_ = false;
    bool written_ = false;
    bool writing_ = true;
};

}  // namespace beastapi::detail
