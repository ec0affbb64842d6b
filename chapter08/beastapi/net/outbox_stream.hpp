// What Beast takes for a socket: reads come from the connection's socket, writes go to its outbox.
#pragma once

#include "beastapi/net/outbox.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>

#include <memory>
#include <utility>

namespace beastapi::detail {

/// A handle of the outbox with the operations of Asio's AsyncReadStream and AsyncWriteStream.
///
/// Beast reads HTTP requests and writes responses through it. A write completes when the outbox has
/// taken the bytes and has come down to its high-water mark again.
class OutboxStream {
public:
    using executor_type = Outbox::Socket::executor_type;

    explicit OutboxStream(std::shared_ptr<Outbox> outbox) : outbox_(std::move(outbox)) {}

    executor_type get_executor() const noexcept { return outbox_->socket().get_executor(); }

    template <class MutableBuffers, class Token>
    auto async_read_some(const MutableBuffers& buffers, Token&& token) {
        return outbox_->socket().async_read_some(buffers, std::forward<Token>(token));
    }

    template <class ConstBuffers, class Token>
    auto async_write_some(const ConstBuffers& buffers, Token&& token) {
        return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
            [](auto handler, const std::shared_ptr<Outbox>& outbox, const ConstBuffers& from) {
                std::size_t written = 0;
                const auto end = boost::asio::buffer_sequence_end(from);
                for (auto it = boost::asio::buffer_sequence_begin(from); it != end; ++it) {
                    // The rest of a large body waits where it is, and not in a copy of it.
                    const boost::asio::const_buffer buffer =
                        boost::asio::buffer(*it, Outbox::high_water - written);
                    outbox->append({static_cast<const char*>(buffer.data()), buffer.size()});
                    written += buffer.size();
                }
                Write<decltype(handler)>{outbox, std::move(handler), written}();
            },
            token, outbox_, buffers);
    }

private:
    template <class Handler>
    static void complete(Outbox& outbox, Handler handler, std::size_t transferred) {
        boost::system::error_code error;
        if (outbox.failed()) {
            error = boost::asio::error::connection_aborted;
        }
        boost::asio::post(outbox.socket().get_executor(),
                          boost::beast::bind_front_handler(std::move(handler), error, transferred));
    }

    template <class Handler>
    struct Write {
        std::shared_ptr<Outbox> outbox;
        Handler handler;
        std::size_t written;

        void operator()(boost::system::error_code = {}) {
            if (outbox->failed() || outbox->size() <= Outbox::high_water) {
                complete(*outbox, std::move(handler), written);
            } else {
                AsyncCondition& progress = outbox->progress();
                progress.async_wait(std::move(*this));
            }
        }
    };

    std::shared_ptr<Outbox> outbox_;
};

}  // namespace beastapi::detail
