// What the chat makes of a client's frame.
#include "chat/client_message.hpp"
#include "chat/timestamps.hpp"
#include "support/failing_allocations.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using chat::ClientMessage;
using chat::ErrorCode;
using chat::parse_client_message;

namespace {

ClientMessage accepted(std::string_view frame) {
    auto parsed = parse_client_message(frame);
    BOOST_TEST_REQUIRE(parsed.message.has_value(), "refused: " << frame);
    return *std::move(parsed.message);
}

void check_refused(ErrorCode error, std::string_view frame) {
    const auto parsed = parse_client_message(frame);
    BOOST_TEST(!parsed.message.has_value(), "not refused: " << frame.substr(0, 100));
    BOOST_TEST((parsed.error == error), "refused for another reason: " << frame.substr(0, 100));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(parse)

BOOST_AUTO_TEST_CASE(a_message_is_read_with_all_its_fields) {
    const auto message =
        accepted(R"({"type":"message","message":"Hello","target_user":"Bob","username":"Alice",)"
                 R"("timestamp":"2024-01-01T12:00:00Z"})");
    BOOST_TEST((message.type == ClientMessage::Type::message));
    BOOST_TEST(message.message == "Hello");
    BOOST_TEST(message.target_user.value() == "Bob");
    BOOST_TEST(message.username.value() == "Alice");
    BOOST_TEST(message.timestamp == "2024-01-01T12:00:00Z");
}

BOOST_AUTO_TEST_CASE(the_type_may_be_left_out) {
    const auto message = accepted(R"({"message":"Hello"})");
    BOOST_TEST((message.type == ClientMessage::Type::message));
    BOOST_TEST(message.message == "Hello");
    BOOST_TEST(!message.target_user.has_value());
    BOOST_TEST(!message.username.has_value());
}

BOOST_AUTO_TEST_CASE(null_counts_as_left_out) {
    const auto message = accepted(
        R"({"type":null,"message":"Hello","target_user":null,"username":null,"timestamp":null})");
    BOOST_TEST((message.type == ClientMessage::Type::message));
    BOOST_TEST(!message.target_user.has_value());
    BOOST_TEST(!message.username.has_value());
    BOOST_TEST(chat::is_rfc3339(message.timestamp));
    check_refused(ErrorCode::invalid_format, R"({"type":"message","message":null})");
}

BOOST_AUTO_TEST_CASE(an_empty_target_is_no_target) {
    BOOST_TEST(!accepted(R"({"message":"Hello","target_user":""})").target_user.has_value());
}

BOOST_AUTO_TEST_CASE(an_empty_text_is_a_text) {
    BOOST_TEST(accepted(R"({"message":""})").message.empty());
}

BOOST_AUTO_TEST_CASE(unknown_fields_are_ignored) {
    const auto message =
        accepted(R"({"message":"Hello","rooms":7,"extra":{"a":[1,2,{"b":null}]}})");
    BOOST_TEST(message.message == "Hello");
}

BOOST_AUTO_TEST_CASE(a_pong_and_a_heartbeat_need_no_text) {
    BOOST_TEST((accepted(R"({"type":"pong"})").type == ClientMessage::Type::pong));
    BOOST_TEST((accepted(R"({"type":"heartbeat","timestamp":"2024-01-01T12:00:00Z"})").type ==
                ClientMessage::Type::heartbeat));
}

BOOST_AUTO_TEST_CASE(the_time_of_the_client_is_kept_as_it_is) {
    for (const std::string time : {"2024-01-01T12:00:00Z", "2024-01-01T12:00:00.123456+08:00"}) {
        BOOST_TEST(accepted(R"({"message":"x","timestamp":")" + time + "\"}").timestamp == time);
    }
}

BOOST_AUTO_TEST_CASE(a_time_that_is_none_is_replaced_by_the_server_s) {
    for (const std::string time : {"", "now", "2024-01-01", "<script>"}) {
        const auto message = accepted(R"({"message":"x","timestamp":")" + time + "\"}");
        BOOST_TEST(message.timestamp != time);
        BOOST_TEST(chat::is_rfc3339(message.timestamp), message.timestamp);
    }
    BOOST_TEST(chat::is_rfc3339(accepted(R"({"message":"x"})").timestamp));
}

BOOST_AUTO_TEST_CASE(what_is_not_json_is_invalid) {
    for (const char* const frame :
         {"", " ", "hello", "{", "}", "{]", R"({"message":"x")", R"({"message":"x"} x)",
          R"({"message":"x",})", R"({message:"x"})", R"({'message':'x'})", "{\"message\":\"a\nb\"}",
          "NaN"}) {
        check_refused(ErrorCode::invalid_format, frame);
    }
}

BOOST_AUTO_TEST_CASE(json_that_is_not_an_object_is_invalid) {
    for (const char* const frame :
         {"null", "true", "1", "1.5", R"("message")", "[]", R"([{"message":"x"}])"}) {
        check_refused(ErrorCode::invalid_format, frame);
    }
}

BOOST_AUTO_TEST_CASE(a_field_of_the_wrong_type_is_invalid) {
    for (const std::string value : {"1", "true", "[]", "{}", R"(["x"])"}) {
        for (const std::string key : {"type", "message", "timestamp", "target_user", "username"}) {
            const std::string text = key == "message" ? "" : R"("message":"x",)";
            check_refused(ErrorCode::invalid_format, "{" + text + "\"" + key + "\":" + value + "}");
        }
    }
}

BOOST_AUTO_TEST_CASE(a_message_without_text_is_invalid) {
    check_refused(ErrorCode::invalid_format, "{}");
    check_refused(ErrorCode::invalid_format, R"({"type":"message"})");
    check_refused(ErrorCode::invalid_format, R"({"type":"message","Message":"x"})");
}

BOOST_AUTO_TEST_CASE(types_that_clients_may_not_send_are_unknown) {
    for (const std::string type : {"system", "private", "confirmation", "ping", "heartbeat_ack",
                                   "error", "Message", "", " message", "message\\u0000"}) {
        check_refused(ErrorCode::unknown_type, R"({"type":")" + type + R"(","message":"x"})");
    }
}

BOOST_AUTO_TEST_CASE(texts_come_out_as_they_were_escaped) {
    const auto message = accepted(R"({"message":"\"\\\/\b\f\n\r\t\u5c0f\ud83d\ude00<b>"})");
    BOOST_TEST(message.message == "\"\\/\b\f\n\r\t小😀<b>");
}

BOOST_AUTO_TEST_CASE(a_lone_surrogate_is_invalid) {
    check_refused(ErrorCode::invalid_format, R"({"message":"\ud83d"})");
    check_refused(ErrorCode::invalid_format, R"({"message":"\udc00"})");
}

BOOST_AUTO_TEST_CASE(hostile_nesting_is_refused_and_not_followed) {
    const std::string deep(60'000, '[');
    check_refused(ErrorCode::invalid_format, deep);
    check_refused(ErrorCode::invalid_format, R"({"message":"x","a":)" + deep);
}

BOOST_AUTO_TEST_CASE(a_frame_far_larger_than_usual_is_read) {
    const std::string text(1'000'000, 'x');
    BOOST_TEST((accepted(R"({"message":")" + text + "\"}").message == text));
}

BOOST_AUTO_TEST_CASE(of_two_equal_keys_the_last_counts) {
    BOOST_TEST(accepted(R"({"message":"a","message":"b"})").message == "b");
}

BOOST_AUTO_TEST_CASE(of_two_equal_keys_the_last_counts_whatever_it_is) {
    BOOST_TEST(accepted(R"({"message":7,"message":"b"})").message == "b");
    BOOST_TEST(!accepted(R"({"message":"b","room":"cpp","room":null})").room.has_value());
    check_refused(ErrorCode::invalid_format, R"({"message":"b","message":7})");
    check_refused(ErrorCode::invalid_format, R"({"message":"b","message":null})");
    check_refused(ErrorCode::invalid_format, R"({"message":"b","room":"cpp","room":["x"]})");
}

BOOST_AUTO_TEST_CASE(what_is_nested_is_no_field) {
    const auto message = accepted(
        R"({"a":{"message":"x","type":"system"},"message":"b","c":[{"room":"cpp"},"room","d"]})");
    BOOST_TEST(message.message == "b");
    BOOST_TEST(!message.room.has_value());
}

BOOST_AUTO_TEST_CASE(an_escaped_key_is_a_key) {
    BOOST_TEST(accepted("{\"mes\\u0073age\":\"b\"}").message == "b");
}

BOOST_AUTO_TEST_CASE(a_frame_has_64_fields_at_most) {
    std::string fields;
    for (int i = 0; i < 63; ++i) {
        fields += "\"" + std::to_string(i) + "\":[],";
    }
    BOOST_TEST((accepted("{" + fields + "\"message\":\"b\"}").message == "b"));
    check_refused(ErrorCode::invalid_format, "{" + fields + "\"x\":1,\"message\":\"b\"}");
}

BOOST_AUTO_TEST_CASE(what_the_chat_does_not_know_is_kept_nowhere) {
    // Where nothing is kept, there is no table in which keys could collide.
    std::string frame = R"({"type":"pong","a":{)";
    for (int i = 0; i < 4096; ++i) {
        frame += "\"key" + std::to_string(i) + R"(":["some text"],)";
    }
    frame += R"("z":1}})";
    const test::FailingAllocations none(0);
    const auto parsed = parse_client_message(frame);
    BOOST_TEST(!none.struck());
    BOOST_TEST(parsed.message.has_value());
}

BOOST_AUTO_TEST_CASE(a_who_may_say_where_the_page_before_ended) {
    BOOST_TEST(accepted(R"({"type":"who"})").after == 0U);
    BOOST_TEST(accepted(R"({"type":"who","after":null})").after == 0U);
    BOOST_TEST(accepted(R"({"type":"who","after":7})").after == 7U);
    BOOST_TEST(accepted(R"({"type":"who","after":18446744073709551615})").after ==
               18446744073709551615U);
    for (const std::string after : {"-1", "1.5", "\"7\"", "[]", "true", "18446744073709551616"}) {
        check_refused(ErrorCode::invalid_format, R"({"type":"who","after":)" + after + "}");
    }
}

BOOST_AUTO_TEST_CASE(rooms_are_read) {
    BOOST_TEST((accepted(R"({"type":"join","room":"cpp"})").type == ClientMessage::Type::join));
    BOOST_TEST((accepted(R"({"type":"leave","room":"cpp"})").type == ClientMessage::Type::leave));
    BOOST_TEST(accepted(R"({"type":"join","room":"cpp"})").room.value() == "cpp");
    BOOST_TEST(accepted(R"({"type":"join","room":""})").room.value() == "");
    BOOST_TEST(accepted(R"({"message":"x","room":"cpp"})").room.value() == "cpp");
    check_refused(ErrorCode::invalid_format, R"({"type":"join"})");
    check_refused(ErrorCode::invalid_format, R"({"type":"leave","room":null})");
    check_refused(ErrorCode::invalid_format, R"({"message":"x","room":1})");
}

BOOST_AUTO_TEST_CASE(without_a_room_it_is_the_lobby) {
    for (const std::string frame :
         {R"({"message":"x","room":""})", R"({"message":"x","room":null})", R"({"type":"who"})",
          R"({"type":"who","room":""})", R"({"type":"typing","room":""})"}) {
        BOOST_TEST(!accepted(frame).room.has_value(), frame);
    }
}

BOOST_AUTO_TEST_CASE(a_refresh_brings_a_token) {
    BOOST_TEST(accepted(R"({"type":"refresh","token":"a.b.c"})").token == "a.b.c");
    check_refused(ErrorCode::invalid_format, R"({"type":"refresh"})");
    check_refused(ErrorCode::invalid_format, R"({"type":"refresh","token":7})");
}

BOOST_AUTO_TEST_CASE(texts_are_measured_in_code_points) {
    BOOST_TEST(chat::count_code_points("") == 0U);
    BOOST_TEST(chat::count_code_points("abc") == 3U);
    BOOST_TEST(chat::count_code_points("一二三") == 3U);
    BOOST_TEST(chat::count_code_points("😀é") == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
