// Asks another thread's event loop for something.
#pragma once

#include "beastapi/net/late.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <memory>
#include <type_traits>
#include <utility>

namespace beastapi::detail {

/// Calls `question` on the thread of `loop`, and gives its answer to the coroutine on its own one.
/// Throws boost::system::system_error (operation_aborted) when the coroutine is cancelled before.
/// `where` is for the inspector.
template <class Question>
awaitable<std::invoke_result_t<Question&>> ask_loop(boost::asio::any_io_executor loop,
                                                    Question question, inspect::Where where = {}) {
    namespace asio = boost::asio;
    using Answer = std::invoke_result_t<Question&>;
    const asio::any_io_executor home = co_await asio::this_coro::executor;
    if (home == loop) {
        co_return question();
    }
    auto late = std::make_shared<Late<Answer>>();
    // What the coroutine waits for is touched, and ends, on its own thread alone.
    auto ask = [home, late, question = std::move(question)]() mutable {
        Answer answer = question();
        asio::post(home, [late = std::move(late), answer = std::move(answer)]() mutable {
            late->set(std::move(answer));
        });
    };
    asio::post(loop, std::move(ask));
    co_return co_await Late<Answer>::get(late, where);
}

}  // namespace beastapi::detail
