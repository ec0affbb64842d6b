// A server with several workers, whose handlers say which of them they belong to. Its arguments are
// settings, such as `workers=3`.
#include "beastapi/app.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <deque>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>

using namespace beastapi;
namespace asio = boost::asio;

namespace {

constexpr std::size_t none = static_cast<std::size_t>(-1);

struct Worker {
    std::size_t number;
    std::thread::id thread{};
    asio::any_io_executor executor{};
    const Worker* next = nullptr;  // at the last one: the first
    App app{{.title = "workers_program"}};
};

void check_thread(const Worker& worker) {
    if (std::this_thread::get_id() != worker.thread) {
        throw std::logic_error("this is the thread of another worker");
    }
}

awaitable<Response> which(const Worker& worker) {
    check_thread(worker);
    co_return Response(boost::json::object{{"worker", worker.number}});
}

awaitable<Response> refused(const Worker& worker) {
    boost::json::object counts;
    for (const auto& [reason, count] : worker.app.refusals().by_reason()) {
        counts[reason] = count;
    }
    co_return Response(boost::json::object{{"worker", worker.number}, {"refused", counts}});
}

awaitable<Response> large() {
    constexpr std::size_t mebibyte = 1024 * 1024;
    co_return PlainTextResponse(std::string(mebibyte, 'x'));
}

awaitable<Response> ready(const Worker& worker) {
    co_return Response(boost::json::object{{"draining", worker.app.is_draining()}});
}

awaitable<void> hear_goodbye(const Worker& worker) {
    check_thread(worker);
    co_return;
}

/// Echoes. At the end it asks another worker for something, as the shards of a chat do.
awaitable<void> echo(WebSocket websocket, const Worker& worker) {
    co_await websocket.accept();
    try {
        while (true) {
            const std::string text = co_await websocket.receive_text();
            check_thread(worker);
            co_await websocket.send_text(fmt::format("{}: {}", worker.number, text));
        }
    } catch (const WebSocketDisconnect&) {}
    co_await asio::co_spawn(worker.next->executor, hear_goodbye(*worker.next), asio::use_awaitable);
    check_thread(worker);
    spdlog::info("said goodbye");
}

void set_up(Worker& worker, std::size_t fails_to_start, std::size_t fails_to_stop) {
    worker.app.set_lifespan(
        [&worker, fails_to_start](const asio::any_io_executor& executor) {
            if (worker.number == fails_to_start) {
                throw std::runtime_error(fmt::format("worker {} cannot start", worker.number));
            }
            worker.thread = std::this_thread::get_id();
            worker.executor = executor;
            spdlog::info("worker {} has started", worker.number);
        },
        [&worker, fails_to_stop] {
            check_thread(worker);
            if (worker.number == fails_to_stop) {
                throw std::runtime_error(fmt::format("worker {} cannot stop", worker.number));
            }
            spdlog::info("worker {} has stopped", worker.number);
        });
    worker.app.get("/worker", which, worker);
    worker.app.get("/refused", refused, worker).answered_when_full(true);
    worker.app.get("/ready", ready, worker).answered_when_full(true);
    worker.app.get("/large", large);
    worker.app.websocket("/ws", echo, worker);
}

ServerSettings read_settings(const std::map<std::string, double>& arguments) {
    const auto value = [&](const char* name, double otherwise) {
        const auto given = arguments.find(name);
        return given == arguments.end() ? otherwise : given->second;
    };
    const auto seconds = [&](const char* name, double otherwise) {
        return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
            std::chrono::duration<double>(value(name, otherwise)));
    };
    ServerSettings settings;
    settings.port = static_cast<unsigned short>(value("port", 0));
    settings.workers = static_cast<std::size_t>(value("workers", 1));
    settings.max_connections = static_cast<std::size_t>(value("max_connections", 0));
    settings.max_connections_per_address =
        static_cast<std::size_t>(value("max_connections_per_address", 0));
    settings.connection_rate = value("connection_rate", 0);
    settings.connection_burst = static_cast<std::uint32_t>(value("connection_burst", 1));
    settings.request_rate = value("request_rate", 0);
    settings.request_burst = static_cast<std::uint32_t>(value("request_burst", 1));
    settings.client_rate_out = value("client_rate_out", 0);
    settings.client_burst_out = static_cast<std::uint32_t>(value("client_burst_out", 1));
    settings.max_answer_bytes_per_address =
        static_cast<std::size_t>(value("max_answer_bytes_per_address", 0));
    settings.shutdown_timeout = seconds("shutdown_timeout", 10);
    settings.drain_time = seconds("drain_time", 0);
    return settings;
}

void serve(const std::map<std::string, double>& arguments, const std::string& host) {
    ServerSettings settings = read_settings(arguments);
    settings.host = host;
    const auto worker_of = [&](const char* name) {
        const auto given = arguments.find(name);
        return given == arguments.end() ? none : static_cast<std::size_t>(given->second);
    };
    std::deque<Worker> workers;
    std::vector<App*> apps;
    for (std::size_t i = 0; i < settings.worker_count(); ++i) {
        Worker& worker = workers.emplace_back(i);
        set_up(worker, worker_of("fails_to_start"), worker_of("fails_to_stop"));
        apps.push_back(&worker.app);
    }
    for (std::size_t i = 0; i < workers.size(); ++i) {
        workers[i].next = &workers[(i + 1) % workers.size()];
    }
    run(apps, settings);
}

}  // namespace

int main(int argc, char** argv) {
    std::map<std::string, double> arguments;
    std::string host = "127.0.0.1";
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        const auto sign = argument.find('=');
        if (argument.starts_with("host=")) {
            host = argument.substr(sign + 1);
        } else {
            arguments[argument.substr(0, sign)] = std::stod(argument.substr(sign + 1));
        }
    }
    spdlog::set_default_logger(spdlog::stderr_logger_mt("workers_program"));
    try {
        serve(arguments, host);
    } catch (const std::exception& error) {
        fmt::print(stderr, "workers_program: {}\n", error.what());
        return 1;
    }
    return 0;
}
