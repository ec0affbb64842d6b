#include "support/failing_allocations.hpp"

#include <malloc.h>

#include <cstdlib>
#include <new>

namespace {

thread_local bool armed = false;
thread_local std::size_t left = 0;
thread_local bool refused = false;

bool is_to_fail() noexcept {
    if (!armed) {
        return false;
    }
    if (left == 0) {
        refused = true;
        return true;
    }
    --left;
    return false;
}

}  // namespace

// They stand in for the program's; the forms for arrays call these.
void* operator new(std::size_t size) {
    void* const memory = is_to_fail() ? nullptr : std::malloc(size == 0 ? 1 : size);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

// Asio takes the memory of handlers and of coroutines from here.
extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    return is_to_fail() ? nullptr : ::memalign(alignment, size);
}

namespace test {

FailingAllocations::FailingAllocations(std::size_t from) {
    left = from;
    refused = false;
    armed = true;
}

FailingAllocations::~FailingAllocations() {
    armed = false;
}

bool FailingAllocations::struck() const {
    return refused;
}

}  // namespace test
