// What a coroutine says of itself when it waits.
#pragma once

#include <source_location>

namespace beastapi::inspect {

/// Made in a statement of its own or by its constructor: GCC 12 refuses braces behind co_await.
struct Where {
    Where() = default;
    Where(const char* waiting_on, std::source_location location) noexcept
        : what(waiting_on), at(location) {}

    const char* what = nullptr;  ///< what for, in plain words, a literal; null: nobody is told
    std::source_location at{};
};

}  // namespace beastapi::inspect
