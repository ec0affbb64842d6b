#include "allocations/failing_new.hpp"

#include <execinfo.h>
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

namespace failing_new {

namespace {

thread_local bool armed = false;
std::atomic<std::size_t> left = 0;
std::atomic<bool> failed = false;
std::array<void*, 40> trace;
int depth = 0;

bool is_to_fail() noexcept {
    if (!armed || left == 0 || --left > 0) {
        return false;
    }
    depth = ::backtrace(trace.data(), static_cast<int>(trace.size()));
    failed = true;
    return true;
}

}  // namespace

void arm_this_thread() noexcept {
    ::backtrace(trace.data(), 1);  // loads what it needs
    armed = true;
}

Pause::Pause() noexcept : was_armed_(armed) {
    armed = false;
}

Pause::~Pause() {
    armed = was_armed_;
}

void fail_at(std::size_t n) noexcept {
    failed = false;
    left = n;
}

bool has_failed() noexcept {
    return failed;
}

void print_where() noexcept {
    ::backtrace_symbols_fd(trace.data(), depth, STDERR_FILENO);
}

}  // namespace failing_new

void* operator new(std::size_t size) {
    void* const memory = failing_new::is_to_fail() ? nullptr : std::malloc(size > 0 ? size : 1);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}

void* operator new(std::size_t size, std::align_val_t alignment) {
    void* const memory = ::aligned_alloc(static_cast<std::size_t>(alignment), size);
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
void operator delete(void* memory, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}

extern "C" void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
    return failing_new::is_to_fail() ? nullptr : ::memalign(alignment, size);
}
