// The sockets at which the server accepts connections.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <vector>

namespace beastapi::detail {

using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp,
                                                    boost::asio::io_context::executor_type>;

/// Listens at every address that `host` resolves to (`localhost`: 127.0.0.1 and ::1), all at one
/// port; 0 picks one that is free at all of them. An address that this machine does not have, as
/// ::1 where IPv6 is switched off, is left out if there is another. Throws std::runtime_error if
/// the host is unknown or the port is taken at one of them.
std::vector<Acceptor> listen(boost::asio::io_context& context, const std::string& host,
                             unsigned short port);

}  // namespace beastapi::detail
