// A small WebSocket server whose faults are chosen by the test.
#include "scripted_server.hpp"

#include <fmt/format.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace load::test {

namespace {

constexpr std::string_view right_answer =
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nConnection: Upgrade\r\n"
    "SEC-WEBSOCKET-ACCEPT:  s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \r\n\r\n";

/// Takes one masked frame off the front; false if it is not whole. Only for short lengths.
bool take_frame(std::string& in, Opcode& opcode, std::string& payload) {
    if (in.size() < 2) {
        return false;
    }
    const auto byte = [&in](std::size_t i) { return static_cast<unsigned char>(in[i]); };
    std::size_t length = byte(1) & 0x7FU;
    std::size_t header = 2;
    if (length == 126) {
        if (in.size() < 4) {
            return false;
        }
        length = static_cast<std::size_t>(byte(2)) << 8U | byte(3);
        header = 4;
    }
    if (in.size() < header + 4 + length) {
        return false;
    }
    opcode = static_cast<Opcode>(byte(0) & 0x0FU);
    MaskKey key;
    std::copy_n(in.begin() + static_cast<std::ptrdiff_t>(header), 4, key.bytes.begin());
    payload = in.substr(header + 4, length);
    mask(payload.data(), payload.size(), key);
    in.erase(0, header + 4 + length);
    return true;
}

}  // namespace

ScriptedServer::ScriptedServer(Script script)
    : script_{std::move(script)},
      listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)},
      stop_{::eventfd(0, EFD_CLOEXEC)} {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 128) != 0 ||
        ::getsockname(listener_.get(), generic, &size) != 0) {
        throw Failure{"the scripted server cannot listen"};
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread{[this] { run(); }};
}

ScriptedServer::~ScriptedServer() {
    const std::uint64_t one = 1;
    if (::write(stop_.get(), &one, sizeof one) == sizeof one) {
        thread_.join();
    } else {
        std::terminate();
    }
}

Url ScriptedServer::url(std::string_view path) const {
    return parse_url(fmt::format("ws://127.0.0.1:{}{}", port_, path));
}

void ScriptedServer::send(Client client, std::string_view payload, Opcode opcode, bool fin) {
    std::string& out = clients_[client].out;
    const auto first = (fin ? 0x80U : 0U) | static_cast<unsigned>(opcode);
    out.push_back(static_cast<char>(first));
    if (payload.size() < 126) {
        out.push_back(static_cast<char>(payload.size()));
    } else {
        out.push_back(126);
        out.push_back(static_cast<char>(payload.size() >> 8U));
        out.push_back(static_cast<char>(payload.size() & 0xFFU));
    }
    out.append(payload);
}

void ScriptedServer::broadcast(std::string_view payload) {
    for (Client client = 0; client < clients_.size(); ++client) {
        if (clients_[client].open) {
            send(client, payload);
        }
    }
}

void ScriptedServer::close(Client client, std::uint16_t code) {
    const char payload[] = {static_cast<char>(code >> 8U), static_cast<char>(code & 0xFFU)};
    send(client, {payload, sizeof payload}, Opcode::close);
    clients_[client].close_sent = true;
}

void ScriptedServer::run() {
    // The tests raise signals that the load tool is to take.
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    while (true) {
        std::vector<pollfd> polled{{stop_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
        for (const Peer& peer : clients_) {
            const int events = peer.out.empty() ? POLLIN : POLLIN | POLLOUT;
            polled.push_back({peer.fd.get(), static_cast<short>(events), 0});
        }
        ::poll(polled.data(), polled.size(), -1);
        if (polled[0].revents != 0) {
            return;
        }
        for (std::size_t i = 2; i < polled.size(); ++i) {
            if ((polled[i].revents & POLLOUT) != 0) {
                write(i - 2);
            }
            if ((polled[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
                read(i - 2);
            }
        }
        if (polled[1].revents != 0) {
            accept_one();
        }
    }
}

void ScriptedServer::accept_one() {
    Peer peer;
    peer.fd = Fd{::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    const int on = 1;
    ::setsockopt(peer.fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    clients_.push_back(std::move(peer));
}

void ScriptedServer::read(Client client) {
    char bytes[16 * 1024];
    const ssize_t count = ::recv(clients_[client].fd.get(), bytes, sizeof bytes, 0);
    if (count <= 0) {
        if (count == 0 || errno != EAGAIN) {
            clients_[client].fd.reset();
            clients_[client].open = false;
            clients_[client].out.clear();
        }
        return;
    }
    clients_[client].in.append(bytes, static_cast<std::size_t>(count));
    if (!clients_[client].open) {
        std::string& in = clients_[client].in;
        const auto end = in.find("\r\n\r\n");
        if (end == std::string::npos) {
            return;
        }
        clients_[client].request = in.substr(0, end);
        in.erase(0, end + 4);
        clients_[client].out += script_.answer.empty() ? right_answer : script_.answer;
        clients_[client].open = true;
        script_.open(*this, client);
    }
    Opcode opcode{};
    std::string payload;
    while (clients_[client].open && take_frame(clients_[client].in, opcode, payload)) {
        if (opcode == Opcode::close) {
            if (!clients_[client].close_sent) {
                send(client, payload, Opcode::close);
            }
            clients_[client].open = false;
            write(client);
        } else {
            script_.frame(*this, client, opcode, payload);
        }
    }
}

void ScriptedServer::write(Client client) {
    Peer& peer = clients_[client];
    const std::size_t size = std::min(peer.out.size(), script_.piece);
    if (size > 0) {
        const ssize_t count = ::send(peer.fd.get(), peer.out.data(), size, MSG_NOSIGNAL);
        peer.out.erase(0, static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
    if (peer.out.empty() && !peer.open) {
        ::shutdown(peer.fd.get(), SHUT_WR);
    }
}

}  // namespace load::test
