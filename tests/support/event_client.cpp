#include "support/event_client.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <stdexcept>
#include <utility>

namespace test {

awaitable<EventClient> EventClient::connect(unsigned short port, std::string target,
                                            std::string headers, source_location where) {
    return connect(port, std::move(target), std::move(headers), TcpOptions(), where);
}

awaitable<EventClient> EventClient::connect(unsigned short port, std::string target,
                                            std::string headers, TcpOptions options,
                                            source_location where) {
    TcpClient tcp = co_await TcpClient::connect(port, std::move(options), where);
    co_await send_request(tcp, "GET", std::move(target), std::move(headers), where);
    const std::string head = co_await tcp.read_until("\r\n\r\n", where);
    const bool is_stream = head.starts_with("HTTP/1.1 200 ") &&
                           head.find("Content-Type: text/event-stream") != std::string::npos &&
                           head.find("Transfer-Encoding: chunked") != std::string::npos;
    if (!is_stream) {
        throw std::runtime_error(fmt::format("{}: no stream: '{}'", to_string(where), head));
    }
    co_return EventClient(std::move(tcp), port);
}

awaitable<std::string> EventClient::read_line(source_location where) {
    while (input_.find('\n') == std::string::npos) {
        const std::string head = co_await tcp_.read_until("\r\n", where);
        const std::size_t size = std::stoul(head, nullptr, 16);
        const std::string chunk = co_await tcp_.read(size + 2, where);
        if (size == 0) {
            throw std::runtime_error(fmt::format("{}: the stream has ended", to_string(where)));
        }
        input_.append(chunk, 0, size);
    }
    const std::size_t end = input_.find('\n');
    std::string line = input_.substr(0, end);
    input_.erase(0, end + 1);
    co_return line;
}

awaitable<std::map<std::string, std::string>> EventClient::receive_event(source_location where) {
    std::map<std::string, std::string> event;
    while (true) {
        const std::string line = co_await read_line(where);
        if (line.empty()) {
            break;
        }
        const std::size_t colon = line.find(": ");
        event[line.substr(0, colon)] = line.substr(colon + 2);
    }
    if (event.contains("id")) {
        last_id_ = event["id"];
    }
    co_return event;
}

awaitable<boost::json::object> EventClient::receive_json(source_location where) {
    std::map<std::string, std::string> event;
    while (!event.contains("data")) {
        event = co_await receive_event(where);
    }
    co_return boost::json::parse(event["data"]).as_object();
}

awaitable<boost::json::object> EventClient::enter(source_location where) {
    boost::json::object welcome = co_await receive_json(where);
    if (!welcome.contains("session")) {
        throw std::runtime_error(fmt::format("{}: not welcomed", to_string(where)));
    }
    session_ = std::string(welcome.at("session").as_string());
    co_return welcome;
}

awaitable<HttpResponse> EventClient::post(std::string frame, source_location where) {
    return post_message(port_, session_, std::move(frame), where);
}

awaitable<HttpResponse> post_message(unsigned short port, std::string session, std::string frame,
                                     source_location where) {
    return send_raw(port,
                    fmt::format("POST /messages HTTP/1.1\r\nHost: localhost\r\nChat-Session: {}\r\n"
                                "Content-Length: {}\r\n\r\n{}",
                                session, frame.size(), frame),
                    where);
}

}  // namespace test
