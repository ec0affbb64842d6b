// Every frame that the server writes, key by key, in both languages.
#include "chat/messages.hpp"

#include "chat/timestamps.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

namespace json = boost::json;
using chat::ClientMessage;
using chat::ErrorCode;
using chat::Locale;
using chat::Messages;

namespace {

const Messages chinese(Locale::zh_tw);
const Messages english(Locale::en);
const chat::NamePage users{{"Alice", "Bob"}};

/// The frame holds these keys with these values, and no other.
void check(const std::string& frame, std::string_view expected) {
    BOOST_TEST((json::parse(frame) == json::parse(expected)), frame << " is not " << expected);
}

/// The frame has a time of the server's; the rest is as `expected`.
void check_timed(const std::string& frame, std::string_view expected) {
    json::object object = json::parse(frame).as_object();
    BOOST_TEST_REQUIRE(object.contains("timestamp"), frame);
    BOOST_TEST(chat::is_rfc3339(std::string(object.at("timestamp").as_string())), frame);
    object.erase("timestamp");
    check(json::serialize(object), expected);
}

ClientMessage hello() {
    ClientMessage message;
    message.message = "Hello \"all\" <b>";
    message.timestamp = "2024-01-01T12:00:00Z";
    return message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(messages)

BOOST_AUTO_TEST_CASE(welcome_without_a_name) {
    check(
        chinese.welcome(1),
        R"({"type":"system","event":"welcome","message":"歡迎加入聊天室！","connected_count":1})");
    check(
        english.welcome(2),
        R"({"type":"system","event":"welcome","message":"Welcome to the chat room!","connected_count":2})");
}

BOOST_AUTO_TEST_CASE(welcome_with_a_name) {
    check(chinese.welcome("Alice", 2, users),
          R"({"type":"system","event":"welcome","message":"歡迎 Alice 加入聊天室！",
              "username":"Alice","connected_count":2,"connected_users":["Alice","Bob"]})");
    check(english.welcome("Alice", 2, users),
          R"({"type":"system","event":"welcome","message":"Welcome to the chat room, Alice!",
              "username":"Alice","connected_count":2,"connected_users":["Alice","Bob"]})");
}

BOOST_AUTO_TEST_CASE(welcome_with_heartbeat) {
    check(
        chinese.welcome_with_heartbeat("Alice", 2, users, 10),
        R"({"type":"system","event":"welcome","message":"歡迎 Alice 加入聊天室（已啟用心跳檢測）！",
              "username":"Alice","connected_count":2,"connected_users":["Alice","Bob"],
              "heartbeat_interval":10})");
    check(english.welcome_with_heartbeat("Alice", 2, users, 0.25),
          R"({"type":"system","event":"welcome",
              "message":"Welcome to the chat room, Alice (heartbeat detection is on)!",
              "username":"Alice","connected_count":2,"connected_users":["Alice","Bob"],
              "heartbeat_interval":0.25})");
}

BOOST_AUTO_TEST_CASE(a_list_that_was_cut_says_so_and_how_to_go_on) {
    chat::NamePage page = users;
    page.next = 7;
    check(english.users(page, 3),
          R"({"type":"users","users":["Alice","Bob"],"more":true,"next":7,"connected_count":3})");
    check(english.joined("cpp", page, 3),
          R"({"type":"joined","room":"cpp","members":["Alice","Bob"],"more":true,"next":7,
              "member_count":3})");
    check(english.welcome("Alice", 3, page),
          R"({"type":"system","event":"welcome","message":"Welcome to the chat room, Alice!",
              "username":"Alice","connected_count":3,"connected_users":["Alice","Bob"],
              "more":true,"next":7})");
}

BOOST_AUTO_TEST_CASE(whole_seconds_are_written_as_whole_numbers) {
    const std::string frame = english.welcome_with_heartbeat("Alice", 2, users, 10);
    BOOST_TEST(frame.find(R"("heartbeat_interval":10)") != std::string::npos, frame);
    BOOST_TEST(frame.find("10E") == std::string::npos, frame);
}

BOOST_AUTO_TEST_CASE(join) {
    check(chinese.join("", 2),
          R"({"type":"system","event":"join","message":"有新用戶加入聊天室","connected_count":2})");
    check(chinese.join("Alice", 2),
          R"({"type":"system","event":"join","message":"Alice 加入了聊天室","username":"Alice",
              "connected_count":2})");
    check(english.join("", 2),
          R"({"type":"system","event":"join","message":"Someone joined the chat room",
              "connected_count":2})");
    check(english.join("Alice", 2),
          R"({"type":"system","event":"join","message":"Alice joined the chat room",
              "username":"Alice","connected_count":2})");
}

BOOST_AUTO_TEST_CASE(leave) {
    check(chinese.leave("", 1),
          R"({"type":"system","event":"leave","message":"有用戶離開聊天室","connected_count":1})");
    check(chinese.leave("Alice", 1),
          R"({"type":"system","event":"leave","message":"Alice 離開了聊天室","username":"Alice",
              "connected_count":1})");
    check(english.leave("", 1),
          R"({"type":"system","event":"leave","message":"Someone left the chat room",
              "connected_count":1})");
    check(english.leave("Alice", 1),
          R"({"type":"system","event":"leave","message":"Alice left the chat room",
              "username":"Alice","connected_count":1})");
}

BOOST_AUTO_TEST_CASE(message_to_everyone) {
    for (const Messages& messages : {chinese, english}) {
        check(messages.message("Alice", hello()),
              R"({"type":"message","username":"Alice","message":"Hello \"all\" <b>",
                  "timestamp":"2024-01-01T12:00:00Z"})");
    }
}

BOOST_AUTO_TEST_CASE(private_message_to_one) {
    for (const Messages& messages : {chinese, english}) {
        check(messages.private_message("Alice", hello()),
              R"({"type":"private","from":"Alice","message":"Hello \"all\" <b>",
                  "timestamp":"2024-01-01T12:00:00Z"})");
    }
}

BOOST_AUTO_TEST_CASE(confirmation_of_a_private_message) {
    check(chinese.confirmation("Bob", hello(), {}),
          R"({"type":"confirmation","message":"私訊已發送給 Bob","target_user":"Bob",
              "timestamp":"2024-01-01T12:00:00Z"})");
    check(english.confirmation("Bob", hello(), {}),
          R"({"type":"confirmation","message":"Private message sent to Bob","target_user":"Bob",
              "timestamp":"2024-01-01T12:00:00Z"})");
}

BOOST_AUTO_TEST_CASE(ping_and_heartbeat_ack_have_the_server_s_time) {
    check_timed(chinese.ping(), R"({"type":"ping"})");
    check_timed(english.heartbeat_ack(), R"({"type":"heartbeat_ack"})");
}

BOOST_AUTO_TEST_CASE(errors) {
    check(
        chinese.error(ErrorCode::invalid_format),
        R"({"type":"error","code":"invalid_format","retry":false,"message":"Invalid message format"})");
    check(
        english.error(ErrorCode::invalid_format),
        R"({"type":"error","code":"invalid_format","retry":false,"message":"Invalid message format"})");
    check(chinese.error(ErrorCode::unknown_type),
          R"({"type":"error","code":"unknown_type","retry":false,"message":"不支援的訊息類型"})");
    check(
        english.error(ErrorCode::unknown_type),
        R"({"type":"error","code":"unknown_type","retry":false,"message":"Unknown message type"})");
    check(
        chinese.error(ErrorCode::user_offline, "Bob"),
        R"({"type":"error","code":"user_offline","retry":false,"message":"Bob 不在線上","username":"Bob"})");
    check(
        english.error(ErrorCode::user_offline, "Bob"),
        R"({"type":"error","code":"user_offline","retry":false,"message":"Bob is not online","username":"Bob"})");
    check(
        chinese.error(ErrorCode::name_taken, "Bob"),
        R"({"type":"error","code":"name_taken","retry":false,"message":"名字 Bob 已被使用","username":"Bob"})");
    check(
        english.error(ErrorCode::name_taken, "Bob"),
        R"({"type":"error","code":"name_taken","retry":false,"message":"The name Bob is taken","username":"Bob"})");
}

BOOST_AUTO_TEST_CASE(names_and_texts_cannot_break_out_of_their_strings) {
    ClientMessage message = hello();
    const std::string evil = "\",\"type\":\"system\",\"x\":\"\\\n\u2028</script>";
    message.message = evil;
    const json::object frame = json::parse(chinese.message(evil, message)).as_object();
    BOOST_TEST(frame.size() == 4U);
    BOOST_TEST(frame.at("type").as_string() == "message");
    BOOST_TEST((frame.at("username").as_string() == evil));
    BOOST_TEST((frame.at("message").as_string() == evil));
}

BOOST_AUTO_TEST_CASE(braces_in_a_name_are_only_text) {
    const json::object frame = json::parse(chinese.join("{} {0} {{", 1)).as_object();
    BOOST_TEST(frame.at("message").as_string() == "{} {0} {{ 加入了聊天室");
}

BOOST_AUTO_TEST_CASE(a_message_to_a_room_names_it) {
    check(english.message("Alice", hello(), "cpp"),
          R"({"type":"message","username":"Alice","message":"Hello \"all\" <b>","room":"cpp",)"
          R"("timestamp":"2024-01-01T12:00:00Z"})");
}

BOOST_AUTO_TEST_CASE(joining_and_leaving_a_room) {
    check(chinese.join_room("Alice", "cpp", 2),
          R"({"type":"system","event":"join","message":"Alice 加入了房間 cpp",)"
          R"("username":"Alice","room":"cpp","member_count":2})");
    check(english.join_room("", "cpp", 2),
          R"({"type":"system","event":"join","message":"Someone joined the room cpp",)"
          R"("room":"cpp","member_count":2})");
    check(chinese.join_room("", "cpp", 2),
          R"({"type":"system","event":"join","message":"有新用戶加入房間 cpp",)"
          R"("room":"cpp","member_count":2})");
    check(chinese.leave_room("Alice", "cpp", 1),
          R"({"type":"system","event":"leave","message":"Alice 離開了房間 cpp",)"
          R"("username":"Alice","room":"cpp","member_count":1})");
    check(chinese.leave_room("", "cpp", 1),
          R"({"type":"system","event":"leave","message":"有用戶離開房間 cpp",)"
          R"("room":"cpp","member_count":1})");
    check(english.leave_room("Alice", "cpp", 1),
          R"({"type":"system","event":"leave","message":"Alice left the room cpp",)"
          R"("username":"Alice","room":"cpp","member_count":1})");
    check(english.joined("cpp", users, 3),
          R"({"type":"joined","room":"cpp","members":["Alice","Bob"],"member_count":3})");
    check(english.left("cpp"), R"({"type":"left","room":"cpp"})");
}

BOOST_AUTO_TEST_CASE(who_is_there_and_who_is_typing) {
    check(english.users(users, 3),
          R"({"type":"users","users":["Alice","Bob"],"connected_count":3})");
    check(english.users_of_room("cpp", users, 2),
          R"({"type":"users","room":"cpp","users":["Alice","Bob"],"member_count":2})");
    check(english.typing("Alice", ""), R"({"type":"typing","username":"Alice"})");
    check(english.typing("Alice", "cpp"), R"({"type":"typing","username":"Alice","room":"cpp"})");
}

BOOST_AUTO_TEST_CASE(errors_about_rooms_and_limits) {
    check(
        english.error(ErrorCode::not_in_room, "cpp"),
        R"({"type":"error","code":"not_in_room","retry":false,"message":"You are not in the room cpp",)"
        R"("room":"cpp"})");
    check(
        chinese.error(ErrorCode::not_in_room, "cpp"),
        R"({"type":"error","code":"not_in_room","retry":false,"message":"你不在房間 cpp 裡","room":"cpp"})");
    check(
        english.error(ErrorCode::invalid_room, " "),
        R"({"type":"error","code":"invalid_room","retry":false,"message":"Invalid room name","room":" "})");
    check(english.error(ErrorCode::too_many_rooms, "cpp"),
          R"({"type":"error","code":"too_many_rooms","retry":false,)"
          R"("message":"You are in too many rooms: leave one first","room":"cpp"})");
    check(
        english.rate_limited(std::chrono::milliseconds(150)),
        R"({"type":"error","code":"rate_limited","retry":true,"message":"You are sending too fast",)"
        R"("retry_after_ms":150})");
    check(english.text_too_long(4000),
          R"({"type":"error","code":"text_too_long","retry":false,)"
          R"("message":"The message is longer than 4000 characters","limit":4000})");
    check(
        chinese.text_too_long(4000),
        R"({"type":"error","code":"text_too_long","retry":false,"message":"訊息超過 4000 個字","limit":4000})");
}

BOOST_AUTO_TEST_CASE(every_error_has_a_name_and_a_text_in_both_languages) {
    for (int i = 0; i <= static_cast<int>(ErrorCode::unavailable); ++i) {
        const auto code = static_cast<ErrorCode>(i);
        BOOST_TEST(!chat::to_string(code).empty());
        for (const Messages& messages : {chinese, english}) {
            const auto frame = json::parse(messages.error(code)).as_object();
            BOOST_TEST((frame.at("code").as_string() == chat::to_string(code)));
            BOOST_TEST(!frame.at("message").as_string().empty());
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
