#include "logging.hpp"

#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <future>
#include <memory>
#include <thread>
#include <utility>

namespace {

constexpr std::size_t max_waiting_lines = 1024;

/// Says how many lines were dropped before the one that it writes. Only the log's thread uses it.
class Sink : public spdlog::sinks::stderr_color_sink_st {
    using Base = spdlog::sinks::stderr_color_sink_st;

public:
    explicit Sink(spdlog::details::thread_pool& pool) : pool_(pool) {}

    void log(const spdlog::details::log_msg& message) override {
        const std::size_t dropped = pool_.overrun_counter();
        if (dropped != said_) {
            const std::string text =
                fmt::format("{} log lines were dropped, because nobody read them in time",
                            dropped - std::exchange(said_, dropped));
            Base::log(spdlog::details::log_msg(message.logger_name, spdlog::level::warn,
                                               spdlog::string_view_t(text)));
        }
        Base::log(message);
    }

private:
    // A share of it could be the last one, and then the thread would have to wait for itself.
    spdlog::details::thread_pool& pool_;
    std::size_t said_ = 0;
};

}  // namespace

void start_logging(const std::string& level) {
    spdlog::init_thread_pool(max_waiting_lines, 1);
    spdlog::set_default_logger(std::make_shared<spdlog::async_logger>(
        "chapter08", std::make_shared<Sink>(*spdlog::thread_pool()), spdlog::thread_pool(),
        spdlog::async_overflow_policy::overrun_oldest));
    spdlog::set_pattern("[%Y-%m-%d %H:%M:%S.%e] [%^%l%$] %v");
    spdlog::set_level(spdlog::level::from_str(level));
}

bool finish_logging(std::chrono::steady_clock::duration at_most) {
    // Not on the stack: the thread goes on if nobody reads the log.
    const auto promise = std::make_shared<std::promise<void>>();
    const std::future<void> finished = promise->get_future();
    std::thread thread([promise] {
        spdlog::shutdown();
        promise->set_value();
    });
    if (finished.wait_for(at_most) == std::future_status::ready) {
        thread.join();
        return true;
    }
    thread.detach();
    return false;
}
