#include "beastapi/net/admission.hpp"

#include <algorithm>

namespace beastapi::detail {

namespace {

/// Whether `more` on top of `count` is over the limit.
bool exceeds(std::size_t limit, std::size_t count, std::size_t more) {
    return limit > 0 && count + more > limit;
}

}  // namespace

Admission::Slot::Slot(Admission& admission, Client client, bool reserved)
    : admission_(&admission), client_(std::move(client)), reserved_(reserved) {  // with its lock
    ++admission_->connections_;
    admission_->reserved_ += reserved_ ? 1 : 0;
    ++client_->held.connections;
}

Admission::Slot::~Slot() {
    if (admission_ != nullptr) {
        const std::lock_guard lock(admission_->mutex_);
        --admission_->connections_;
        admission_->reserved_ -= reserved_ ? 1 : 0;
        --client_->held.connections;
    }
}

Admission::Answer::Answer(Admission& admission, Client client, std::size_t bytes)
    : admission_(&admission), client_(std::move(client)), bytes_(bytes) {  // with its lock
    admission_->answer_bytes_ += bytes_;
    client_->held.answer_bytes += bytes_;
}

Admission::Answer::~Answer() {
    if (admission_ != nullptr) {
        const std::lock_guard lock(admission_->mutex_);
        admission_->answer_bytes_ -= bytes_;
        client_->held.answer_bytes -= bytes_;
    }
}

std::variant<Admission::Slot, const Admission::Refusal*> Admission::acquire(const Client& client) {
    const std::lock_guard lock(mutex_);
    if (exceeds(settings_.max_connections_per_address, client->held.connections, 1)) {
        return &address_full;
    }
    if (exceeds(settings_.max_connections, connections_, 1)) {
        return &server_full;
    }
    return Slot(*this, client, !has_unreserved());
}

bool Admission::has_unreserved() const noexcept {
    const std::size_t most = settings_.max_connections;
    const std::size_t unreserved = most - std::min(most, settings_.reserved_connections);
    return most == 0 || connections_ - reserved_ < unreserved;
}

bool Admission::confirm(Slot& slot, bool may_have_reserved) noexcept {
    const std::lock_guard lock(mutex_);
    if (slot.reserved_ && !may_have_reserved) {
        if (!has_unreserved()) {
            return false;
        }
        slot.reserved_ = false;
        --reserved_;
    }
    return true;
}

const Admission::Refusal* Admission::move(Slot& slot, const Client& client) {
    if (slot.client_ == client) {
        return nullptr;
    }
    const std::lock_guard lock(mutex_);
    if (exceeds(settings_.max_connections_per_address, client->held.connections, 1)) {
        return &address_full;
    }
    --slot.client_->held.connections;
    ++client->held.connections;
    slot.client_ = client;
    return nullptr;
}

std::optional<Admission::Answer> Admission::hold_answer(const Client& client, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    if (exceeds(settings_.max_answer_bytes, answer_bytes_, bytes) ||
        exceeds(settings_.max_answer_bytes_per_address, client->held.answer_bytes, bytes)) {
        return std::nullopt;
    }
    return Answer(*this, client, bytes);
}

std::size_t Admission::connections() const {
    const std::lock_guard lock(mutex_);
    return connections_;
}

std::size_t Admission::answer_bytes() const {
    const std::lock_guard lock(mutex_);
    return answer_bytes_;
}

}  // namespace beastapi::detail
