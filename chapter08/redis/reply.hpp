// What Redis answers, as hiredis reads it.
#pragma once

#include <hiredis/hiredis.h>

#include <charconv>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace chat_redis {

/// A reply, which is hiredis' and lasts as long as the call that it's given to.
///
/// It may be what one doesn't expect, since it comes from another program: each accessor answers
/// something harmless then.
class Reply {
public:
    explicit Reply(const redisReply* reply) noexcept : reply_(reply) {}

    bool is_error() const noexcept { return is(REDIS_REPLY_ERROR); }
    bool is_array() const noexcept { return is(REDIS_REPLY_ARRAY); }
    bool is_nil() const noexcept { return is(REDIS_REPLY_NIL); }

    /// Of a string, a status or an error; else empty.
    std::string_view text() const noexcept {
        const bool has_text =
            is(REDIS_REPLY_STRING) || is(REDIS_REPLY_STATUS) || is(REDIS_REPLY_ERROR);
        return has_text ? std::string_view(reply_->str, reply_->len) : std::string_view();
    }

    /// Of an integer, or of a string that is one; else 0.
    std::uint64_t number() const noexcept {
        if (is(REDIS_REPLY_INTEGER)) {
            return static_cast<std::uint64_t>(reply_->integer);
        }
        std::uint64_t number = 0;
        const std::string_view digits = text();
        const char* const begin = digits.data();
        std::from_chars(begin, begin + digits.size(), number);
        return number;
    }

    /// Of an array; else 0.
    std::size_t size() const noexcept { return is_array() ? reply_->elements : 0; }

    /// Of an array; a reply without anything if it has no such element.
    Reply operator[](std::size_t index) const noexcept {
        return Reply(index < size() ? reply_->element[index] : nullptr);
    }

private:
    bool is(int type) const noexcept { return reply_ != nullptr && reply_->type == type; }

    const redisReply* reply_;
};

}  // namespace chat_redis
