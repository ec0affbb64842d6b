// The coroutine type of every handler: what `async def` returns in Python.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace beastapi {

using boost::asio::awaitable;

}  // namespace beastapi
