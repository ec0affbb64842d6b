// Counts what was refused, by reason.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace beastapi {

/// How often each limit was hit since the start. The reasons are those of the table "Limits" in
/// docs/protocol.md; the code that refuses something counts it here. Any thread may.
class Refusals {
public:
    using Counts = std::map<std::string, std::uint64_t, std::less<>>;

    Refusals() = default;
    Refusals(const Refusals&) = delete;
    Refusals& operator=(const Refusals&) = delete;

    void count(std::string_view reason) { shared_->add(reason, 1); }

    /// How often; zero for a reason that has not come up.
    std::uint64_t of(std::string_view reason) const {
        const std::lock_guard lock(shared_->mutex);
        const auto known = shared_->counts.find(reason);
        return known == shared_->counts.end() ? 0 : known->second;
    }

    /// The reasons that have come up, in the order of the alphabet.
    Counts by_reason() const {
        const std::lock_guard lock(shared_->mutex);
        return shared_->counts;
    }

    /// From now on, both count together, and each tells what either has counted. To be called
    /// before other threads use this one.
    void join(const Refusals& other) {
        if (shared_ != other.shared_) {
            for (const auto& [reason, count] : by_reason()) {
                other.shared_->add(reason, count);
            }
            shared_ = other.shared_;
        }
    }

private:
    struct Shared {
        void add(std::string_view reason, std::uint64_t more) {
            const std::lock_guard lock(mutex);
            const auto known = counts.find(reason);
            if (known != counts.end()) {
                known->second += more;
            } else {
                counts.emplace(reason, more);
            }
        }

        std::mutex mutex;
        Counts counts;
    };

    std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace beastapi
