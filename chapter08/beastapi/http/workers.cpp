#include "beastapi/http/workers.hpp"

#include "beastapi/inspect/symbols.hpp"
#include "beastapi/net/descriptor_limit.hpp"
#include "beastapi/net/event_loop.hpp"
#include "beastapi/net/running_loop.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <set>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace beastapi {

namespace detail {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// As nohup ignores SIGHUP for the program that it starts.
bool is_ignored(int signal) {
    struct sigaction action{};
    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

/// Past the log, which may be written by a thread that does not get to it any more, and without
/// waiting for a reader.
void say_at_once(std::string_view text) {
    pollfd file{STDERR_FILENO, POLLOUT, 0};
    if (::poll(&file, 1, 0) == 1 && (file.revents & POLLOUT) != 0) {
        [[maybe_unused]] const auto written = ::write(file.fd, text.data(), text.size());
    }
}

}  // namespace

Workers::Worker::Worker(App& served, const ServerSettings& settings, Server* first)
    : app(served),
      work(context.get_executor()),
      server(first == nullptr ? std::make_shared<Server>(context, app, settings)
                              : std::make_shared<Server>(context, app, settings, *first)) {}

Workers::Workers(const std::vector<App*>& apps, const ServerSettings& settings)
    : announces_url_(settings.port == 0),
      drain_time_(settings.drain_time),
      all_ended_(static_cast<std::ptrdiff_t>(apps.size())),
      with_sessions_(apps.size()) {
    raise_descriptor_limit(settings.max_connections, apps.size());
    for (App* const app : apps) {
        workers_.emplace_back(*app, settings,
                              workers_.empty() ? nullptr : workers_[0].server.get());
        app->set_draining(false);
        app->refusals().join(apps.front()->refusals());
    }
    if (apps.front()->info().inspect) {
        prepare_to_inspect();
    }
}

Workers::~Workers() {
    for (Worker& worker : workers_) {
        worker.app.inspector_.reset();
    }
}

void Workers::prepare_to_inspect() {
    inspect::load_symbols();
    inspector_ = std::make_shared<inspect::Inspector>();
    std::size_t number = 0;
    for (Worker& worker : workers_) {
        worker.registry = std::make_unique<inspect::Registry>(number++);
        worker.app.inspector_ = inspector_;
    }
}

void Workers::run() {
    // Nobody may read the log any more. Sockets raise none: Asio asks for errors instead.
    std::signal(SIGPIPE, SIG_IGN);
    // A write beyond the limit on the size of files is an error then, which the database reports.
    std::signal(SIGXFSZ, SIG_IGN);
    wait_for_signals();
    start_up();
    announce();
    serve();
    spdlog::info("finished");
}

void Workers::serve() {
    serve(workers_.front());
    threads_.clear();
}

void Workers::start_up(Worker& worker) {
    const RunningLoop running(worker.context);
    worker.app.start_up(worker.context.get_executor());
    try {
        run_until_complete(worker.context, worker.app.run_startup_coroutines());
    } catch (...) {
        worker.app.shut_down();
        throw;
    }
}

// One after another, so that what the Apps share need not expect two at once.
void Workers::start_up() {
    Worker& first = workers_.front();
    start_up(first);
    try {
        for (std::size_t i = 1; i < workers_.size(); ++i) {
            std::promise<void> started;
            std::future<void> outcome = started.get_future();
            threads_.emplace_back(&Workers::run_on_thread, this, std::ref(workers_[i]),
                                  std::move(started));
            outcome.get();
        }
    } catch (...) {
        serving_ = false;
        all_started_.count_down();
        threads_.clear();
        first.app.shut_down();
        throw;
    }
    all_started_.count_down();
}

void Workers::run_on_thread(Worker& worker, std::promise<void> started) noexcept {
    try {
        start_up(worker);
        started.set_value();
    } catch (...) {
        started.set_exception(std::current_exception());
        return;
    }
    std::string failure = "an exception that is no std::exception";
    try {
        all_started_.wait();
        if (serving_) {
            serve(worker);
        } else {
            worker.app.shut_down();
        }
        return;
    } catch (const std::exception& error) {
        failure = error.what();
    } catch (...) {}
    // Nobody else can go on without this worker, and an exception does not leave its thread.
    say_at_once(fmt::format("a worker ended by an error: {}\n", failure));
    std::_Exit(EXIT_FAILURE);
}

void Workers::serve(Worker& worker) {
    const inspect::Inspecting inspecting(worker.registry.get());
    if (worker.registry) {
        inspector_->add(worker.context.get_executor(), *worker.registry);
    }
    const RunningLoop running(worker.context);
    worker.server->start();
    run_event_loop(worker.context);
    // Handlers that are still suspended end with the context, while what they were bound to lives.
    worker.server->abort_all();
    // They may ask another worker for something at their end, and get an answer.
    constexpr int rounds = 4;
    for (int round = 0; round < rounds; ++round) {
        drain_event_loop(worker.context);
        all_ended_.arrive_and_wait();
    }
    if (worker.registry) {
        inspector_->remove(*worker.registry);
    }
    worker.app.shut_down();
}

void Workers::announce() const {
    const Worker& first = workers_.front();
    if (first.context.stopped()) {
        return;  // a signal came while a startup coroutine was waiting
    }
    first.app.warn();
    const std::string url = first.server->url();
    const std::string count =
        workers_.size() > 1 ? fmt::format(" with {} workers", workers_.size()) : std::string();
    spdlog::info("{} running on {}{} (Press CTRL+C to quit)", first.app.info().title, url, count);
    if (!spdlog::should_log(spdlog::level::info) && announces_url_) {
        std::fputs(fmt::format("{}\n", url).c_str(), stderr);
    }
}

void Workers::wait_for_signals() {
    signals_.emplace(workers_.front().context, SIGINT, SIGTERM);
    if (!is_ignored(SIGHUP)) {
        signals_->add(SIGHUP);  // the terminal has been closed
    }
    signals_->async_wait([this](const error_code& error, int) {
        if (error) {
            return;
        }
        signals_->async_wait([](const error_code& again, int signal) {
            if (!again) {
                say_at_once("a second signal: ending at once\n");
                std::_Exit(128 + signal);
            }
        });
        drain();
    });
}

void Workers::drain() {
    for (Worker& worker : workers_) {
        worker.app.set_draining(true);
    }
    if (drain_time_ <= drain_time_.zero()) {
        stop();
        return;
    }
    spdlog::info("draining for {} s", std::chrono::duration<double>(drain_time_).count());
    const auto timer =
        std::make_shared<Timer>(workers_.front().context.get_executor(), drain_time_);
    timer->async_wait([this, timer](const error_code&) { stop(); });
}

void Workers::stop() {
    spdlog::info("shutting down");
    for (Worker& worker : workers_) {
        asio::dispatch(worker.context, [this, &worker] {
            asio::co_spawn(worker.context, Server::stop(worker.server),
                           [this](const std::exception_ptr&) { on_stopped(); });
        });
    }
}

// The worker whose sessions end last lets all loops end: until then a session of one may have
// something to say to those of another.
void Workers::on_stopped() {
    if (--with_sessions_ == 0) {
        for (Worker& worker : workers_) {
            worker.context.stop();
        }
    }
}

}  // namespace detail

void run(const std::vector<App*>& apps, const ServerSettings& settings) {
    if (apps.empty() || std::set<App*>(apps.begin(), apps.end()).size() != apps.size()) {
        throw std::invalid_argument("run() needs an App for each worker, and each one once");
    }
    detail::Workers(apps, settings).run();
}

}  // namespace beastapi
