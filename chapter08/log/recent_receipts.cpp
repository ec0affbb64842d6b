#include "log/recent_receipts.hpp"

#include <sys/random.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace chat_log {

namespace {

/// SipHash-1-3, by Aumasson and Bernstein.
class SipHash {
public:
    SipHash(std::uint64_t key0, std::uint64_t key1)
        : v0_(key0 ^ 0x736f6d6570736575),
          v1_(key1 ^ 0x646f72616e646f6d),
          v2_(key0 ^ 0x6c7967656e657261),
          v3_(key1 ^ 0x7465646279746573) {}

    std::uint64_t of(std::string_view text) {
        constexpr std::size_t word = 8;
        const auto length = static_cast<std::uint64_t>(text.size()) << 56U;
        while (text.size() >= word) {
            take(load(text.substr(0, word)));
            text.remove_prefix(word);
        }
        take(length | load(text));
        v2_ ^= 0xff;
        round();
        round();
        round();
        return v0_ ^ v1_ ^ v2_ ^ v3_;
    }

private:
    static std::uint64_t load(std::string_view bytes) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data(), bytes.size());
        return word;
    }

    void take(std::uint64_t word) {
        v3_ ^= word;
        round();
        v0_ ^= word;
    }

    void round() {
        v0_ += v1_;
        v2_ += v3_;
        v1_ = std::rotl(v1_, 13) ^ v0_;
        v3_ = std::rotl(v3_, 16) ^ v2_;
        v0_ = std::rotl(v0_, 32);
        v2_ += v1_;
        v0_ += v3_;
        v1_ = std::rotl(v1_, 17) ^ v2_;
        v3_ = std::rotl(v3_, 21) ^ v0_;
        v2_ = std::rotl(v2_, 32);
    }

    std::uint64_t v0_;
    std::uint64_t v1_;
    std::uint64_t v2_;
    std::uint64_t v3_;
};

}  // namespace

RecentReceipts::RecentReceipts() {
    if (::getrandom(secret_, sizeof secret_, 0) != static_cast<ssize_t>(sizeof secret_)) {
        throw std::system_error(errno, std::generic_category(), "getrandom");
    }
}

std::uint64_t RecentReceipts::key_of(std::string_view author, std::string_view id) const {
    return SipHash(secret_[0], SipHash(secret_[0], secret_[1]).of(author)).of(id);
}

std::optional<std::int64_t> RecentReceipts::find(std::uint64_t key) const {
    const auto found = rows_.find(key);
    return found == rows_.end() ? std::nullopt : std::optional(found->second);
}

std::int64_t RecentReceipts::add(std::uint64_t key) {
    const std::int64_t row = end();
    keys_.push_back(key);
    rows_[key] = row;
    return row;
}

void RecentReceipts::forget_before(std::int64_t row) {
    while (!keys_.empty() && first_ < row) {
        forget(keys_.front(), first_);
        keys_.pop_front();
        ++first_;
    }
}

void RecentReceipts::forget_from(std::int64_t row) noexcept {
    while (!keys_.empty() && end() > row) {
        forget(keys_.back(), end() - 1);
        keys_.pop_back();
    }
}

void RecentReceipts::forget(std::uint64_t key, std::int64_t row) noexcept {
    const auto found = rows_.find(key);
    if (found != rows_.end() && found->second == row) {
        rows_.erase(found);
    }
}

}  // namespace chat_log
