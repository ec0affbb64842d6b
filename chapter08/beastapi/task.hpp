// Coroutines that run beside the others: asyncio's `Task` and `create_task`.
#pragma once

#include "beastapi/awaitable.hpp"

#include <memory>
#include <utility>

namespace beastapi::asyncio {

namespace detail {
struct TaskState;
}

/// A coroutine that runs by itself. This is a handle, copied like a reference in Python; the
/// coroutine goes on without it. All of it belongs to the thread of the coroutine's loop.
class Task {
public:
    explicit Task(std::shared_ptr<detail::TaskState> state) : state_(std::move(state)) {}

    /// Whether it has ended, in whatever way.
    bool done() const noexcept;

    /// Ends it where it waits: boost::system::system_error (operation_aborted) is thrown there.
    /// Does nothing once it has ended.
    void cancel() const;

    /// Waits for its end, and throws what it has thrown: `await task` in Python.
    awaitable<void> wait() const;

private:
    std::shared_ptr<detail::TaskState> state_;
};

/// Lets `coroutine` run beside the one that calls, from the next turn of the loop on. Throws
/// std::runtime_error on a thread that runs no event loop.
///
/// What it throws is logged once no handle is left, unless somebody has waited for it. It ends with
/// its loop at the latest: App::run() destroys what is left of it before it returns.
Task create_task(awaitable<void> coroutine);

}  // namespace beastapi::asyncio
