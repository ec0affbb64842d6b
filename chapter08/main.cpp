// Chapter 08 in C++: WebSocket and real-time communication. It answers to main.py, section by
// section.
#include "beastapi/app.hpp"
#include "beastapi/security_log.hpp"
#include "chat/chat.hpp"
#include "chat/meeting.hpp"
#include "logging.hpp"
#include "routers/events.hpp"
#include "routers/monitor.hpp"
#include "routers/pages.hpp"
#include "routers/status.hpp"
#include "routers/websocket.hpp"
#include "settings.hpp"

#include <fmt/format.h>

#include <malloc.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <list>
#include <string>
#include <utility>
#include <vector>

namespace {

// The scripts of the tutorial's site are files; its colours are style attributes.
constexpr const char* site_policy =
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

// For the last lines of the log, if nobody reads them.
constexpr auto log_timeout = std::chrono::seconds(1);

/// Sets up an App as main.py does.
void set_up(beastapi::App& app, chat::Chat& chat, routers::Monitor& monitor,
            const Settings& settings) {
    // [sections]
    // 1. Middleware
    app.add_middleware({
        .allow_origins = settings.allow_origins,
        .allow_credentials = true,
        .allow_methods = {"*"},
        .allow_headers = {"*"},
    });
    app.add_middleware(beastapi::SecurityHeaders());
    app.add_middleware(beastapi::TrustedHostMiddleware(settings.allowed_hosts));

    // 2. Static files
    app.mount("/static",
              beastapi::StaticFiles(settings.static_dir,
                                    {.content_security_policy = settings.content_security_policy}));
    if (std::filesystem::is_directory(settings.tutorial_dir)) {
        app.mount("/tutorial",
                  beastapi::StaticFiles(settings.tutorial_dir,
                                        {.html = true, .content_security_policy = site_policy}));
    } else {
        app.get("/tutorial", routers::no_tutorial).include_in_schema(false);
    }

    // 3. Routes
    app.include_router(routers::websocket(chat));
    app.include_router(routers::events(chat, app));
    app.include_router(routers::status(chat, app.refusals()));

    // 4. The root path
    app.get("/", routers::read_root).summary("Read Root");

    // 5. The chat page
    app.get("/chat", routers::chat_page, settings.static_dir, settings.content_security_policy)
        .summary("Chat Page")
        .response_class("text/html");

    // 6. The health check
    app.get("/health", routers::health_check).summary("Health Check");
    app.get("/health/ready", routers::readiness, app, chat)
        .summary("Readiness Check")
        .answered_when_full(true);
    // [/sections]

    // What the Python version hasn't got: its metrics, and a page that shows them.
    app.include_router(routers::monitor(chat, app.refusals(), monitor));
    if (std::filesystem::is_directory(settings.uplot_dir / "dist")) {
        app.mount("/status/uplot", beastapi::StaticFiles(settings.uplot_dir / "dist"));
    }
}

/// One event loop: an App, and what Python keeps in a global of its module. Here that has an owner.
struct Worker {
    Worker(const Settings& settings, chat::Meeting meeting, routers::Monitor& monitor)
        : chat(settings.chat, std::move(meeting)),
          app({
              .title = "chapter08",
              .version = CHAPTER08_VERSION,
              .description = "WebSocket and real-time communication",
              .swagger_ui_dir = settings.swagger_ui_dir,
              .console_dir = std::filesystem::path(CHAPTER08_STATIC_DIR) / "console",
              .inspect = settings.inspect,
              .inspect_dir = std::filesystem::path(CHAPTER08_STATIC_DIR) / "inspect",
          }) {
        app.set_lifespan(
            [this, &monitor](const auto& executor) {
                chat.start(executor);
                monitor.workers.add(executor, app, chat);
            },
            [this, &monitor] {
                monitor.workers.remove(app);
                chat.stop();
            });
        app.set_reserved_for([this](const beastapi::Request& request) {
            return chat.authenticator().requires_tokens() &&
                   chat.authenticator().may_see_users(request);
        });
        app.set_inspect_guard([this, &monitor](const beastapi::Request& request) {
            return monitor.access.refuse(request, chat.authenticator());
        });
        set_up(app, chat, monitor, settings);
    }

    chat::Chat chat;
    beastapi::App app;
};

void serve(const Settings& settings) {
    routers::Monitor monitor{.access = routers::MonitorAccess(settings.monitor_hosts),
                             .version = CHAPTER08_VERSION,
                             .static_dir = settings.static_dir,
                             .content_security_policy = settings.content_security_policy};
    std::list<Worker> workers;
    std::vector<beastapi::App*> apps;
    for (auto& meeting : chat::make_meetings(settings.chat, settings.server.worker_count())) {
        Worker& worker = workers.emplace_back(settings, std::move(meeting), monitor);
        worker.chat.refusals().join(workers.front().chat.refusals());
        apps.push_back(&worker.app);
    }
    beastapi::run(apps, settings.server);
}

// The C library gives memory at the end of the heap back to the system as soon as it's free, and a
// busy chat asks for it again in the next turn: each page then costs a fault, which took nine
// tenths of the time of a chat of 100 on a virtual machine.
void keep_memory_between_turns() {
    constexpr int kept = 16 * 1024 * 1024;  // bytes
    ::mallopt(M_TRIM_THRESHOLD, kept);
}

}  // namespace

int main(int argc, char** argv) {
    keep_memory_between_turns();
    int status = 1;
    std::string failure;
    try {
        const auto [settings, exit_code] = parse_settings(argc, argv);
        if (!settings) {
            return exit_code;
        }
        start_logging(settings->log_level);
        if (!settings->security_log.empty()) {
            beastapi::open_security_log(settings->security_log);
        }
        serve(*settings);
        status = 0;
    } catch (const std::exception& error) {
        failure = error.what();
    }
    const bool all_logged = finish_logging(log_timeout);
    if (!failure.empty()) {
        fmt::print(stderr, "chapter08: {}\n", failure);
    }
    if (!all_logged) {
        std::_Exit(status);
    }
    return status;
}
