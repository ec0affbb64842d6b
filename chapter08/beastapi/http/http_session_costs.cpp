// What an HttpSession asks the client's budget, and the server's memory, before it does something.
#include "beastapi/http/http_session.hpp"
#include "beastapi/http/server.hpp"
#include "beastapi/static_files.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>

namespace beastapi::detail {

namespace asio = boost::asio;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

// How long an answer may wait for its client's budget. A browser that loads a page doesn't ask
// again for a script that was refused.
constexpr auto max_pause = 10s;
// What the outbox and Beast hold of a large answer beside its body.
constexpr std::size_t max_in_outbox = 2 * Outbox::high_water;
// A head, and what sending costs beside the bytes.
constexpr std::size_t min_response_bytes = 512;

constexpr Admission::Refusal too_many_answers{"Too many answers under way", "http_answers"};

std::size_t content_size(const Response& response) {
    if (!response.file()) {
        return response.body().size();
    }
    std::error_code gone;
    const auto size = std::filesystem::file_size(*response.file(), gone);
    return gone ? 0 : size;
}

}  // namespace

Response HttpSession::too_many_requests(std::chrono::steady_clock::duration wait) {
    const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait);
    Response response = error_response(429, "Too Many Requests");
    response.header("Retry-After", std::to_string(seconds.count()));
    return response;
}

Response HttpSession::no_place(const Admission::Refusal& refusal) {
    Response response = error_response(503, refusal.reason);
    response.header("Retry-After", "1");
    return response;
}

const Admission::Refusal* HttpSession::check_place(const Request& request) {
    if (no_place_ != nullptr) {
        return no_place_;
    }
    const auto* refusal = server_->admission().move(slot_, client_);
    if (refusal == nullptr && slot_.is_reserved()) {
        const bool may_stay =
            server_->admission().confirm(slot_, server_->app().is_reserved_for(request)) ||
            (server_->make_room(nullptr, true) && server_->admission().confirm(slot_, false));
        if (!may_stay) {
            refusal = &Admission::server_full;
        }
    }
    if (refusal != nullptr) {
        server_->refusals().count(refusal->name);
    }
    return refusal;
}

std::optional<Response> HttpSession::check_budget(const Request& request, std::size_t size,
                                                  Charge& into) {
    if (const auto* const refusal = check_place(request)) {
        if (!server_->app().answers_when_full(request)) {
            return no_place(*refusal);
        }
        into.is_last = true;
    }
    if (const auto wait = client_->take_request(); wait > wait.zero()) {
        return refuse("request_rate", wait);
    }
    into.pause = client_->take_in(size);
    if (into.pause > max_pause) {
        return refuse("bytes_in", into.pause - max_pause);
    }
    if (const auto debt = client_->debt_out(); debt > max_pause) {
        return refuse("bytes_out", debt - max_pause);
    }
    return std::nullopt;
}

std::optional<Response> HttpSession::refuse(std::string_view name,
                                            std::chrono::steady_clock::duration retry_after) {
    server_->refusals().count(name);
    return too_many_requests(retry_after);
}

std::optional<Response> HttpSession::charge(const Response& response, bool is_head, Charge& into) {
    const std::size_t size = is_head ? 0 : content_size(response);
    const std::size_t in_memory =
        (response.file() ? 0 : size) + std::min(size, max_in_outbox) + min_response_bytes;
    into.bytes = size + min_response_bytes;
    into.memory = server_->admission().hold_answer(client_, in_memory);
    if (!into.memory) {
        server_->refusals().count("http_answers");
        return no_place(too_many_answers);
    }
    const auto wait = client_->take_out(into.bytes, max_pause);
    if (wait > max_pause) {
        into.memory.reset();
        return refuse("bytes_out", wait - max_pause);
    }
    into.pause = std::max(into.pause, wait);
    return std::nullopt;
}

awaitable<void> HttpSession::pause(std::shared_ptr<HttpSession> self,
                                   std::chrono::steady_clock::duration duration) {
    if (duration <= duration.zero() || self->server_->stopping()) {
        co_return;
    }
    Timer timer(self->outbox_->executor(), duration);
    self->pausing_ = &timer;
    error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    self->pausing_ = nullptr;
}

void HttpSession::end_pause() {
    if (pausing_ != nullptr) {
        pausing_->cancel();
    }
}

}  // namespace beastapi::detail
