// Wakes those who wait for something to happen on the same thread.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/inspect/where.hpp"
#include "beastapi/net/reserved_post.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>

namespace beastapi::detail {

/// A condition variable for the coroutines of one io_context: `co_await condition.wait()`.
///
/// A coroutine that waits checks its condition in a loop, because a wake-up says only that
/// something may have changed. A timer that never expires would do the same, at four times the
/// memory.
///
/// The waiting handlers belong to the AsyncCondition. Where they own the AsyncCondition in turn,
/// someone has to notify them before the io_context ends.
class AsyncCondition {
public:
    explicit AsyncCondition(boost::asio::io_context::executor_type executor)
        : executor_(executor) {}
    AsyncCondition(const AsyncCondition&) = delete;
    AsyncCondition& operator=(const AsyncCondition&) = delete;

    /// Returns at the next notify_all(). Throws boost::system::system_error (operation_aborted)
    /// when the coroutine is cancelled.
    ///
    /// It has all its memory before the coroutine suspends, so a lack of memory is an exception
    /// that the coroutine can catch. Once it has suspended, Asio would destroy it instead, and tell
    /// nobody: where `||` joins two coroutines, the other would go on alone. `where` is for the
    /// inspector.
    awaitable<void> wait(inspect::Where where = {});

    /// The same for handlers that aren't coroutines. Completes with operation_aborted when it is
    /// cancelled.
    template <class Token>
    auto async_wait(Token&& token) {
        return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
            [](auto handler, AsyncCondition* condition) {
                Slot slot = boost::asio::get_associated_cancellation_slot(handler);
                Owner waiter(new OnHeap<decltype(handler)>(std::move(handler), slot));
                if (slot.is_connected()) {
                    slot.assign([condition, waiter = waiter.get()](boost::asio::cancellation_type) {
                        condition->cancel(waiter);
                    });
                }
                condition->add(std::move(waiter));
            },
            token, this);
    }

    /// Resumes all that wait, from the event loop and not from within this call. It needs no
    /// memory: each waiter brings the room for its own wake-up.
    void notify_all() noexcept {
        while (first_) {
            auto waiter = std::exchange(first_, std::move(first_->next));
            resume_later(std::move(waiter), {});
        }
    }

private:
    using Slot = boost::asio::cancellation_slot;

    /// Ends itself: by resume(), or unused by discard(). The handler may own the place that the
    /// waiter is in, so it goes last.
    class Waiter {
    public:
        struct Discard {
            void operator()(Waiter* waiter) const noexcept { waiter->discard(); }
        };
        using Owner = std::unique_ptr<Waiter, Discard>;

        Waiter() = default;
        Waiter(const Waiter&) = delete;
        Waiter& operator=(const Waiter&) = delete;
        virtual void resume(boost::system::error_code error) = 0;
        virtual void discard() noexcept = 0;

        Owner next;
        PostStorage wake_up;

    protected:
        ~Waiter() = default;
    };
    using Owner = Waiter::Owner;

    template <class Handler>
    class HandlerOf : public Waiter {
    public:
        HandlerOf(Handler handler, Slot slot) noexcept
            : slot_(slot), handler_(std::move(handler)) {}

        void resume(boost::system::error_code error) final {
            Handler handler = take();
            std::move(handler)(error);
        }
        void discard() noexcept final { const Handler handler = take(); }

    protected:
        ~HandlerOf() = default;
        virtual void end() noexcept = 0;

    private:
        Handler take() noexcept {
            // Before the handler runs, because the coroutine's next operation has the same slot.
            if (slot_.is_connected()) {
                slot_.clear();
            }
            Handler handler = std::move(handler_);
            end();
            return handler;
        }

        Slot slot_;
        Handler handler_;
    };

    template <class Handler>
    class OnHeap final : public HandlerOf<Handler> {
    public:
        using HandlerOf<Handler>::HandlerOf;

    private:
        ~OnHeap() = default;
        void end() noexcept override { delete this; }
    };

    template <class Handler>
    class InPlace final : public HandlerOf<Handler> {
    public:
        using HandlerOf<Handler>::HandlerOf;

    private:
        ~InPlace() = default;
        void end() noexcept override { this->~InPlace(); }
    };

    /// Room for the waiter of a coroutine, in the coroutine.
    struct Place {
        template <class Handler>
        Owner put(Handler handler) noexcept {
            using Put = InPlace<Handler>;
            static_assert(sizeof(Put) <= sizeof(bytes) && alignof(Put) <= alignof(Place));
            waiter = ::new (bytes.data()) Put(std::move(handler), Slot());
            return Owner(waiter);
        }

        Waiter* waiter = nullptr;
        alignas(std::max_align_t) std::array<std::byte, 128> bytes;
    };

    void add(Owner waiter) noexcept {
        waiter->next = std::move(first_);
        first_ = std::move(waiter);
    }

    void resume_later(Owner waiter, boost::system::error_code error) noexcept {
        PostStorage& storage = waiter->wake_up;
        storage.post(executor_, [waiter = std::move(waiter), error]() mutable {
            waiter.release()->resume(error);
        });
    }

    void cancel(const Waiter* waiter) noexcept {
        Owner* link = &first_;
        while (*link && link->get() != waiter) {
            link = &(*link)->next;
        }
        if (*link) {
            auto cancelled = std::exchange(*link, std::move((*link)->next));
            resume_later(std::move(cancelled), boost::asio::error::operation_aborted);
        }
    }

    boost::asio::io_context::executor_type executor_;
    Owner first_;
};

}  // namespace beastapi::detail
