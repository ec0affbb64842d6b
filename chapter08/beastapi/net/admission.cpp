#include "beastapi/net/admission.hpp"

#include <algorithm>
#include <utility>

namespace beastapi::detail {

namespace asio = boost::asio;

namespace {

constexpr std::size_t min_to_forget = 1024;

}  // namespace

Admission::Admission(const AdmissionSettings& settings, std::function<Clock::time_point()> now)
    : settings_(settings), now_(std::move(now)), forget_at_(min_to_forget) {}

Admission::Clock::duration Admission::allow_connection(const Address& address) {
    return settings_.connections.rate > 0 ? take(client(address).connections)
                                          : Clock::duration::zero();
}

Admission::Clock::duration Admission::allow_request(const Address& address) {
    return settings_.requests.rate > 0 ? take(client(address).requests) : Clock::duration::zero();
}

Admission::Clock::duration Admission::take(TokenBucket& bucket) const {
    const auto now = now_();
    const auto wait = bucket.wait(now);
    bucket.take(now);
    return wait;
}

std::variant<Admission::Slot, Admission::Refusal> Admission::acquire(const Address& address) {
    const auto reached = [](std::size_t limit, std::size_t count) {
        return limit > 0 && count >= limit;
    };
    if (reached(settings_.max_connections, slots_)) {
        return Refusal{"Server is full", "server_full"};
    }
    Client& who = client(address);
    if (reached(settings_.max_connections_per_address, who.slots)) {
        return Refusal{"Too many connections", "address_full"};
    }
    ++slots_;
    ++who.slots;
    return Slot(&who, Release{this});
}

void Admission::release(Client& client) noexcept {
    --slots_;
    --client.slots;
}

Admission::Network Admission::network_of(const Address& address) {
    if (address.is_v4()) {
        return asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4());
    }
    if (address.to_v6().is_v4_mapped()) {
        return Network(address.to_v6().to_bytes());  // without its zone
    }
    auto bytes = address.to_v6().to_bytes();
    constexpr auto network_bytes = 8;
    std::fill(bytes.begin() + network_bytes, bytes.end(), Network::bytes_type::value_type{0});
    return Network(bytes);
}

Admission::Client& Admission::client(const Address& address) {
    const Network network = network_of(address);
    const auto known = clients_.find(network);
    if (known != clients_.end()) {
        return known->second;
    }
    if (clients_.size() >= forget_at_) {
        forget_idle();
    }
    return clients_.try_emplace(network, settings_).first->second;
}

void Admission::forget_idle() {
    const auto now = now_();
    std::erase_if(clients_, [now](const Clients::value_type& each) {
        return each.second.slots == 0 && each.second.connections.full(now) &&
               each.second.requests.full(now);
    });
    // Twice as many, so that looking through all of them costs each new one a constant share.
    forget_at_ = std::max(min_to_forget, 2 * clients_.size());
}

}  // namespace beastapi::detail
