// Wrong on purpose: it returns an awaitable, but no `co_` makes it a coroutine.
#include <boost/asio/awaitable.hpp>

boost::asio::awaitable<void> handler() {}
