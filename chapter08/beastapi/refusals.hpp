// Counts what was refused, by reason.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace beastapi {

/// How often each limit was hit since the start. The reasons are those of the table "Limits" in
/// docs/protocol.md; whoever refuses something counts it here.
class Refusals {
public:
    using Counts = std::map<std::string, std::uint64_t, std::less<>>;

    void count(std::string_view reason) {
        const auto known = counts_.find(reason);
        if (known != counts_.end()) {
            ++known->second;
        } else {
            counts_.emplace(reason, 1);
        }
    }

    /// How often; zero for a reason that has not come up.
    std::uint64_t of(std::string_view reason) const {
        const auto known = counts_.find(reason);
        return known == counts_.end() ? 0 : known->second;
    }

    /// The reasons that have come up, in the order of the alphabet.
    const Counts& by_reason() const noexcept { return counts_; }

private:
    Counts counts_;
};

}  // namespace beastapi
