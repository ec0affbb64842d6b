// Who is let in: how many WebSockets there are, in all and by address, and how fast new
// connections of an address come.
#pragma once

#include "beastapi/token_bucket.hpp"

#include <boost/asio/ip/address.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string_view>
#include <variant>

namespace beastapi::detail {

struct AdmissionSettings {
    std::size_t max_connections = 2'000;              ///< WebSockets in all; 0: no limit
    std::size_t max_connections_per_address = 1'000;  ///< WebSockets of an address; 0: no limit
    RateLimit connections{100, 1'000};                ///< new TCP connections of an address
    RateLimit requests{200, 5'000};                   ///< HTTP requests of an address
};

/// Keeps account of addresses. An IPv6 address counts by its /64 network, the least that
/// a customer gets; an IPv4 address is one address, in whichever of the two it is written.
///
/// An address without WebSockets whose buckets are full again is as one never seen, and is
/// forgotten: what is kept grows with the connections of the last seconds, not with the addresses
/// of the past.
class Admission {
    struct Client;
    struct Release {
        Admission* admission;
        void operator()(Client* client) const { admission->release(*client); }
    };

public:
    using Address = boost::asio::ip::address;
    using Clock = TokenBucket::Clock;

    /// The place of one WebSocket, which is free again when this ends.
    using Slot = std::unique_ptr<Client, Release>;

    /// Why there is no place.
    struct Refusal {
        std::string_view reason;  ///< for the close frame
        std::string_view name;    ///< for Refusals
    };

    /// The time is `now`'s, which a test may tell.
    explicit Admission(const AdmissionSettings& settings,
                       std::function<Clock::time_point()> now = Clock::now);
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;

    /// A TCP connection has come. How long until one of this address may come: zero if it may now.
    Clock::duration allow_connection(const Address& address);

    /// An HTTP request has come. How long until this address may send one: zero if it may now.
    Clock::duration allow_request(const Address& address);

    /// A WebSocket is asked for. All slots have to be gone before the Admission is.
    std::variant<Slot, Refusal> acquire(const Address& address);

    /// The addresses that are remembered.
    std::size_t size() const noexcept { return clients_.size(); }

private:
    /// What is known of an address.
    struct Client {
        explicit Client(const AdmissionSettings& settings)
            : connections(settings.connections), requests(settings.requests) {}

        TokenBucket connections;
        TokenBucket requests;
        std::size_t slots = 0;
    };
    using Network = boost::asio::ip::address_v6;
    using Clients = std::map<Network, Client>;

    /// How long until there is a token in the bucket, from which one is taken if there is.
    Clock::duration take(TokenBucket& bucket) const;
    static Network network_of(const Address& address);
    Client& client(const Address& address);
    void release(Client& client) noexcept;
    void forget_idle();

    AdmissionSettings settings_;
    std::function<Clock::time_point()> now_;
    Clients clients_;
    std::size_t slots_ = 0;
    std::size_t forget_at_ = 0;  // when there are so many addresses, it is time to forget some
};

}  // namespace beastapi::detail
