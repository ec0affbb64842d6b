#include "beastapi/detail/admission.hpp"

#include <algorithm>
#include <utility>

namespace beastapi::detail {

namespace asio = boost::asio;

namespace {

constexpr std::size_t fewest_to_forget = 1024;

}  // namespace

Admission::Admission(const AdmissionSettings& settings, std::function<Clock::time_point()> now)
    : settings_(settings), now_(std::move(now)), forget_at_(fewest_to_forget) {}

Admission::Clock::duration Admission::knock(const Address& address) {
    return settings_.connections.rate > 0 ? take(visitor(address).knocks) : Clock::duration::zero();
}

Admission::Clock::duration Admission::request(const Address& address) {
    return settings_.requests.rate > 0 ? take(visitor(address).requests) : Clock::duration::zero();
}

Admission::Clock::duration Admission::take(TokenBucket& bucket) const {
    const auto now = now_();
    const auto wait = bucket.wait(now);
    bucket.take(now);
    return wait;
}

std::variant<Admission::Place, Admission::Refusal> Admission::enter(const Address& address) {
    const auto reached = [](std::size_t limit, std::size_t count) {
        return limit > 0 && count >= limit;
    };
    if (reached(settings_.max_connections, places_)) {
        return Refusal{"Server is full", "server_full"};
    }
    Visitor& who = visitor(address);
    if (reached(settings_.max_connections_per_address, who.places)) {
        return Refusal{"Too many connections", "address_full"};
    }
    ++places_;
    ++who.places;
    return Place(&who, Leave{this});
}

void Admission::leave(Visitor& visitor) noexcept {
    --places_;
    --visitor.places;
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

Admission::Visitor& Admission::visitor(const Address& address) {
    const Network network = network_of(address);
    const auto known = visitors_.find(network);
    if (known != visitors_.end()) {
        return known->second;
    }
    if (visitors_.size() >= forget_at_) {
        forget_strangers();
    }
    return visitors_.try_emplace(network, settings_).first->second;
}

void Admission::forget_strangers() {
    const auto now = now_();
    std::erase_if(visitors_, [now](const Visitors::value_type& each) {
        return each.second.places == 0 && each.second.knocks.full(now) &&
               each.second.requests.full(now);
    });
    // Twice as many, so that looking through all of them costs each new one a constant share.
    forget_at_ = std::max(fewest_to_forget, 2 * visitors_.size());
}

}  // namespace beastapi::detail
