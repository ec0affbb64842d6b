#include "beastapi/ws/frame_feed.hpp"

#include <algorithm>

namespace beastapi::detail {

namespace {

// RFC 6455, section 5.2.
constexpr unsigned length_bits = 0x7F;
constexpr unsigned mask_bit = 0x80;
constexpr unsigned fin_bit = 0x80;
constexpr unsigned control_bit = 0x08;
constexpr unsigned two_byte_length = 126;
constexpr unsigned eight_byte_length = 127;
constexpr std::size_t mask_size = 4;
constexpr std::uint64_t max_payload = std::uint64_t{1} << 62U;

unsigned byte_at(std::string_view bytes, std::size_t index) {
    return static_cast<unsigned char>(bytes[index]);
}

}  // namespace

void FrameFeed::add(std::string_view bytes) {
    if (input_.empty()) {
        kept_.clear();
        input_ = bytes;
    } else {
        keep_rest();
        kept_.append(bytes);
        input_ = kept_;
    }
}

void FrameFeed::keep_rest() {
    if (input_.empty()) {
        std::string().swap(kept_);  // an idle connection holds no buffer
    } else if (input_.data() >= kept_.data() && input_.data() < kept_.data() + kept_.size()) {
        kept_.erase(0, static_cast<std::size_t>(input_.data() - kept_.data()));
    } else {
        kept_.assign(input_);
    }
    input_ = kept_;
}

FrameFeed::Header FrameFeed::next_header() const noexcept {
    Header header;
    if (input_.size() < 2) {
        return header;
    }
    const unsigned length = byte_at(input_, 1) & length_bits;
    const std::size_t length_size =
        length == two_byte_length ? 2 : (length == eight_byte_length ? 8 : 0);
    const std::size_t size =
        2 + length_size + ((byte_at(input_, 1) & mask_bit) != 0 ? mask_size : 0);
    if (input_.size() < size) {
        return header;
    }
    header.size = size;
    header.fin = (byte_at(input_, 0) & fin_bit) != 0;
    header.payload = length_size == 0 ? length : 0;
    for (std::size_t i = 0; i < length_size; ++i) {
        header.payload = header.payload << 8U | byte_at(input_, 2 + i);
    }
    // Beast refuses what is larger by far; here it must only not overflow.
    header.payload = std::min(header.payload, max_payload);
    // A control frame that is too long is none: Beast refuses it by its header.
    header.control = (byte_at(input_, 0) & control_bit) != 0 && length_size == 0;
    return header;
}

bool FrameFeed::is_ready() const noexcept {
    if (remaining_ > 0) {
        return !input_.empty();
    }
    const Header header = next_header();
    if (header.size == 0) {
        return false;
    }
    return !header.control || input_.size() - header.size >= header.payload;
}

std::size_t FrameFeed::payload_available() const noexcept {
    if (remaining_ > 0) {
        return static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input_.size()));
    }
    const Header header = next_header();
    if (header.size == 0 || header.control) {
        return 0;
    }
    return static_cast<std::size_t>(
        std::min<std::uint64_t>(header.payload, input_.size() - header.size));
}

// Gives Beast nothing of a frame but its whole header (of a control frame, all of it), and never
// anything of the frame behind it.
std::string_view FrameFeed::take(std::size_t room) {
    if (!is_ready()) {
        throw NeedsMore();
    }
    if (remaining_ == 0) {
        const Header header = next_header();
        remaining_ = header.size + header.payload;
        ++frames_;
        if (!header.control) {
            message_is_open_ = !header.fin;
            fragmented_ = fragmented_ || message_is_open_;
        }
    }
    const auto size =
        static_cast<std::size_t>(std::min<std::uint64_t>({remaining_, input_.size(), room}));
    const std::string_view next = input_.substr(0, size);
    input_.remove_prefix(size);
    remaining_ -= size;
    return next;
}

}  // namespace beastapi::detail
