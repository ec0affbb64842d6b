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

/// Listens once more where `first`, which listen() gave, does: the system gives each connection to
/// one of them (SO_REUSEPORT). Throws std::runtime_error if it cannot.
///
/// listen() takes the port for itself alone, and only then lets others of this process in. So a
/// second server finds the port taken even if both have workers, and whichever comes first. What
/// can still get in is another program of the same user that asks for SO_REUSEPORT from the
/// beginning.
Acceptor listen_beside(Acceptor& first, boost::asio::io_context& context);

}  // namespace beastapi::detail
