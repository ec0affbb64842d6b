// Takes WebSocket messages out of a stream of bytes that comes in pieces of any size.
#pragma once

#include "frame.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace load {

/// What is left of a frame that has not come whole is carried over to the next read: the caller
/// restores it in front of what it reads then. So a message lies in one piece in the caller's
/// buffer and is never copied, except where a buffer ends in it or it comes in fragments.
class MessageReader {
public:
    enum class Result : std::uint8_t { good, malformed };

    std::size_t carried() const { return carry_.size(); }
    void restore(char* to) const { std::memcpy(to, carry_.data(), carry_.size()); }
    /// The buffer that the frame at hand needs.
    std::size_t wanted() const { return wanted_; }
    /// Carries bytes over that are no frames yet.
    void keep(std::string_view bytes) { carry_.assign(bytes); }

    /// Hands each whole message to `sink.message(opcode, payload)` and each control frame to
    /// `sink.control(opcode, payload)`, as long as they return true; the rest is then dropped.
    template <class Sink>
    Result read(std::string_view bytes, Sink& sink);

private:
    // A longer message is refused.
    static constexpr std::uint64_t longest = std::uint64_t{64} << 20U;

    template <class Sink>
    bool take_fragment(const FrameHeader& header, std::string_view payload, Sink& sink,
                       bool& go_on);

    std::size_t wanted_{};
    Opcode fragmented_{};  // the opcode of the message that is coming in fragments
    std::string carry_;
    std::string fragments_;
};

template <class Sink>
MessageReader::Result MessageReader::read(std::string_view bytes, Sink& sink) {
    const char* at = bytes.data();
    const char* const end = at + bytes.size();
    wanted_ = 0;
    bool go_on = true;
    while (go_on) {
        FrameHeader header;
        const auto left = static_cast<std::size_t>(end - at);
        const Parse parse = parse_header(at, left, header);
        if (parse == Parse::incomplete) {
            break;
        }
        if (parse == Parse::malformed || header.length > longest) {
            return Result::malformed;
        }
        if (left - header.size < header.length) {
            wanted_ = header.size + static_cast<std::size_t>(header.length);
            break;
        }
        const std::string_view payload{at + header.size, static_cast<std::size_t>(header.length)};
        at = payload.data() + payload.size();
        if (is_control(header.opcode)) {
            go_on = sink.control(header.opcode, payload);
        } else if (header.fin && header.opcode != Opcode::continuation &&
                   fragmented_ == Opcode::continuation) [[likely]] {
            go_on = sink.message(header.opcode, payload);
        } else if (!take_fragment(header, payload, sink, go_on)) {
            return Result::malformed;
        }
    }
    carry_.assign(at, static_cast<std::size_t>(end - at));
    return Result::good;
}

template <class Sink>
bool MessageReader::take_fragment(const FrameHeader& header, std::string_view payload, Sink& sink,
                                  bool& go_on) {
    const bool first = header.opcode != Opcode::continuation;
    const bool expects_first = fragmented_ == Opcode::continuation;
    if (first != expects_first || fragments_.size() + payload.size() > longest) {
        return false;
    }
    if (first) {
        fragmented_ = header.opcode;
    }
    fragments_.append(payload);
    if (header.fin) {
        const std::string whole = std::move(fragments_);
        fragments_ = {};
        const Opcode opcode = std::exchange(fragmented_, Opcode::continuation);
        go_on = sink.message(opcode, whole);
    }
    return true;
}

}  // namespace load
