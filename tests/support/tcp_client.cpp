#include "support/tcp_client.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <linux/filter.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace test {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

struct TcpClient::Impl {
    explicit Impl(const asio::any_io_executor& executor) : socket(executor) {}

    tcp::socket socket;
    std::string input;
};

namespace {

/// Cancels what the socket does if it is not done in time.
class Wait {
public:
    explicit Wait(tcp::socket& socket) : timer_(socket.get_executor(), deadline) {
        timer_.async_wait([&socket, late = late_](const error_code& error) {
            if (!error) {
                *late = true;
                error_code ignored;
                socket.cancel(ignored);
            }
        });
    }

    void end(std::string_view what_for, source_location where) {
        timer_.cancel();
        if (*late_) {
            throw DeadlineExceeded(what_for, where);
        }
    }

private:
    std::shared_ptr<bool> late_ = std::make_shared<bool>(false);
    asio::steady_timer timer_;
};

}  // namespace

TcpClient::TcpClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TcpClient::TcpClient(TcpClient&&) noexcept = default;
TcpClient& TcpClient::operator=(TcpClient&&) noexcept = default;
TcpClient::~TcpClient() = default;

awaitable<TcpClient> TcpClient::connect(unsigned short port, int receive_buffer,
                                        source_location where) {
    TcpOptions options;
    options.receive_buffer = receive_buffer;
    return connect(port, std::move(options), where);
}

awaitable<TcpClient> TcpClient::connect(unsigned short port, TcpOptions options,
                                        source_location where) {
    auto impl = std::make_unique<Impl>(co_await asio::this_coro::executor);
    const tcp::endpoint server(asio::ip::address_v4::loopback(), port);
    impl->socket.open(server.protocol());
    if (options.receive_buffer > 0) {
        impl->socket.set_option(asio::socket_base::receive_buffer_size(options.receive_buffer));
    }
    if (!options.from.empty()) {
        // Leaves the choice of the port to connect(), which may take one that is used towards
        // another server.
        impl->socket.set_option(
            asio::detail::socket_option::boolean<IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT>(true));
        impl->socket.bind(tcp::endpoint(asio::ip::make_address(options.from), 0));
    }
    error_code error;
    Wait wait(impl->socket);
    co_await impl->socket.async_connect(server, asio::redirect_error(asio::use_awaitable, error));
    wait.end("a connection", where);
    if (error) {
        throw std::runtime_error(
            fmt::format("{}: cannot connect: {}", to_string(where), error.message()));
    }
    impl->socket.set_option(tcp::no_delay(true));
    co_return TcpClient(std::move(impl));
}

awaitable<void> TcpClient::send(std::string bytes, source_location where) {
    error_code error;
    Wait wait(impl_->socket);
    co_await asio::async_write(impl_->socket, asio::buffer(bytes),
                               asio::redirect_error(asio::use_awaitable, error));
    wait.end("room to send", where);
    if (error) {
        throw std::runtime_error(
            fmt::format("{}: cannot send: {}", to_string(where), error.message()));
    }
}

void TcpClient::send_now(std::string_view bytes) {
    asio::write(impl_->socket, asio::buffer(bytes));
}

awaitable<bool> TcpClient::read_more(std::string what_for, source_location where) {
    std::array<char, 64 * 1024> buffer;
    error_code error;
    Wait wait(impl_->socket);
    const std::size_t size = co_await impl_->socket.async_read_some(
        asio::buffer(buffer), asio::redirect_error(asio::use_awaitable, error));
    wait.end(what_for, where);
    impl_->input.append(buffer.data(), size);
    co_return !error;
}

awaitable<std::string> TcpClient::read(std::size_t size, source_location where) {
    while (impl_->input.size() < size) {
        const bool more = co_await read_more("bytes", where);
        if (!more) {
            throw std::runtime_error(fmt::format("{}: the stream ended, {} bytes too early",
                                                 to_string(where), size - impl_->input.size()));
        }
    }
    std::string bytes = impl_->input.substr(0, size);
    impl_->input.erase(0, size);
    co_return bytes;
}

awaitable<std::string> TcpClient::read_until(std::string delimiter, source_location where) {
    std::size_t at = impl_->input.find(delimiter);
    while (at == std::string::npos) {
        const bool more = co_await read_more(fmt::format("'{}'", delimiter), where);
        if (!more) {
            throw std::runtime_error(
                fmt::format("{}: the stream ended with '{}'", to_string(where), impl_->input));
        }
        at = impl_->input.find(delimiter);
    }
    std::string bytes = co_await read(at + delimiter.size(), where);
    co_return bytes;
}

awaitable<std::string> TcpClient::read_to_end(source_location where) {
    bool more = true;
    while (more) {
        more = co_await read_more("the end of the stream", where);
    }
    co_return std::exchange(impl_->input, {});
}

bool TcpClient::has_input() {
    return !impl_->input.empty() || impl_->socket.available() > 0;
}

void TcpClient::shut_down() {
    error_code server_was_faster;
    impl_->socket.shutdown(tcp::socket::shutdown_send, server_was_faster);
}

void TcpClient::close() {
    impl_->socket.close();
}

void TcpClient::tear() {
    impl_->socket.set_option(asio::socket_base::linger(true, 0));
    impl_->socket.close();
}

void TcpClient::lose_what_comes() {
    sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);
    const sock_fprog program{1, &drop_all};
    if (::setsockopt(impl_->socket.native_handle(), SOL_SOCKET, SO_ATTACH_FILTER, &program,
                     sizeof program) != 0) {
        throw std::system_error(errno, std::generic_category(), "SO_ATTACH_FILTER");
    }
}

}  // namespace test
