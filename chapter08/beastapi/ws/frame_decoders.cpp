#include "beastapi/ws/frame_decoders.hpp"

#include <boost/beast/http/field.hpp>
#include <boost/beast/http/verb.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <utility>

namespace beastapi::detail {

namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

namespace {

/// Beast opens a stream by a handshake only.
FrameDecoders::Handshake any_handshake() {
    FrameDecoders::Handshake request(http::verb::get, "/", 11);
    request.set(http::field::host, "localhost");
    request.set(http::field::connection, "Upgrade");
    request.set(http::field::upgrade, "websocket");
    request.set(http::field::sec_websocket_version, "13");
    request.set(http::field::sec_websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
    return request;
}

}  // namespace

FrameDecoders::FrameDecoders(std::size_t max_message_bytes)
    : max_message_bytes_(max_message_bytes) {
    spare_.reserve(max_spare);
}

std::unique_ptr<FrameDecoder> FrameDecoders::make(FrameFeed& feed) const {
    auto decoder = std::make_unique<FrameDecoder>(FeedLink(feed));
    decoder->read_message_max(max_message_bytes_);
    return decoder;
}

void FrameDecoders::accept(FrameFeed& feed, const Handshake& handshake,
                           const std::string& subprotocol, error_code& error) {
    auto decoder = make(feed);
    decoder->set_option(
        websocket::stream_base::decorator([&subprotocol](websocket::response_type& response) {
            // Beast would name itself and its version.
            response.set(http::field::server, "beastapi");
            if (!subprotocol.empty()) {
                response.set(http::field::sec_websocket_protocol, subprotocol);
            }
        }));
    decoder->accept(handshake, error);
    // Beast would keep the decorator as long as the stream.
    decoder->set_option(websocket::stream_base::decorator([](websocket::response_type&) {}));
    if (!error) {
        give_back(std::move(decoder), feed);
    }
}

std::unique_ptr<FrameDecoder> FrameDecoders::take(FrameFeed& feed) {
    std::unique_ptr<FrameDecoder> decoder;
    if (spare_.empty()) {
        // Rare: on many connections, messages are half here.
        decoder = make(feed);
        decoder->next_layer().connect(nullptr);
        decoder->accept(any_handshake());
    } else {
        decoder = std::move(spare_.back());
        spare_.pop_back();
    }
    decoder->next_layer().connect(&feed);
    return decoder;
}

void FrameDecoders::give_back(std::unique_ptr<FrameDecoder> decoder, FrameFeed& feed) noexcept {
    const bool fragmented = feed.take_fragmented();
    if (spare_.size() < max_spare && !fragmented && decoder->is_open()) {
        decoder->next_layer().connect(nullptr);
        spare_.push_back(std::move(decoder));
    }
}

}  // namespace beastapi::detail
