#include "beastapi/http/write_response.hpp"

#include "beastapi/http/text.hpp"
#include "beastapi/net/outbox_stream.hpp"

#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/file_body.hpp>
#include <boost/beast/http/span_body.hpp>
#include <boost/beast/http/write.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <sstream>
#include <string>
#include <system_error>

namespace beastapi::detail {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr unsigned http_1_1 = 11;

template <class Body>
void fill_head(http::response<Body>& message, const Response& response, bool keep_alive) {
    for (const auto& [name, value] : response.headers()) {
        message.insert(name, value);
    }
    message.set(http::field::date, http_date(std::chrono::system_clock::now()));
    message.keep_alive(keep_alive);
    const bool upgrade_required = response.status() == 426;
    if (upgrade_required) {
        // A sender of Upgrade has to name it in Connection (RFC 9110, section 7.8).
        message.set(http::field::connection, keep_alive ? "Upgrade" : "Upgrade, close");
    }
}

template <class Body>
awaitable<void> write(std::shared_ptr<Outbox> outbox, http::response<Body> message) {
    OutboxStream stream(std::move(outbox));
    co_await http::async_write(stream, message, asio::use_awaitable);
}

}  // namespace

awaitable<error_code> write_response(std::shared_ptr<Outbox> outbox, Response response,
                                     bool to_head, bool keep_alive) {
    const auto status = static_cast<http::status>(response.status());
    error_code error;
    if (response.file() && !to_head) {
        http::response<http::file_body> message(status, http_1_1);
        message.body().open(response.file()->c_str(), beast::file_mode::scan, error);
        if (!error) {
            fill_head(message, response, keep_alive);
            message.prepare_payload();
            co_await write(std::move(outbox), std::move(message));
        }
        co_return error;
    }
    const bool has_content =
        response.status() >= 200 && response.status() != 204 && response.status() != 304;
    if (to_head || !has_content) {
        std::uintmax_t size = response.body().size();
        if (response.file()) {
            std::error_code failure;
            size = std::filesystem::file_size(*response.file(), failure);
            if (failure) {
                co_return failure;
            }
        }
        http::response<http::empty_body> message(status, http_1_1);
        fill_head(message, response, keep_alive);
        if (has_content && !response.stream()) {
            message.content_length(size);
        }
        co_await write(std::move(outbox), std::move(message));
        co_return error;
    }
    // The body stays where it is, until the end of this coroutine.
    http::response<http::span_body<const char>> message(status, http_1_1);
    message.body() = {response.body().data(), response.body().size()};
    fill_head(message, response, keep_alive);
    message.prepare_payload();
    co_await write(std::move(outbox), std::move(message));
    co_return error;
}

awaitable<void> write_stream_head(std::shared_ptr<Outbox> outbox, Response response, bool chunked,
                                  bool keep_alive) {
    http::response<http::empty_body> message(static_cast<http::status>(response.status()),
                                             http_1_1);
    fill_head(message, response, keep_alive);
    message.chunked(chunked);
    std::string head = (std::ostringstream() << message.base()).str();
    outbox->append(head);
    co_await outbox->wait_until_at_most(Outbox::high_water);
}

awaitable<void> write_continue(std::shared_ptr<Outbox> outbox) {
    http::response<http::empty_body> message(http::status::continue_, http_1_1);
    co_await write(std::move(outbox), std::move(message));
}

}  // namespace beastapi::detail
