#include "beastapi/security_log.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <exception>
#include <memory>

namespace beastapi {

namespace {

constexpr const char* name = "security";
constexpr std::size_t max_waiting_lines = 1024;

}  // namespace

void open_security_log(const std::string& file) {
    if (spdlog::thread_pool() == nullptr) {
        spdlog::init_thread_pool(max_waiting_lines, 1);
    }
    spdlog::sink_ptr sink;
    if (file == "-") {
        sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
        sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
    }
    const auto logger =
        std::make_shared<spdlog::async_logger>(name, std::move(sink), spdlog::thread_pool(),
                                               spdlog::async_overflow_policy::overrun_oldest);
    // What is logged is the rest of the object.
    logger->set_pattern(R"({"timestamp":"%Y-%m-%dT%H:%M:%S.%eZ",%v)",
                        spdlog::pattern_time_type::utc);
    logger->set_level(spdlog::level::info);
    logger->flush_on(spdlog::level::info);
    spdlog::drop(name);
    spdlog::register_logger(logger);
}

void log_security_event(const SecurityEvent& event) noexcept {
    try {
        const auto logger = spdlog::get(name);
        if (logger == nullptr) {
            return;
        }
        boost::json::object line;
        line["event"] = event.event;
        if (!event.user.empty()) {
            line["user"] = event.user;
        }
        line["address"] = event.client.host;
        line["port"] = event.client.port;
        if (!event.reason.empty()) {
            line["reason"] = event.reason;
        }
        logger->info("{}", boost::json::serialize(line).substr(1));
    } catch (const std::exception&) {
        spdlog::error("an event of security was not logged");
    }
}

}  // namespace beastapi
