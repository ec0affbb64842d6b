// Memory that runs out when it is told to. Linked into allocation_tests alone: it replaces operator
// new, and aligned_alloc, from which Asio takes the memory of handlers and of coroutines.
#pragma once

#include <cstddef>

namespace failing_new {

/// From now on, allocations of the calling thread count, and may fail.
void arm_this_thread() noexcept;

/// While it lives, those of this thread do not count: the test asks the server something.
class Pause {
public:
    Pause() noexcept;
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

private:
    bool was_armed_;
};

/// Lets the n-th of these allocations fail: 1 is the next; 0: none.
void fail_at(std::size_t n) noexcept;

/// Whether the one that was to fail has failed.
bool has_failed() noexcept;

/// Writes to stderr where that was.
void print_where() noexcept;

}  // namespace failing_new
