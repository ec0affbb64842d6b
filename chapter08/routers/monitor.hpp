// The windows into the running server: its metrics, and a page that shows them live.
#pragma once

#include "beastapi/net/network.hpp"
#include "beastapi/request.hpp"
#include "beastapi/response.hpp"
#include "beastapi/router.hpp"
#include "chat/chat.hpp"
#include "monitor/workers.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace routers {

/// Who may look into the server: programs on the same machine, clients at the addresses of
/// `--monitor-host`, and, where tokens give the names, who sends one.
class MonitorAccess {
public:
    /// Addresses and networks, or `*` for everybody. Throws std::invalid_argument if one is
    /// neither.
    explicit MonitorAccess(const std::vector<std::string>& hosts);

    bool allows(const beastapi::Request& request, const chat::Authenticator& authenticator) const;
    /// Nothing for those, and for others the answer that says who may.
    std::optional<beastapi::Response> refuse(const beastapi::Request& request,
                                             const chat::Authenticator& authenticator) const;

private:
    std::vector<beastapi::detail::Network> networks_;
    bool everybody_ = false;
};

/// What these routes are bound to has to outlive App::run().
struct Monitor {
    monitor::Workers workers{};
    MonitorAccess access{{}};
    std::string version{};
    std::filesystem::path static_dir{};  ///< with status.html in it
    std::string content_security_policy{};
};

beastapi::Router monitor(chat::Chat& chat, const beastapi::Refusals& refusals, Monitor& monitor);

}  // namespace routers
