// A TCP connection to a server under test, which sends any bytes, and every wait of which ends.
#pragma once

#include "support/loop.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace test {

struct TcpOptions {
    /// In bytes, 0 for the system's own choice: a small one makes a slow reader.
    int receive_buffer = 0;
    /// The client's own address, such as 127.0.0.2; empty for the system's choice.
    std::string from{};
};

class TcpClient {
public:
    static awaitable<TcpClient> connect(unsigned short port, TcpOptions options,
                                        source_location where = source_location::current());
    static awaitable<TcpClient> connect(unsigned short port, int receive_buffer = 0,
                                        source_location where = source_location::current());

    TcpClient(TcpClient&&) noexcept;
    TcpClient& operator=(TcpClient&&) noexcept;
    ~TcpClient();

    awaitable<void> send(std::string bytes, source_location where = source_location::current());

    /// Returns with the bytes on their way; the loop has not run meanwhile.
    void send_now(std::string_view bytes);

    /// Exactly that many bytes. Throws std::runtime_error if the server ends the stream before.
    awaitable<std::string> read(std::size_t size,
                                source_location where = source_location::current());

    /// All up to and with `delimiter`.
    awaitable<std::string> read_until(std::string delimiter,
                                      source_location where = source_location::current());

    /// All until the server ends the stream, or resets it.
    awaitable<std::string> read_to_end(source_location where = source_location::current());

    /// Whether something can be read now.
    bool has_input();

    /// Ends our side of the stream; the server's may go on.
    void shut_down();

    /// Ends the connection.
    void close();

    /// Ends the connection at once by a reset.
    void tear();

    /// From now on the system drops every packet that comes for this connection: none is answered
    /// or acknowledged, as if the cable were cut. To be destroyed when the server has given up.
    void lose_what_comes();

private:
    struct Impl;
    explicit TcpClient(std::unique_ptr<Impl> impl);
    awaitable<bool> read_more(std::string what_for, source_location where);

    std::unique_ptr<Impl> impl_;
};

}  // namespace test
