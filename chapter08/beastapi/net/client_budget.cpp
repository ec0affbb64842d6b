#include "beastapi/net/client_budget.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace beastapi {

namespace asio = boost::asio;

namespace {

constexpr std::size_t min_to_forget = 1024;
constexpr std::size_t min_allowance = 1024;
constexpr std::size_t usual_frame = 32;  // bytes, of the small ones

/// The same for each address of a network.
std::string network_key(const ClientBudgets::Address& address) {
    using asio::ip::address_v6;
    address_v6::bytes_type bytes =
        address.is_v4() ? make_address_v6(asio::ip::v4_mapped, address.to_v4()).to_bytes()
                        : address.to_v6().to_bytes();  // without its zone
    if (!address_v6(bytes).is_v4_mapped()) {
        constexpr auto network_bytes = 8;
        std::fill(bytes.begin() + network_bytes, bytes.end(),
                  address_v6::bytes_type::value_type{0});
    }
    return std::string("address ").append(bytes.begin(), bytes.end());
}

}  // namespace

ClientBudget::ClientBudget(ClientBudgets& all)
    : all_(all),
      connections_(all.limits().connections),
      requests_(all.limits().requests),
      in_(all.limits().bytes_in),
      frames_(all.frames()),
      out_(all.limits().bytes_out) {}

ClientBudget::Clock::time_point ClientBudget::now() const {
    return all_.now();
}

std::shared_ptr<ClientBudget> ClientBudget::of_user(std::string_view name) const {
    return all_.of_user(name);
}

ClientBudget::Clock::duration ClientBudget::take(TokenBucket& bucket, std::size_t tokens) {
    const auto time = now();
    const std::lock_guard lock(mutex_);
    const auto wait = bucket.wait(time, tokens);
    if (wait == Clock::duration::zero()) {
        bucket.owe(time, tokens);
    }
    return wait;
}

ClientBudget::Clock::duration ClientBudget::take_in(std::size_t bytes) {
    const auto time = now();
    const std::lock_guard lock(mutex_);
    in_.owe(time, std::max(bytes, min_bytes_in));
    return in_.wait(time, 0);
}

ClientBudget::Clock::duration ClientBudget::take_frames(std::size_t frames, std::size_t bytes) {
    const auto time = now();
    const std::lock_guard lock(mutex_);
    in_.owe(time, std::max(bytes, frames * min_bytes_in));
    frames_.owe(time, frames);
    return std::max(in_.wait(time, 0), frames_.wait(time, 0));
}

std::size_t ClientBudget::allowance_in() const {
    constexpr std::uint64_t no_limit = std::numeric_limits<std::uint32_t>::max();
    const auto time = now();
    const std::lock_guard lock(mutex_);
    const std::uint64_t frames = std::min(frames_.tokens(time), no_limit);
    return std::max<std::size_t>(std::min(in_.tokens(time), frames * usual_frame), min_allowance);
}

ClientBudget::Clock::duration ClientBudget::take_out(std::size_t bytes, Clock::duration patience) {
    const auto time = now();
    const std::lock_guard lock(mutex_);
    const auto wait = out_.wait(time, bytes);
    if (wait <= patience) {
        out_.owe(time, bytes);
    }
    return wait;
}

void ClientBudget::owe_out(std::size_t bytes) {
    const auto time = now();
    const std::lock_guard lock(mutex_);
    out_.owe(time, bytes);
}

ClientBudget::Clock::duration ClientBudget::debt_out() const {
    const auto time = now();
    const std::lock_guard lock(mutex_);
    return out_.wait(time, 0);
}

bool ClientBudget::full() const {
    const auto time = now();
    const std::lock_guard lock(mutex_);
    return connections_.full(time) && requests_.full(time) && in_.full(time) &&
           frames_.full(time) && out_.full(time);
}

ClientBudgets::ClientBudgets(const ClientLimits& limits, std::function<Clock::time_point()> now)
    : limits_(limits), frames_(limits.frames()), now_(std::move(now)), forget_at_(min_to_forget) {}

std::shared_ptr<ClientBudget> ClientBudgets::of_address(const Address& address) {
    return of(network_key(address));
}

std::shared_ptr<ClientBudget> ClientBudgets::of_user(std::string_view name) {
    return of(std::string("user ").append(name));
}

std::shared_ptr<ClientBudget> ClientBudgets::of(std::string key) {
    const std::lock_guard lock(mutex_);
    const auto known = clients_.find(key);
    if (known != clients_.end()) {
        return known->second;
    }
    if (clients_.size() >= forget_at_) {
        forget_idle();
    }
    auto client = std::make_shared<ClientBudget>(*this);
    clients_.emplace(std::move(key), client);
    return client;
}

std::size_t ClientBudgets::size() const {
    const std::lock_guard lock(mutex_);
    return clients_.size();
}

void ClientBudgets::forget_idle() {
    // A budget that only the table holds can't get another holder meanwhile: of() would have to
    // give it out.
    std::erase_if(clients_, [](const auto& each) {
        return each.second.use_count() == 1 && each.second->full();
    });
    // Twice as many, so that looking through all of them costs each new one a constant share.
    forget_at_ = std::max(min_to_forget, 2 * clients_.size());
}

}  // namespace beastapi
