#include "redis/redis_url.hpp"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <fmt/format.h>

#include <charconv>
#include <stdexcept>
#include <system_error>

namespace chat_redis {

namespace {

constexpr std::string_view forms =
    "it's redis://[user:password@]host[:port][/database] or "
    "unix://[user:password@]/path/to/socket[?db=database]";

[[noreturn]] void refuse(std::string_view why) {
    throw std::invalid_argument(fmt::format("this isn't an address of Redis: {} ({})", why, forms));
}

int database_of(std::string_view digits) {
    int database = 0;
    const char* const begin = digits.data();
    const char* const end = begin + digits.size();
    const auto [stop, error] = std::from_chars(begin, end, database);
    if (error != std::errc() || stop != end || database < 0) {
        refuse("the database must be a number from 0 on");
    }
    return database;
}

std::string text_of(const boost::urls::pct_string_view& encoded) {
    std::string text;
    encoded.decode({}, boost::urls::string_token::assign_to(text));
    return text;
}

void read_host(const boost::urls::url_view& url, RedisUrl& redis) {
    redis.host = url.host_address();
    if (redis.host.empty()) {
        refuse("the host is missing");
    }
    if (url.has_port()) {
        redis.port = url.port_number();
        if (redis.port == 0) {
            refuse("the port must be a number from 1 to 65535");
        }
    }
    const std::string path = url.path();
    if (path.size() > 1) {
        redis.database = database_of(std::string_view(path).substr(1));
    }
    if (url.has_query()) {
        refuse("nothing can follow its '?'");
    }
}

void read_socket(const boost::urls::url_view& url, RedisUrl& redis) {
    if (!url.host().empty() || url.has_port()) {
        refuse("unix:// needs a path that begins with '/', not a host");
    }
    redis.path = url.path();
    if (redis.path.size() < 2) {
        refuse("the path of the socket is missing");
    }
    for (const auto& param : url.params()) {
        if (param.key != "db") {
            refuse("only db=N can follow its '?'");
        }
        redis.database = database_of(param.value);
    }
}

}  // namespace

RedisUrl parse_redis_url(std::string_view text) {
    const auto parsed = boost::urls::parse_uri(text);
    if (!parsed) {
        refuse("it's no URL");
    }
    const boost::urls::url_view& url = *parsed;
    if (url.scheme() == "rediss") {
        throw std::invalid_argument(
            "rediss:// (TLS) isn't supported: use redis:// in a network that you trust, or a "
            "tunnel "
            "with TLS, such as stunnel, and its address here");
    }
    if (url.scheme() != "redis" && url.scheme() != "unix") {
        refuse("it must begin with redis:// or unix://");
    }
    if (!url.has_authority()) {
        refuse("'//' is missing after its ':'");
    }
    if (url.has_fragment()) {
        refuse("nothing can follow its '#'");
    }
    RedisUrl redis;
    redis.user = text_of(url.encoded_user());
    redis.password = text_of(url.encoded_password());
    if (!redis.user.empty() && redis.password.empty()) {
        refuse("there is a user, but no password");
    }
    if (url.scheme() == "redis") {
        read_host(url, redis);
    } else {
        read_socket(url, redis);
    }
    return redis;
}

std::string RedisUrl::to_string() const {
    if (host.empty()) {
        return fmt::format("unix://{}{}", path,
                           database == 0 ? "" : fmt::format("?db={}", database));
    }
    const bool has_colon = host.find(':') != std::string::npos;
    return fmt::format("redis://{}{}{}:{}{}", has_colon ? "[" : "", host, has_colon ? "]" : "",
                       port, database == 0 ? "" : fmt::format("/{}", database));
}

}  // namespace chat_redis
