// Wakes those who wait for something to happen on the same thread.
#pragma once

#include "beastapi/net/reserved_post.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <utility>

namespace beastapi::detail {

/// A condition variable for the coroutines of one io_context: `co_await
/// condition.async_wait(use_awaitable)`.
///
/// Whoever waits checks its condition in a loop, because a wake-up says only that something may
/// have changed. A timer that never expires would do the same, at four times the memory.
///
/// The waiting handlers belong to the AsyncCondition. Where they own the AsyncCondition in turn,
/// someone has to notify them before the io_context ends.
class AsyncCondition {
public:
    explicit AsyncCondition(boost::asio::io_context::executor_type executor)
        : executor_(executor) {}
    AsyncCondition(const AsyncCondition&) = delete;
    AsyncCondition& operator=(const AsyncCondition&) = delete;

    /// Completes at the next notify_all(), or with operation_aborted when it is cancelled.
    template <class Token>
    auto async_wait(Token&& token) {
        return boost::asio::async_initiate<Token, void(boost::system::error_code)>(
            [](auto handler, AsyncCondition* condition) {
                auto waiter =
                    std::make_unique<HandlerOf<decltype(handler)>>(*condition, std::move(handler));
                waiter->next = std::move(condition->first_);
                condition->first_ = std::move(waiter);
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
    class Waiter {
    public:
        virtual ~Waiter() = default;
        virtual void resume(boost::system::error_code error) = 0;

        std::unique_ptr<Waiter> next;
        PostStorage wake_up;
    };

    template <class Handler>
    class HandlerOf : public Waiter {
    public:
        HandlerOf(AsyncCondition& condition, Handler handler)
            : slot_(boost::asio::get_associated_cancellation_slot(handler)),
              handler_(std::move(handler)) {
            if (slot_.is_connected()) {
                slot_.assign(
                    [&condition, this](boost::asio::cancellation_type) { condition.cancel(this); });
            }
        }
        HandlerOf(const HandlerOf&) = delete;
        HandlerOf& operator=(const HandlerOf&) = delete;
        ~HandlerOf() override { disconnect(); }

        void resume(boost::system::error_code error) override {
            disconnect();
            std::move(handler_)(error);
        }

    private:
        /// Before the handler runs, because the next operation of its coroutine has the same slot.
        void disconnect() {
            if (slot_.is_connected()) {
                slot_.clear();
                slot_ = {};
            }
        }

        boost::asio::associated_cancellation_slot_t<Handler> slot_;
        Handler handler_;
    };

    void resume_later(std::unique_ptr<Waiter> waiter, boost::system::error_code error) noexcept {
        PostStorage& storage = waiter->wake_up;
        storage.post(executor_, [waiter = std::move(waiter), error] { waiter->resume(error); });
    }

    void cancel(const Waiter* waiter) noexcept {
        std::unique_ptr<Waiter>* link = &first_;
        while (*link && link->get() != waiter) {
            link = &(*link)->next;
        }
        if (*link) {
            auto cancelled = std::exchange(*link, std::move((*link)->next));
            resume_later(std::move(cancelled), boost::asio::error::operation_aborted);
        }
    }

    boost::asio::io_context::executor_type executor_;
    std::unique_ptr<Waiter> first_;
};

}  // namespace beastapi::detail
