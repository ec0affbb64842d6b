// Memory that runs out at a chosen allocation.
#pragma once

#include <cstddef>

namespace test {

/// While it lives, this thread's operator new throws std::bad_alloc, and its aligned_alloc, from
/// which Asio takes memory, has none: at the allocation of that number, counted from 0, and at each
/// one after it.
class FailingAllocations {
public:
    explicit FailingAllocations(std::size_t from);
    ~FailingAllocations();
    FailingAllocations(const FailingAllocations&) = delete;
    FailingAllocations& operator=(const FailingAllocations&) = delete;

    /// Whether one was refused.
    bool struck() const;
};

}  // namespace test
