#include "beastapi/streaming.hpp"

#include "beastapi/http/stream_connection.hpp"

#include <fmt/format.h>

#include <iterator>
#include <stdexcept>

namespace beastapi {

using detail::StreamConnection;

namespace {

void add_field(std::string& text, std::string_view name, std::string_view value) {
    using namespace std::string_view_literals;
    if (value.find_first_of("\r\n\0"sv) != std::string_view::npos) {
        throw std::invalid_argument(
            fmt::format("the {} of an event has a line break or a NUL", name));
    }
    fmt::format_to(std::back_inserter(text), "{}: {}\n", name, value);
}

/// Each line has a field of its own; the client joins them again.
void add_data(std::string& text, std::string_view data) {
    while (true) {
        const std::size_t end = data.find_first_of("\r\n");
        text.append("data: ").append(data.substr(0, end)).push_back('\n');
        if (end == std::string_view::npos) {
            return;
        }
        data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
    }
}

}  // namespace

awaitable<void> ResponseStream::write(std::string bytes, std::source_location where) const {
    return StreamConnection::write(connection_, std::move(bytes), where);
}

void ResponseStream::post(std::string_view bytes) const noexcept {
    connection_->post(bytes);
}

void ResponseStream::post_volatile(std::string_view bytes) const noexcept {
    connection_->post_volatile(bytes);
}

bool ResponseStream::is_behind() const noexcept {
    return connection_->is_behind();
}

void ResponseStream::when_drained(std::function<void()> drained) const {
    connection_->when_drained(std::move(drained));
}

void ResponseStream::close() const noexcept {
    connection_->end(StreamEnd::closed);
}

void ResponseStream::on_end(std::function<std::string(StreamEnd)> last_words) const {
    connection_->on_end(std::move(last_words));
}

bool ResponseStream::connected() const noexcept {
    return !connection_->ended();
}

awaitable<void> ResponseStream::wait_for_end(std::source_location where) const {
    return StreamConnection::wait_for_end(connection_,
                                          inspect::Where("the end of the stream", where));
}

void ResponseStream::note_delivery(std::chrono::steady_clock::time_point received) const noexcept {
    connection_->note_delivery(received);
}

const std::shared_ptr<ClientBudget>& ResponseStream::budget() const noexcept {
    return connection_->budget();
}

// [encode]
std::string encode(const ServerSentEvent& event) {
    std::string text;
    text.reserve(event.data.size() + event.id.size() + event.event.size() + 32);
    if (!event.event.empty()) {
        add_field(text, "event", event.event);
    }
    if (!event.id.empty()) {
        add_field(text, "id", event.id);
    }
    if (event.retry) {
        fmt::format_to(std::back_inserter(text), "retry: {}\n", event.retry->count());
    }
    add_data(text, event.data);
    text.push_back('\n');
    return text;
}
// [/encode]

awaitable<void> EventStream::send(ServerSentEvent event, std::source_location where) const {
    return write(encode(event), where);
}

namespace detail {

Response stream_response(std::string content_type, StreamFunction run) {
    Response response(200, std::move(content_type), "");
    response.set_stream(std::make_shared<const StreamBody>(StreamBody{std::move(run)}));
    return response;
}

Response event_source_response(StreamFunction run) {
    Response response(200, "text/event-stream; charset=utf-8", "");
    response.header("Cache-Control", "no-store");
    // nginx would gather the events until it has a bufferful.
    response.header("X-Accel-Buffering", "no");
    response.set_stream(
        std::make_shared<const StreamBody>(StreamBody{std::move(run), ": keep-alive\n\n"}));
    return response;
}

}  // namespace detail

}  // namespace beastapi
