// What the tests of delivery ask of a client: it enters, says something, and reads numbers.
#pragma once

#include "support/test_server.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace test {

inline std::string text_of(const boost::json::object& frame, std::string_view key) {
    return std::string(frame.at(key).as_string());
}

inline int number_of(const boost::json::object& frame, std::string_view key) {
    return frame.at(key).to_number<int>();
}

/// The numbers of the messages in a `history`.
inline std::vector<int> numbers_in(const boost::json::object& history) {
    BOOST_TEST_REQUIRE(text_of(history, "type") == "history", boost::json::serialize(history));
    std::vector<int> numbers;
    for (const boost::json::value& message : history.at("messages").as_array()) {
        numbers.push_back(number_of(message.as_object(), "seq"));
    }
    return numbers;
}

/// `first` to `last`.
inline std::vector<int> range(int first, int last) {
    std::vector<int> numbers;
    for (int number = first; number <= last; ++number) {
        numbers.push_back(number);
    }
    return numbers;
}

struct Entered {
    WebSocketClient client;
    boost::json::object welcome;

    std::string position(int seq) const {
        return fmt::format("{}:{}", text_of(welcome, "epoch"), seq);
    }
    std::string inbox_position(int seq) const {
        return fmt::format("{}:{}", text_of(welcome.at("inbox").as_object(), "epoch"), seq);
    }
};

inline awaitable<Entered> enter(TestServer& server, std::string target) {
    WebSocketClient client = co_await server.connect(std::move(target));
    boost::json::object welcome = co_await client.receive_json();
    BOOST_TEST_REQUIRE(text_of(welcome, "event") == "welcome");
    co_return Entered{std::move(client), std::move(welcome)};
}

/// Says so many messages in the lobby, and hears them.
inline awaitable<void> say(WebSocketClient& client, int count) {
    for (int i = 0; i < count; ++i) {
        co_await client.send_text(R"({"message":"Hello"})");
        const auto heard = co_await client.receive_json();
        BOOST_TEST_REQUIRE(text_of(heard, "type") == "message", boost::json::serialize(heard));
    }
}

/// The next frame is of that type.
inline awaitable<boost::json::object> expect(WebSocketClient& client, std::string_view type,
                                             source_location where = source_location::current()) {
    boost::json::object frame = co_await client.receive_json(where);
    BOOST_TEST_REQUIRE(text_of(frame, "type") == type,
                       to_string(where) << ": " << boost::json::serialize(frame));
    co_return frame;
}

}  // namespace test
