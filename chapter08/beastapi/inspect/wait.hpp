// Tells the inspector of the waits of a coroutine.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/inspect/registry.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/deferred.hpp>

#include <exception>
#include <utility>

namespace beastapi::inspect {

/// Lives in a coroutine that suspends. While nobody inspects, it's one comparison.
class Wait {
public:
    Wait() = default;
    Wait(const Wait&) = delete;
    Wait& operator=(const Wait&) = delete;
    /// The wait was cancelled, or the coroutine destroyed.
    ~Wait() {
        if (node_ != nullptr) [[unlikely]] {
            end();
        }
    }

    /// To be called where the operation is initiated, with the coroutine as Asio's handler.
    template <class Handler>
    void begin(Handler& handler, const Where& where) noexcept {
        if (registry != nullptr && where.what != nullptr) [[unlikely]] {
            node_ = registry->wait(handler.entry_point(), where);
        }
    }

    /// The same with what this_thread() has given: nothing while nobody inspects.
    void begin(const void* thread, const Where& where) noexcept {
        if (registry != nullptr && thread != nullptr) {
            node_ = registry->wait(thread, where);
        }
    }

    void resumed() noexcept {
        if (node_ != nullptr) [[unlikely]] {
            Node& node = *std::exchange(node_, nullptr);
            node.registry->resume(node, false);
        }
    }

private:
    void end() noexcept {
        if (std::uncaught_exceptions() > 0) {
            node_->registry->resume(*node_, true);
        } else {
            node_->registry->abandon(*node_);
        }
    }

    Node* node_ = nullptr;
};

/// Asio's thread in which the calling coroutine runs.
inline awaitable<const void*> this_thread() {
    const void* thread = nullptr;
    auto operation = boost::asio::async_initiate<const boost::asio::deferred_t&, void()>(
        [](auto handler, const void** into) {
            *into = handler.entry_point();
            std::move(handler)();
        },
        boost::asio::deferred, &thread);
    co_await std::move(operation);
    co_return thread;
}

/// Lives in an operand of `||` or `&&` that beastapi starts.
class Operand {
public:
    Operand() noexcept : starter_(registry == nullptr ? nullptr : registry->current()) {}
    Operand(const Operand&) = delete;
    Operand& operator=(const Operand&) = delete;

    /// To be called as the last thing, when nothing was waited for behind it.
    void end() const noexcept {
        if (starter_ != nullptr && registry != nullptr) [[unlikely]] {
            registry->end_operand(starter_);
        }
    }

private:
    const Node* starter_;
};

/// The calling coroutine is about to wait for operands.
inline void join(const char* what, const std::source_location& at) noexcept {
    if (registry != nullptr) [[unlikely]] {
        registry->join(Where(what, at));
    }
}

}  // namespace beastapi::inspect
