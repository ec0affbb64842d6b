// The chat server in this process, and one connection to it at a time, which sends what a fuzzer
// has made up.
#pragma once

#include "beastapi/app.hpp"
#include "beastapi/http/server.hpp"
#include "chat/chat.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fuzz {

class Loopback {
public:
    /// The one of this process: it is made with the first input, and serves all of them.
    static Loopback& instance();

    /// Sends the pieces, each in a segment of its own, ends the stream, and gives back all that the
    /// server sent. Fails unless the server then lets go of the connection, and nobody is left in
    /// the chat.
    std::string play(const std::vector<std::string_view>& pieces);

private:
    using Socket = boost::asio::ip::tcp::socket;

    Loopback();
    void settle(Socket& client, std::string& answer);
    bool is_idle();

    boost::asio::io_context context_{1};
    boost::asio::io_context client_context_{1};
    beastapi::App app_;
    chat::Chat chat_;
    std::shared_ptr<beastapi::detail::Server> server_;
    unsigned host_ = 0;  // of the next client: 127.x.y.z
};

/// Cuts `bytes` in pieces, whose sizes are the bytes of `cuts`, over and over.
std::vector<std::string_view> cut(std::string_view bytes, std::string_view cuts);

}  // namespace fuzz
