// A client of the chat without a WebSocket: a stream of events, and what it posts.
#pragma once

#include "support/http_client.hpp"
#include "support/tcp_client.hpp"

#include <boost/json/object.hpp>

#include <map>
#include <string>

namespace test {

class EventClient {
public:
    /// Asks for the stream, and reads the head of the answer. Throws std::runtime_error unless it
    /// is one of events, in chunks.
    static awaitable<EventClient> connect(unsigned short port, std::string target,
                                          std::string headers = {},
                                          source_location where = source_location::current());
    static awaitable<EventClient> connect(unsigned short port, std::string target,
                                          std::string headers, TcpOptions options,
                                          source_location where = source_location::current());

    /// The fields of the next event; a comment is one with the name "".
    awaitable<std::map<std::string, std::string>> receive_event(
        source_location where = source_location::current());

    /// The JSON of the next event that has data.
    awaitable<boost::json::object> receive_json(source_location where = source_location::current());

    /// The same, which has to be the welcome: from then on post() knows its session.
    awaitable<boost::json::object> enter(source_location where = source_location::current());

    /// Posts a frame on a connection of its own.
    awaitable<HttpResponse> post(std::string frame,
                                 source_location where = source_location::current());

    /// The `id` of the last event that had one.
    const std::string& last_id() const noexcept { return last_id_; }
    const std::string& session() const noexcept { return session_; }
    TcpClient& tcp() noexcept { return tcp_; }

private:
    EventClient(TcpClient tcp, unsigned short port) : tcp_(std::move(tcp)), port_(port) {}
    awaitable<std::string> read_line(source_location where);

    TcpClient tcp_;
    unsigned short port_;
    std::string input_;
    std::string last_id_;
    std::string session_;
};

/// Posts a frame to the stream of that session.
awaitable<HttpResponse> post_message(unsigned short port, std::string session, std::string frame,
                                     source_location where = source_location::current());

}  // namespace test
