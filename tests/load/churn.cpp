// Churn: connections that come and go as fast as they can, some politely, some torn.
#include "churn.hpp"

#include <algorithm>

namespace load {

Churn::Churn(const Options& options, Swarm& swarm)
    : options_{options}, swarm_{swarm}, fates_(swarm.connections().size()) {
    for (std::size_t slot = fates_.size(); slot-- > 0;) {
        free_.push_back(slot);
    }
}

void Churn::run() {
    const Nanoseconds began = now();
    Nanoseconds next_look = began;
    const auto connections = static_cast<std::uint64_t>(options_.connections);
    while ((figures_.started < connections || free_.size() < fates_.size()) &&
           !swarm_.interrupted()) {
        // A start that fails at once frees its slot again, so the list is taken as it is now.
        for (auto slots = free_.size(); slots > 0 && figures_.started < connections; --slots) {
            const std::size_t slot = free_.back();
            free_.pop_back();
            start_next(slot);
        }
        swarm_.poll(now() + nanoseconds(0.1), *this);
        if (now() >= next_look) {
            give_up_on_late_ones();
            next_look = now() + nanoseconds(0.1);
        }
    }
    figures_.seconds = seconds(now() - began);
}

void Churn::start_next(std::size_t slot) {
    const double lot = std::uniform_real_distribution<double>{0, 100}(random_);
    if (lot < options_.torn) {
        fates_[slot] = Fate::torn;
    } else if (lot < options_.torn + options_.torn_early) {
        fates_[slot] = Fate::torn_early;
    } else {
        fates_[slot] = Fate::polite;
    }
    const std::uint64_t n = figures_.started++;
    swarm_.start(swarm_[slot], n, *this);
}

void Churn::requested(Connection& connection) {
    if (fates_[connection.index()] == Fate::torn_early) {
        connection.tear();
    }
}

void Churn::ready(Connection& connection) {
    if (fates_[connection.index()] == Fate::torn) {
        connection.tear();
    } else {
        connection.send_close(1000);
    }
}

void Churn::closed(Connection& connection) {
    const std::size_t slot = connection.index();
    const bool as_planned = fates_[slot] == Fate::polite
                                ? connection.close_code() == 1000
                                : connection.error().empty() && connection.close_code() == 0;
    if (!as_planned) {
        ++figures_.failed;
    } else if (fates_[slot] == Fate::polite) {
        ++figures_.polite;
    } else if (fates_[slot] == Fate::torn) {
        ++figures_.torn;
    } else {
        ++figures_.torn_early;
    }
    free_.push_back(slot);
}

void Churn::give_up_on_late_ones() {
    const Nanoseconds patience = nanoseconds(options_.connect_timeout);
    for (Connection& connection : swarm_.connections()) {
        if (connection.alive() && now() - connection.started() > patience) {
            connection.fail("not opened and closed within --connect-timeout");
            swarm_.retire(connection, *this);
        }
    }
}

}  // namespace load
