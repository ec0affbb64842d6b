#include "log/conversation.hpp"

#include "log/slice_filler.hpp"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace chat_log {

namespace {

std::size_t cost_of(const Entry& entry) {
    return sizeof(Entry) + entry.payload.capacity();
}

}  // namespace

std::string make_epoch() {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    constexpr std::size_t length = 22;  // 6 bits each
    std::array<unsigned char, length> random{};
    if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
        throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    std::string epoch;
    for (const unsigned char byte : random) {
        epoch.push_back(digits[byte % digits.size()]);
    }
    return epoch;
}

void Conversation::begin(std::string epoch, Seq last_seq) {
    epoch_ = std::move(epoch);
    last_seq_ = last_seq;
    is_new_ = true;
    recent_.clear();
    cost_ = overhead;
    if (begun_anew_) {
        begun_anew_();
    }
}

void Conversation::add(Entry entry) {
    if (entry.seq != last_seq_ + 1) {
        recent_.clear();
        cost_ = overhead;
    }
    recent_.push_back(std::move(entry));
    const Entry& added = recent_.back();
    last_seq_ = added.seq;
    cost_ += cost_of(added);
    if (follower_) {
        follower_(added);
    }
}

void Conversation::forget_oldest() {
    if (!recent_.empty()) {
        cost_ -= cost_of(recent_.front());
        recent_.pop_front();
    }
}

Slice Conversation::read(const Range& range) const {
    const Seq first_kept = first_in_memory();
    const Seq first = std::max(range.after + 1, first_kept);
    const Seq end = std::min(range.before, last_seq_ + 1);
    SliceFiller slice(range, first_kept);
    for (Seq taken = 0; first + taken < end; ++taken) {
        const Seq seq = range.newest ? end - 1 - taken : first + taken;
        if (!slice.add(recent_[static_cast<std::size_t>(seq - first_kept)])) {
            break;
        }
    }
    return slice.finish();
}

}  // namespace chat_log
