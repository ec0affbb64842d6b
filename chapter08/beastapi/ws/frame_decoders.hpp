// Beast's WebSocket streams, of which a connection has one only while a message is coming in.
#pragma once

#include "beastapi/ws/frame_feed.hpp"

#include <boost/beast/core/role.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace beastapi::detail {

/// What Beast takes for a socket: a SyncStream over the feed of a connection.
class FeedLink {
public:
    using executor_type = Outbox::Socket::executor_type;

    explicit FeedLink(FrameFeed& feed) : executor_(feed.executor()), feed_(&feed) {}

    executor_type get_executor() const noexcept { return executor_; }

    /// From now on it belongs to another connection; null: to none, and drops what is written.
    void connect(FrameFeed* feed) noexcept { feed_ = feed; }

    template <class MutableBuffers>
    std::size_t read_some(const MutableBuffers& buffers) {
        return feed_->read_some(buffers);
    }
    template <class MutableBuffers>
    std::size_t read_some(const MutableBuffers& buffers, boost::system::error_code& error) {
        error = {};
        return feed_->read_some(buffers);
    }

    template <class ConstBuffers>
    std::size_t write_some(const ConstBuffers& buffers) {
        boost::system::error_code ignored;
        return write_some(buffers, ignored);
    }
    template <class ConstBuffers>
    std::size_t write_some(const ConstBuffers& buffers, boost::system::error_code& error) {
        error = {};
        return feed_ == nullptr ? boost::asio::buffer_size(buffers)
                                : feed_->write_some(buffers, error);
    }

private:
    executor_type executor_;
    FrameFeed* feed_;
};

// Beast's ways to end a connection do nothing: what explains the end is still in the outbox then.
// Outbox::shut_down() sends that, and ends the stream.
inline void teardown(boost::beast::role_type, FeedLink&, boost::system::error_code& error) {
    error = {};
}
inline void beast_close_socket(FeedLink&) {}

/// Beast's stream, which takes 2.5 KiB, a buffer of 1.5 KiB among it.
///
/// Without permessage-deflate (RFC 7692): before Boost 1.90, Beast ends a connection on which the
/// same text comes again and again (boostorg/beast, issue 3028); and messages are short.
using FrameDecoder = boost::beast::websocket::stream<FeedLink, false>;

/// Lends decoders to the connections of an event loop.
///
/// Between two messages, all decoders are alike: nothing in one tells whose frames it has decoded.
/// So an idle connection has none, and those that talk take turns with a few, which stay in the
/// processor's cache. Whatever a decoder might remember, such as an error, a close frame, or
/// a message in fragments, it takes to its grave.
class FrameDecoders {
public:
    using Handshake = boost::beast::http::request<boost::beast::http::string_body>;

    /// How many may wait for the next connection.
    static constexpr std::size_t max_spare = 8;

    /// Larger messages than `max_message_bytes` are refused.
    explicit FrameDecoders(std::size_t max_message_bytes);
    FrameDecoders(const FrameDecoders&) = delete;
    FrameDecoders& operator=(const FrameDecoders&) = delete;

    /// Answers the opening handshake (RFC 6455, section 4.2.2) by `feed`; without a `subprotocol`
    /// if that is empty.
    void accept(FrameFeed& feed, const Handshake& handshake, const std::string& subprotocol,
                boost::system::error_code& error);

    /// A decoder for the next message of `feed`.
    std::unique_ptr<FrameDecoder> take(FrameFeed& feed);

    /// Takes it back. `feed` has to be between two messages.
    void give_back(std::unique_ptr<FrameDecoder> decoder, FrameFeed& feed) noexcept;

    /// How many wait for the next connection.
    std::size_t spare() const noexcept { return spare_.size(); }

private:
    std::unique_ptr<FrameDecoder> make(FrameFeed& feed) const;

    std::size_t max_message_bytes_;
    std::vector<std::unique_ptr<FrameDecoder>> spare_;
};

}  // namespace beastapi::detail
