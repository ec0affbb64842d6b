// What a coroutine waits for that the log answers through a function.
#pragma once

#include "beastapi/awaitable.hpp"
#include "beastapi/net/late.hpp"

#include <functional>
#include <memory>
#include <source_location>
#include <utility>

namespace chat {

using beastapi::detail::Late;

/// What `ask` gives to the function that it is called with, at once or later.
template <class T>
beastapi::awaitable<T> answer_of(std::function<void(std::function<void(T)>)> ask,
                                 std::source_location where = std::source_location::current()) {
    const auto late = std::make_shared<Late<T>>();
    ask([late](T value) { late->set(std::move(value)); });
    return Late<T>::get(late, beastapi::inspect::Where("the log", where));
}

}  // namespace chat
