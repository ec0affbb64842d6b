// The system's part: descriptors, epoll, addresses, limits, signals.
#include "net.hpp"

#include <fmt/format.h>

#include <netdb.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace load {

namespace {

[[noreturn]] void throw_errno(std::string_view what) {
    throw Failure{fmt::format("{}: {}", what, error_text(errno))};
}

}  // namespace

std::string error_text(int error) {
    return std::generic_category().message(error);
}

void Fd::reset() {
    if (fd_ >= 0) {
        ::close(fd_);
        fd_ = -1;
    }
}

Epoll::Epoll() : fd_{::epoll_create1(EPOLL_CLOEXEC)}, events_(256) {
    if (!fd_) {
        throw_errno("epoll_create1");
    }
}

void Epoll::add(int fd, std::uint32_t events, std::uint32_t tag) const {
    epoll_event event{};
    event.events = events;
    event.data.u32 = tag;
    if (::epoll_ctl(fd_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
        throw_errno("epoll_ctl");
    }
}

void Epoll::modify(int fd, std::uint32_t events, std::uint32_t tag) const {
    epoll_event event{};
    event.events = events;
    event.data.u32 = tag;
    if (::epoll_ctl(fd_.get(), EPOLL_CTL_MOD, fd, &event) != 0) {
        throw_errno("epoll_ctl");
    }
}

void Epoll::remove(int fd) const {
    ::epoll_ctl(fd_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

std::span<const epoll_event> Epoll::wait(Nanoseconds until) {
    const Nanoseconds time = now();
    const Nanoseconds left = until > time ? until - time : 0;
    timespec timeout{};
    timeout.tv_sec = static_cast<time_t>(left / 1'000'000'000U);
    timeout.tv_nsec = static_cast<long>(left % 1'000'000'000U);
    const int count = ::epoll_pwait2(fd_.get(), events_.data(), static_cast<int>(events_.size()),
                                     &timeout, nullptr);
    if (count < 0 && errno != EINTR) {
        throw_errno("epoll_pwait2");
    }
    return {events_.data(), static_cast<std::size_t>(std::max(count, 0))};
}

Url parse_url(std::string_view text) {
    Url url;
    url.text = text;
    constexpr std::string_view scheme = "ws://";
    if (!text.starts_with(scheme)) {
        throw std::invalid_argument{"the URL must begin with ws:// (there is no TLS here)"};
    }
    text.remove_prefix(scheme.size());
    const auto slash = std::min(text.find_first_of("/?"), text.size());
    std::string_view authority = text.substr(0, slash);
    url.path = text.substr(slash);
    if (!url.path.starts_with('/')) {
        url.path = fmt::format("/{}", url.path);
    }
    if (url.path.find_first_of(" \r\n#") != std::string::npos) {
        throw std::invalid_argument{"the URL's path holds a blank or a fragment"};
    }
    std::string_view port = "80";
    const auto bracket = authority.find(']');
    const auto colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon != std::string_view::npos) {
        port = authority.substr(colon + 1);
        authority = authority.substr(0, colon);
    }
    if (authority.starts_with('[') && authority.ends_with(']')) {
        authority = authority.substr(1, authority.size() - 2);
    }
    if (authority.empty()) {
        throw std::invalid_argument{"the URL names no host"};
    }
    if (port.empty() || port.find_first_not_of("0123456789") != std::string_view::npos) {
        throw std::invalid_argument{"the URL's port is not a number"};
    }
    url.host = authority;
    url.port = port;
    return url;
}

Address resolve(const Url& url) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &found);
    if (error != 0) {
        throw Failure{fmt::format("{}:{}: {}", url.host, url.port, ::gai_strerror(error))};
    }
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{found, &::freeaddrinfo};
    Address address;
    std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
    address.size = found->ai_addrlen;
    return address;
}

bool source_address(const Address& server, std::size_t n, Address& source) {
    const std::size_t block = n / connections_each;
    sockaddr_in address{};
    std::memcpy(&address, &server.storage, sizeof address);
    if (block == 0 || address.sin_family != AF_INET ||
        ntohl(address.sin_addr.s_addr) >> 24U != 127) {
        return false;
    }
    address.sin_addr.s_addr = htonl(0x7F00'0001U + static_cast<std::uint32_t>(block % 0xFFFF));
    address.sin_port = 0;
    std::memcpy(&source.storage, &address, sizeof address);
    source.size = sizeof address;
    return true;
}

void raise_file_limit(std::size_t wanted) {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < wanted) {
        throw Failure{fmt::format(
            "{} open files are needed and the limit is {} (raise the hard limit: ulimit -Hn)",
            wanted, limit.rlim_cur)};
    }
}

Signals::Signals() {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGINT);
    ::sigaddset(&signals, SIGTERM);
    fd_ = Fd{::signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC)};
    if (!fd_ || ::pthread_sigmask(SIG_BLOCK, &signals, &before_) != 0) {
        throw_errno("signalfd");
    }
}

Signals::~Signals() {
    take();
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

bool Signals::take() {
    bool came = false;
    signalfd_siginfo signal{};
    while (::read(fd_.get(), &signal, sizeof signal) > 0) {
        came = true;
    }
    return came;
}

}  // namespace load
