#include "support/failing_allocations.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local bool armed = false;
thread_local std::size_t left = 0;
thread_local bool refused = false;

void* allocate(std::size_t size) {
    if (armed) {
        if (left == 0) {
            refused = true;
            throw std::bad_alloc();
        }
        --left;
    }
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) {
        return memory;
    }
    throw std::bad_alloc();
}

}  // namespace

// They stand in for the program's; the forms for arrays call these.
void* operator new(std::size_t size) {
    return allocate(size);
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
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
