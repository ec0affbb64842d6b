// Runs a server: one event loop, or several on a thread each, from the first startup function to
// the last shutdown function. uvicorn's `run`.
#pragma once

#include "beastapi/app.hpp"
#include "beastapi/http/server.hpp"
#include "beastapi/inspect/inspector.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <atomic>
#include <barrier>
#include <chrono>
#include <deque>
#include <exception>
#include <future>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace beastapi::detail {

/// The workers share nothing but what SharedLimits counts. What is here belongs to the calling
/// thread, which is the first worker's, and so do the signals.
class Workers {
public:
    /// Listens; throws std::runtime_error if it cannot. There has to be an App, and none twice.
    Workers(const std::vector<App*>& apps, const ServerSettings& settings);
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    ~Workers();

    /// Serves until a signal comes.
    void run();

    /// The same without signals: start_up() throws what a startup function throws, and serve()
    /// returns after stop(), which any thread may call.
    void start_up();
    void serve();
    void stop();

    /// Of the first worker, before stop().
    std::string url() const { return workers_.front().server->url(); }
    unsigned short port() const { return workers_.front().server->port(); }

private:
    /// One event loop, and what it serves. It goes on without work, too, until it is stopped.
    struct Worker {
        Worker(App& served, const ServerSettings& settings, Server* first);

        App& app;
        std::unique_ptr<inspect::Registry> registry{};  // null: nobody inspects
        boost::asio::io_context context{1};
        boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
        std::shared_ptr<Server> server;
    };

    static void start_up(Worker& worker);
    void run_on_thread(Worker& worker, std::promise<void> started) noexcept;
    void serve(Worker& worker);
    void announce() const;
    void prepare_to_inspect();

    void wait_for_signals();
    void drain();
    void on_stopped();

    std::shared_ptr<inspect::Inspector> inspector_;
    std::deque<Worker> workers_;
    bool announces_url_;
    std::chrono::steady_clock::duration drain_time_;
    std::optional<boost::asio::signal_set> signals_;
    bool serving_ = true;                     // false: a startup function has failed
    std::latch all_started_{1};               // serving_ is known
    std::barrier<> all_ended_;                // for the threads, when their loops have ended
    std::atomic<std::size_t> with_sessions_;  // workers whose sessions have not ended
    std::vector<std::jthread> threads_;
};

}  // namespace beastapi::detail
