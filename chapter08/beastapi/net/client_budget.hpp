// What a client may cost the server: one budget for each address, or for each user.
#pragma once

#include "beastapi/token_bucket.hpp"

#include <boost/asio/ip/address.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace beastapi {

/// What each client may do. A rate of 0 is no limit. docs/cost.md has the arithmetic.
struct ClientLimits {
    RateLimit connections{100, 1'000};                        ///< new TCP connections
    RateLimit requests{200, 5'000};                           ///< HTTP requests
    RateLimit bytes_in{64 * 1024, 2 * 1024 * 1024};           ///< what it sends
    RateLimit bytes_out{16 * 1024 * 1024, 64 * 1024 * 1024};  ///< what it causes to be sent

    /// What a frame costs beside its bytes: on a core, a small frame costs about as much.
    static constexpr std::uint32_t min_bytes_in = 256;
    /// The burst of bytes_in is there for pages that load: this part of it is for frames.
    static constexpr std::uint32_t share_of_frames = 16;

    /// The WebSocket frames that bytes_in allows, on all connections of the client together. A
    /// new connection brings no new burst.
    RateLimit frames() const {
        return {bytes_in.rate / min_bytes_in,
                std::max<std::uint32_t>(bytes_in.burst / min_bytes_in / share_of_frames, 1)};
    }
};

class ClientBudgets;

/// What is known of one client, shared by all its connections. It outlives them: a client that
/// connects again finds the budget as it left it.
///
/// A client may have connections with several workers, so each call locks it for a moment.
class ClientBudget {
public:
    using Clock = TokenBucket::Clock;

    static constexpr std::size_t min_bytes_in = ClientLimits::min_bytes_in;
    static constexpr std::size_t frame_overhead_out = 256;

    explicit ClientBudget(ClientBudgets& all);
    ClientBudget(const ClientBudget&) = delete;
    ClientBudget& operator=(const ClientBudget&) = delete;

    /// A TCP connection has come. Zero if that's within the limit; else how long until the next may
    /// come.
    Clock::duration take_connection() { return take(connections_, 1); }

    /// An HTTP request has come; otherwise as take_connection().
    Clock::duration take_request() { return take(requests_, 1); }

    /// So many bytes have come: one HTTP request. It costs at least min_bytes_in. Returns how long
    /// this connection must not be read: zero while the budget lasts. Connections of one client
    /// that read in turn get turns one after another.
    Clock::duration take_in(std::size_t bytes);

    /// The same for WebSocket frames, of data and of control. Each costs at least min_bytes_in, and
    /// they have a limit of their own beside that: ClientLimits::frames().
    Clock::duration take_frames(std::size_t frames, std::size_t bytes);

    /// How many bytes of frames are worth reading at a time: what is left of the budget, at least
    /// 1 KiB. A connection that reads no more keeps the pauses of the client's other connections
    /// short.
    std::size_t allowance_in() const;

    /// The client wants something that makes the server send so many bytes. Zero if the budget has
    /// them, and they are taken. Else nothing is taken, and it says how long until the budget has
    /// them; unless that is at most `patience`: then they are taken all the same, and the server
    /// has to wait that long before it sends.
    ///
    /// More than the whole burst is granted once the bucket is full.
    Clock::duration take_out(std::size_t bytes, Clock::duration patience = {});

    /// The server has sent so many bytes because of the client, whether it could pay or not: what
    /// comes next waits for it.
    void owe_out(std::size_t bytes);

    /// How long it takes until what it has made the server send is paid for.
    Clock::duration debt_out() const;

    /// What it costs to send a message of that size to so many connections.
    static constexpr std::size_t cost_out(std::size_t size, std::size_t connections) {
        return (size + frame_overhead_out) * connections;
    }

    /// The budget of a user whose name a token has proved, in place of that of the address.
    std::shared_ptr<ClientBudget> of_user(std::string_view name) const;

    /// Whether its client has paid everything back, so that it's as good as a new one.
    bool full() const;

    /// What Admission counts: the client's open connections, and the bytes of memory that hold
    /// answers for it. Only Admission reads and changes it, under its own lock.
    struct Held {
        std::size_t connections = 0;
        std::size_t answer_bytes = 0;
    };
    Held held{};

private:
    Clock::duration take(TokenBucket& bucket, std::size_t tokens);

    Clock::time_point now() const;

    ClientBudgets& all_;
    mutable std::mutex mutex_;  // guards the buckets
    TokenBucket connections_;
    TokenBucket requests_;
    TokenBucket in_;
    TokenBucket frames_;
    TokenBucket out_;
};

/// The budgets of all clients.
///
/// A budget that nobody holds and whose buckets are full again is as a new one, and is forgotten:
/// what is kept grows with the connections and with what the last seconds have cost, not with the
/// clients of the past. Has to outlive the budgets. The workers of a server share one, each from
/// its own thread; `now` is called from all of them.
class ClientBudgets {
public:
    using Address = boost::asio::ip::address;
    using Clock = TokenBucket::Clock;

    /// The time is `now`'s, which a test may turn.
    explicit ClientBudgets(const ClientLimits& limits,
                           std::function<Clock::time_point()> now = Clock::now);
    ClientBudgets(const ClientBudgets&) = delete;
    ClientBudgets& operator=(const ClientBudgets&) = delete;

    /// That of an address. An IPv6 address counts by its /64 network, the least that a customer
    /// gets; an IPv4 address is one address, in whichever of the two it is written.
    std::shared_ptr<ClientBudget> of_address(const Address& address);

    /// That of a user whose name a token has proved.
    std::shared_ptr<ClientBudget> of_user(std::string_view name);

    const ClientLimits& limits() const noexcept { return limits_; }
    const RateLimit& frames() const noexcept { return frames_; }
    Clock::time_point now() const { return now_(); }

    /// How many are remembered.
    std::size_t size() const;

private:
    std::shared_ptr<ClientBudget> of(std::string key);
    void forget_idle();

    ClientLimits limits_;
    RateLimit frames_;
    std::function<Clock::time_point()> now_;
    mutable std::mutex mutex_;  // guards what follows
    std::unordered_map<std::string, std::shared_ptr<ClientBudget>> clients_;
    std::size_t forget_at_;  // when there are so many, it is time to forget some
};

}  // namespace beastapi
