// What the workers of a server count together, so that a limit holds for all of them.
#pragma once

#include "beastapi/app.hpp"
#include "beastapi/net/admission.hpp"
#include "beastapi/net/client_budget.hpp"
#include "beastapi/net/write_coalescer.hpp"

#include <memory>

namespace beastapi::detail {

/// One for all Servers that serve together. Each uses it from its own thread.
struct SharedLimits {
    explicit SharedLimits(const ServerSettings& settings)
        : clients({.connections = {settings.connection_rate, settings.connection_burst},
                   .requests = {settings.request_rate, settings.request_burst},
                   .bytes_in = {settings.client_rate_in, settings.client_burst_in},
                   .bytes_out = {settings.client_rate_out, settings.client_burst_out}}),
          admission({.max_connections = settings.max_connections,
                     .max_connections_per_address = settings.max_connections_per_address,
                     .reserved_connections = settings.reserved_connections,
                     .max_answer_bytes = settings.max_answer_bytes,
                     .max_answer_bytes_per_address = settings.max_answer_bytes_per_address}) {}

    ClientBudgets clients;
    Admission admission;
    QueuedBytes queued_bytes = 0;
    /// A share of it is kept by each session that was turned away and is not over.
    std::shared_ptr<const void> turned_away = std::make_shared<char>();
};

}  // namespace beastapi::detail
