// The parts that read and write the frames of the protocol's section "Delivery".
#include "delivery.hpp"

#include "acks.hpp"
#include "dialect.hpp"
#include "json_scanner.hpp"
#include "options.hpp"
#include "recovery.hpp"
#include "traffic.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <vector>

using namespace load;

BOOST_AUTO_TEST_SUITE(delivery)

BOOST_AUTO_TEST_CASE(an_ack_is_read) {
    const auto ack = parse_answer(
        R"({"type":"ack","id":"6f1c","seq":42,"epoch":"k3f9","duplicate":true,"timestamp":"…"})");
    BOOST_REQUIRE(ack);
    BOOST_TEST(ack->id == "6f1c");
    BOOST_TEST(ack->seq == 42U);
    BOOST_TEST(ack->duplicate);
    BOOST_TEST(!ack->is_refusal());
    BOOST_TEST(!parse_answer(R"({"type":"ack","seq":4,"id":"a"})")->duplicate);
    BOOST_TEST(!parse_answer(R"({"type":"ack","id":"6f1c"})"));
    BOOST_TEST(!parse_answer(R"({"type":"ack","id":"6f1c","seq":-1})"));
    BOOST_TEST(!parse_answer(R"({"type":"ack","seq":1})"));
    BOOST_TEST(!parse_answer(R"({"type":"ack","id":"6f1c","seq":1)"));
}

BOOST_AUTO_TEST_CASE(an_error_is_read) {
    const auto error = parse_answer(R"({"type":"error","code":"rate_limited","id":"6f1c"})");
    BOOST_REQUIRE(error);
    BOOST_TEST(error->is_refusal());
    BOOST_TEST(error->code == "rate_limited");
    BOOST_TEST(error->id == "6f1c");
    BOOST_TEST(parse_answer(R"({"type":"error","code":"invalid_format"})")->id.empty());
    BOOST_TEST(!parse_answer(R"({"type":"error","id":"6f1c"})"));
}

BOOST_AUTO_TEST_CASE(the_number_of_a_message_is_found_wherever_it_is) {
    BOOST_TEST((seq_of(R"({"type":"message","message":"x","seq":42})") == 42U));
    BOOST_TEST((seq_of(R"({"seq":42,"message":"x"})") == 42U));
    BOOST_TEST((seq_of(R"({"message":"x", "seq": 42 })") == 42U));
    BOOST_TEST((seq_of(R"({"message":"\",\"seq\":7}","seq":42})") == 42U));
    BOOST_TEST(!seq_of(R"({"message":"x","more":{"a":1,"seq":7}})"));
    BOOST_TEST(!seq_of(R"({"message":",\"seq\":7"})"));
    BOOST_TEST(!seq_of(R"({"message":"x"})"));
    BOOST_TEST(!seq_of(R"("seq":7})"));
    BOOST_TEST(!seq_of(R"({"message":"x","seq":})"));
    BOOST_TEST(!seq_of(R"({"message":"x","seq":99999999999999999999})"));
    BOOST_TEST(!seq_of(""));
}

BOOST_AUTO_TEST_CASE(a_position_is_read_from_a_welcome) {
    const auto position = position_of(
        R"({"type":"system","event":"welcome","epoch":"k3","seq":7,"inbox":{"epoch":"x","seq":1}})");
    BOOST_REQUIRE(position);
    BOOST_TEST(position->text() == "k3:7");
    BOOST_TEST(!position_of(R"({"type":"system","event":"join","epoch":"k3","seq":7})"));
    BOOST_TEST(
        !position_of(R"({"type":"system","event":"welcome","inbox":{"epoch":"x","seq":1}})"));
}

BOOST_AUTO_TEST_CASE(a_history_is_read) {
    const auto history =
        parse_history(R"({"type":"history","epoch":"k3","messages":[{"a":[1]},{"b":"]"}],"seq":45,)"
                      R"("recovered":true,"more":true})");
    BOOST_REQUIRE(history);
    BOOST_TEST(history->epoch == "k3");
    BOOST_TEST(history->seq == 45U);
    BOOST_TEST(history->recovered);
    BOOST_TEST(history->more);
    BOOST_TEST(history->of_the_lobby);
    std::vector<std::string> messages;
    BOOST_TEST(scan_array(history->messages,
                          [&](std::string_view message) { messages.emplace_back(message); }));
    BOOST_TEST(messages == (std::vector<std::string>{R"({"a":[1]})", R"({"b":"]"})"}),
               boost::test_tools::per_element());
    BOOST_TEST(!parse_history(R"({"type":"history","epoch":"k3","seq":45,"inbox":true})"));
    BOOST_TEST(
        !parse_history(R"({"epoch":"k3","messages":[],"seq":0,"room":"cpp"})")->of_the_lobby);
}

BOOST_AUTO_TEST_CASE(an_array_is_taken_apart_or_refused) {
    const auto count = [](std::string_view json) {
        int elements = 0;
        return scan_array(json, [&](std::string_view) { ++elements; }) ? elements : -1;
    };
    BOOST_TEST(count("[]") == 0);
    BOOST_TEST(count(R"([1,"]",{"a":[2,3]}])") == 3);
    BOOST_TEST(count("[1") == -1);
    BOOST_TEST(count("[1,") == -1);
    BOOST_TEST(count("{}") == -1);
}

BOOST_AUTO_TEST_CASE(ids_are_written_into_a_template_under_its_mask) {
    const MaskKey key{{'\x12', '\x9A', '\x5C', '\xF1'}};
    const MessageId id{.run = 0xFEED, .sender = 7};
    BOOST_TEST(id.text(5) == "000000000000feed-00000007-00000005");
    BOOST_TEST(id.text(5).size() == MessageId::size);
    for (const std::string text :
         {R"({"id":"{id}","message":"{text}"})", R"({"message":"{text}","id":"{id}"})"}) {
        const MessageTemplate message{text, 7, 40, Opcode::text, key, id.text(0)};
        std::string out = "already queued";
        const std::size_t start = out.size();
        message.append_to(out, 99'999'999, 42);
        const std::size_t header = out[start + 1] == char(0xFE) ? 8 : 6;
        std::string payload = out.substr(start + header);
        mask(payload.data(), payload.size(), key);
        BOOST_TEST(payload.find(id.text(99'999'999)) != std::string::npos);
        const auto marker = find_marker(payload);
        BOOST_REQUIRE(marker);
        BOOST_TEST(marker->number == 99'999'999U);
        BOOST_TEST(marker->time == 42U);
    }
}

BOOST_AUTO_TEST_CASE(acks_go_on_when_the_numbers_begin_again) {
    AckCheck acks{1, 1};
    SequenceCheck sequence{1, 1};
    const std::string run = acks.first_id(0).substr(0, MessageId::number_at);
    const auto answer = [&](std::uint32_t number, std::uint64_t seq, std::string_view code = {}) {
        const std::string id = run + MessageId{}.text(number).substr(MessageId::number_at);
        acks.answered(0, {.id = id, .code = code, .seq = seq}, 5);
    };
    acks.sent(0, 1, 1);
    acks.sent(0, 1, 1);
    acks.sent(0, 1, 1);
    BOOST_TEST(acks.waiting(0) == 3U);
    answer(1, 0, "unavailable");
    answer(0, 1);
    BOOST_TEST(acks.waiting(0) == 1U);
    BOOST_TEST(!acks.settled());
    BOOST_TEST(acks.expected() == 1U);
    answer(2, 2);
    BOOST_TEST(acks.settled());
    BOOST_TEST(acks.expected() == 3U);
    acks.delivered(0, 0, 0, 1);
    sequence.accept(0, 0, 0);
    acks.delivered(0, 0, 2, 2);
    sequence.accept(0, 0, 2);
    BOOST_TEST(acks.losses(sequence).all == 0U);
    const AckFigures figures = acks.conclude(sequence);
    BOOST_TEST(figures.refused == 1U);
    BOOST_TEST(figures.acknowledged_in_all == 2U);
    BOOST_TEST(figures.misnumbered + figures.unasked + figures.unanswered == 0U);
}

BOOST_AUTO_TEST_CASE(a_repeat_of_which_one_was_refused_is_acknowledged) {
    for (const bool refused_first : {false, true}) {
        AckCheck acks{1, 1};
        const std::string id = acks.first_id(0);
        acks.sent(0, 1, 2);
        const Answer refusal{.id = id, .code = "rate_limited"};
        const Answer ack{.id = id, .code = {}, .seq = 1};
        acks.answered(0, refused_first ? refusal : ack, 5);
        BOOST_TEST(acks.waiting(0) == (refused_first ? 1U : 0U));
        acks.answered(0, refused_first ? ack : refusal, 5);
        BOOST_TEST(acks.waiting(0) == 0U);
        const AckFigures figures = acks.conclude(SequenceCheck{1, 1});
        BOOST_TEST(figures.acknowledged_in_all == 1U);
        BOOST_TEST(figures.refused == 0U);
        BOOST_TEST(figures.wrong_duplicates == 0U);
    }
}

BOOST_AUTO_TEST_CASE(new_frames_are_told_apart) {
    const Dialect chat{Protocol::websocket, false, "message"};
    BOOST_TEST(name_of(chat.classify(R"({"type":"ack","id":"x"})")) == "ack");
    BOOST_TEST(name_of(chat.classify(R"({"type":"history","messages":[]})")) == "history");
    BOOST_TEST(name_of(Kind::socket_disconnected) == "disconnected");
}

BOOST_AUTO_TEST_CASE(who_comes_back_says_up_to_where_it_has_everything) {
    Options options;
    options.url = parse_url("ws://127.0.0.1:1/ws/chat/{user}");
    BOOST_TEST(coming_back(options, {"k3", 7}).url.path == "/ws/chat/{user}?since=k3:7");
    options.url = parse_url("ws://127.0.0.1:1/ws/chat?token=x");
    BOOST_TEST(coming_back(options, {"k3", 7}).url.path == "/ws/chat?token=x&since=k3:7");
}

BOOST_AUTO_TEST_CASE(options_about_delivery_that_do_not_go_together_are_refused) {
    const auto refuses = [](auto&& change) {
        Options options;
        options.mode = Mode::chat;
        change(options);
        BOOST_CHECK_THROW(complete(options), std::invalid_argument);
    };
    refuses([](Options& options) { options.repeat = 10; });
    refuses([](Options& options) {
        options.acks = true;
        options.mode = Mode::echo;
    });
    refuses([](Options& options) {
        options.acks = true;
        options.protocol = Protocol::socketio;
    });
    refuses([](Options& options) {
        options.acks = true;
        options.message = R"({"message":"{text}"})";
    });
    refuses([](Options& options) {
        options.mode = Mode::recover;
        options.behind = 0;
    });
    Options recover;
    recover.mode = Mode::recover;
    complete(recover);
    BOOST_TEST(recover.message == R"({"type":"message","id":"{id}","message":"{text}"})");
}

BOOST_AUTO_TEST_SUITE_END()
