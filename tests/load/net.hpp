// The system's part: descriptors, epoll, addresses, limits, signals.
#pragma once

#include "clock.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace load {

/// What went wrong in words for the user; the program ends with status 1.
class Failure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_{fd} {}
    Fd(Fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { reset(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    void reset();

private:
    int fd_{-1};
};

class Epoll {
public:
    Epoll();
    void add(int fd, std::uint32_t events, std::uint32_t tag) const;
    void modify(int fd, std::uint32_t events, std::uint32_t tag) const;
    void remove(int fd) const;
    /// The events that are there, at the latest at `until`; none if that is over.
    std::span<const epoll_event> wait(Nanoseconds until);

private:
    Fd fd_;
    std::vector<epoll_event> events_;
};

/// `ws://host:port/path?query`; the path may hold {i} and {user}.
struct Url {
    std::string host;
    std::string port;
    std::string path;
    std::string text;
};

/// Throws std::invalid_argument with the reason.
Url parse_url(std::string_view text);

struct Address {
    sockaddr_storage storage{};
    socklen_t size{};
};

/// Throws Failure if the host has no address.
Address resolve(const Url& url);

/// A port of the system's choice is given out once for each pair of addresses, which makes about
/// 28,000 connections to one server. Beyond `connections_each` further source addresses out of
/// 127.0.0.0/8 are used: the n-th connection's is put into `source`; false if it needs none.
constexpr std::size_t connections_each = 20'000;
bool source_address(const Address& server, std::size_t n, Address& source);

/// Raises the limit of open files to the hard one; throws Failure if that is below `wanted`.
void raise_file_limit(std::size_t wanted);

/// SIGINT and SIGTERM as a readable descriptor, as long as it lives.
class Signals {
public:
    Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;
    ~Signals();

    int fd() const { return fd_.get(); }
    /// Takes the signals that came; false if none did.
    bool take();

private:
    sigset_t before_{};
    Fd fd_;
};

std::string error_text(int error);

}  // namespace load
