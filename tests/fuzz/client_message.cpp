// Fuzzes what the chat makes of a client's frame.
#include "chat/client_message.hpp"

#include "chat/messages.hpp"
#include "fuzz/fuzz.hpp"

#include <boost/json/parse.hpp>

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view frame = fuzz::text(data, size);
    fuzz::expect(chat::count_code_points(frame) <= size, "a code point is a byte or more");
    const chat::Parsed parsed = chat::parse_client_message(frame);
    if (!parsed.message) {
        fuzz::expect(!chat::to_string(parsed.error).empty(), "an error has a name");
        return 0;
    }
    const chat::ClientMessage& message = *parsed.message;
    const chat::Messages messages(chat::Locale::en);
    const auto answer = boost::json::parse(messages.message("Alice", message)).as_object();
    fuzz::expect(answer.at("message").as_string() == message.message, "a text is passed on");
    fuzz::expect(message.target_user != "", "an empty target is none");
    fuzz::expect((message.type != chat::ClientMessage::Type::join &&
                  message.type != chat::ClientMessage::Type::leave) ||
                     message.room.has_value(),
                 "who joins or leaves names a room");
    return 0;
}
