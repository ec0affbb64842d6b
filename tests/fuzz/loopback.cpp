#include "fuzz/loopback.hpp"

#include "fuzz/fuzz.hpp"
#include "routers/status.hpp"
#include "routers/websocket.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/socket_base.hpp>
#include <boost/asio/write.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace fuzz {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

/// What one input may send and cause is bounded by its length, so nothing else is.
beastapi::ServerSettings unlimited() {
    beastapi::ServerSettings settings;
    settings.port = 0;
    settings.connection_rate = 0;
    settings.request_rate = 0;
    settings.client_rate_in = 0;
    settings.client_rate_out = 0;
    return settings;
}

chat::ChatSettings silent() {
    chat::ChatSettings settings;
    settings.heartbeat_interval = 1h;
    settings.message_rate.rate = 0;
    return settings;
}

}  // namespace

Loopback& Loopback::instance() {
    static Loopback loopback;
    return loopback;
}

Loopback::Loopback() : chat_(silent()) {
    spdlog::set_level(spdlog::level::off);
    app_.include_router(routers::websocket(chat_));
    app_.include_router(routers::status(chat_, app_.refusals()));
    server_ = std::make_shared<beastapi::detail::Server>(context_, app_, unlimited());
    server_->start();
}

std::string Loopback::play(const std::vector<std::string_view>& pieces) {
    Socket client(client_context_);
    client.open(tcp::v4());
    // Thousands of connections a second use up the ports of one address.
    host_ = host_ % 0xFFFF00U + 1;
    client.bind(tcp::endpoint(asio::ip::address_v4(0x7F000000U + host_), 0));
    error_code error;
    client.connect(tcp::endpoint(asio::ip::address_v4::loopback(), server_->port()), error);
    // libFuzzer's timer may interrupt it. The connection is then made all the same (POSIX,
    // connect).
    while (error == asio::error::interrupted) {
        client.wait(Socket::wait_write, error);
    }
    expect(!error, "the server can be reached");
    client.set_option(tcp::no_delay(true));
    client.non_blocking(true);
    std::string answer;
    settle(client, answer);
    for (const std::string_view piece : pieces) {
        asio::write(client, asio::buffer(piece), error);
        if (error) {
            break;  // the server hung up, or reads no more
        }
        settle(client, answer);
    }
    client.shutdown(Socket::shutdown_send, error);
    const auto end = std::chrono::steady_clock::now() + 2s;
    while (!is_idle()) {
        expect(std::chrono::steady_clock::now() < end, "the server lets go of who has gone");
        settle(client, answer);
    }
    client.set_option(asio::socket_base::linger(true, 0), error);
    return answer;
}

/// Lets the server do all that it can do now, and takes what it sends.
void Loopback::settle(Socket& client, std::string& answer) {
    std::array<char, 16 * 1024> buffer;
    bool goes_on = true;
    while (goes_on) {
        goes_on = context_.poll() > 0;
        error_code error;
        const std::size_t size = client.read_some(asio::buffer(buffer), error);
        answer.append(buffer.data(), size);
        goes_on = goes_on || size > 0;
    }
}

bool Loopback::is_idle() {
    return server_->session_count() == 0 && chat_.manager().get_connection_count() == 0;
}

std::vector<std::string_view> cut(std::string_view bytes, std::string_view cuts) {
    std::vector<std::string_view> pieces;
    for (std::size_t i = 0; !bytes.empty(); ++i) {
        const std::size_t size =
            cuts.empty()
                ? bytes.size()
                : std::max<std::size_t>(1, static_cast<unsigned char>(cuts[i % cuts.size()]));
        pieces.push_back(bytes.substr(0, size));
        bytes.remove_prefix(pieces.back().size());
    }
    return pieces;
}

}  // namespace fuzz
