// Churn: connections that come and go as fast as they can, some politely, some torn.
#pragma once

#include "report.hpp"
#include "swarm.hpp"

#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace load {

class Churn : public Watcher {
public:
    Churn(const Options& options, Swarm& swarm);

    /// Goes on until all connections have come and gone, or it is interrupted.
    void run();
    const ChurnFigures& figures() const { return figures_; }

    void requested(Connection& connection);
    void ready(Connection& connection);
    void closed(Connection& connection);

private:
    enum class Fate : std::uint8_t { polite, torn, torn_early };

    void start_next(std::size_t slot);
    void give_up_on_late_ones();

    const Options& options_;
    Swarm& swarm_;
    std::mt19937 random_{5489U};  // the same mix in every run
    std::vector<Fate> fates_;
    std::vector<std::size_t> free_;
    ChurnFigures figures_;
};

}  // namespace load
