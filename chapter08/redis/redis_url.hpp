// Where Redis is: what --redis says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace chat_redis {

/// `redis://[[user]:password@]host[:port][/db]` or
/// `unix://[[user]:password@]/path/to/socket[?db=N]`.
struct RedisUrl {
    std::string host{};         ///< a name or an address, without brackets; empty: it's a socket
    std::uint16_t port = 6379;  ///< of the host
    std::string path{};         ///< of the socket
    std::string user{};         ///< empty: the default user
    std::string password{};     ///< empty: none is asked for
    int database = 0;

    /// Without the password, so that it can be shown.
    std::string to_string() const;
};

/// Throws std::invalid_argument, which says what is wrong, and never the password.
RedisUrl parse_redis_url(std::string_view text);

}  // namespace chat_redis
