// What the inspector shows as a task: the handler of a connection, or of a request.
#pragma once

#include "beastapi/inspect/wait.hpp"
#include "beastapi/request.hpp"

#include <memory>
#include <type_traits>
#include <utility>

namespace beastapi::inspect {

/// Named by the path of the request; null while nobody inspects.
std::unique_ptr<Task> task_of(const Request& request);

/// Lives in the coroutine that runs a task.
class TaskScope {
public:
    TaskScope(std::unique_ptr<Task> task, const void* thread) noexcept
        : node_(registry == nullptr ? nullptr : registry->begin_task(std::move(task), thread)) {}
    TaskScope(const TaskScope&) = delete;
    TaskScope& operator=(const TaskScope&) = delete;
    ~TaskScope() {
        if (node_ != nullptr) {
            node_->registry->end_task(*node_);
        }
    }

private:
    Node* node_;
};

template <class T>
awaitable<T> run_task(std::unique_ptr<Task> task, awaitable<T> body) {
    const void* const thread = co_await this_thread();
    const TaskScope scope(std::move(task), thread);
    if constexpr (std::is_void_v<T>) {
        co_await std::move(body);
    } else {
        co_return co_await std::move(body);
    }
}

/// `body`, shown as that task; `body` itself without one.
template <class T>
awaitable<T> as_task(awaitable<T> body, std::unique_ptr<Task> task) {
    if (task == nullptr) [[likely]] {
        return body;
    }
    return run_task(std::move(task), std::move(body));
}

}  // namespace beastapi::inspect
