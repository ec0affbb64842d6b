// Where Redis is, as one writes it.
#include "redis/redis_url.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>

using chat_redis::parse_redis_url;
using chat_redis::RedisUrl;

namespace {

std::string error_of(const std::string& text) {
    try {
        parse_redis_url(text);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(redis_url)

BOOST_AUTO_TEST_CASE(a_host_alone_is_enough) {
    const RedisUrl url = parse_redis_url("redis://localhost");
    BOOST_TEST(url.host == "localhost");
    BOOST_TEST(url.port == 6379);
    BOOST_TEST(url.path.empty());
    BOOST_TEST(url.database == 0);
    BOOST_TEST(url.password.empty());
}

BOOST_AUTO_TEST_CASE(everything_can_be_said) {
    const RedisUrl url = parse_redis_url("redis://ann:p%40ss:w@10.0.0.1:7000/3");
    BOOST_TEST(url.host == "10.0.0.1");
    BOOST_TEST(url.port == 7000);
    BOOST_TEST(url.user == "ann");
    BOOST_TEST(url.password == "p@ss:w");
    BOOST_TEST(url.database == 3);
    BOOST_TEST(parse_redis_url("redis://:secret@redis/").password == "secret");
    BOOST_TEST(parse_redis_url("redis://[::1]:7000").host == "::1");
}

BOOST_AUTO_TEST_CASE(a_socket_has_a_path) {
    const RedisUrl url = parse_redis_url("unix://ann:secret@/run/redis%20one/redis.sock?db=2");
    BOOST_TEST(url.host.empty());
    BOOST_TEST(url.path == "/run/redis one/redis.sock");
    BOOST_TEST(url.user == "ann");
    BOOST_TEST(url.password == "secret");
    BOOST_TEST(url.database == 2);
    BOOST_TEST(parse_redis_url("unix:///run/redis.sock").path == "/run/redis.sock");
}

BOOST_AUTO_TEST_CASE(what_is_shown_has_no_password) {
    for (const std::string text :
         {"redis://h:6379", "redis://[::1]:7000/3", "unix:///run/redis.sock?db=2"}) {
        BOOST_TEST(parse_redis_url(text).to_string() == text);
    }
    BOOST_TEST(parse_redis_url("redis://ann:secret@h:1/3").to_string() == "redis://h:1/3");
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_said) {
    for (const auto& [text, why] : {
             std::pair{"", "no URL"},
             std::pair{"localhost:6379", "must begin with"},
             std::pair{"http://localhost", "must begin with"},
             std::pair{"redis:localhost", "'//' is missing"},
             std::pair{"redis://", "host is missing"},
             std::pair{"redis://h:0", "port"},
             std::pair{"redis://h:70000", "port"},
             std::pair{"redis://h/x", "database"},
             std::pair{"redis://h/-1", "database"},
             std::pair{"redis://h/1?db=2", "'?'"},
             std::pair{"redis://h#1", "'#'"},
             std::pair{"redis://ann@h", "no password"},
             std::pair{"unix://run/redis.sock", "not a host"},
             std::pair{"unix://", "path"},
             std::pair{"unix:///s?database=2", "db=N"},
             std::pair{"rediss://h", "TLS"},
         }) {
        const std::string error = error_of(text);
        BOOST_TEST(error.find(why) != std::string::npos, text << ": " << error);
    }
    BOOST_TEST(error_of("redis://ann:secret@h/x").find("secret") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
