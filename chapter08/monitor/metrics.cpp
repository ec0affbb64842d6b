#include "monitor/metrics.hpp"

#include "monitor/families.hpp"
#include "monitor/process.hpp"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <ranges>
#include <string_view>
#include <utility>

namespace monitor {

namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

constexpr double nanoseconds = 1e9;  // in a second
constexpr double pieces = 1;

/// Those of the table "Limits" in docs/protocol.md, and of tokens and origins: a reason that first
/// shows when something was refused would hide that from rate() and increase().
constexpr std::array reasons{"address_full",
                             "bytes_in",
                             "bytes_out",
                             "connection_rate",
                             "handshake_timeout",
                             "head_too_large",
                             "host",
                             "http_answers",
                             "invalid_format",
                             "message_too_big",
                             "origin",
                             "rate_limit_exceeded",
                             "rate_limited",
                             "request_rate",
                             "request_timeout",
                             "server_full",
                             "slow_consumer",
                             "text_too_long",
                             "token_expired",
                             "too_many_rooms",
                             "unauthorized",
                             "unavailable",
                             "user_full"};

Labels worker_label(std::size_t worker) {
    return {{"worker", std::to_string(worker)}};
}

Labels with(Labels labels, std::string name, std::string value) {
    labels.push_back({std::move(name), std::move(value)});
    return labels;
}

/// One value of each worker.
template <class Value>
MetricFamily each(const std::vector<Sample>& workers, MetricType type, std::string name,
                  std::string help, Value value) {
    MetricFamily one = family(type, std::move(name), std::move(help));
    for (std::size_t i = 0; i < workers.size(); ++i) {
        const auto number = static_cast<double>(value(workers[i]));
        if (type == MetricType::Counter) {
            add_counter(one, worker_label(i), number);
        } else {
            add_gauge(one, worker_label(i), number);
        }
    }
    return one;
}

/// One histogram of each worker.
template <class Value>
MetricFamily each_histogram(const std::vector<Sample>& workers, std::string name, std::string help,
                            double units, Value value) {
    MetricFamily one = family(MetricType::Histogram, std::move(name), std::move(help));
    for (std::size_t i = 0; i < workers.size(); ++i) {
        add_histogram(one, worker_label(i), value(workers[i]), units);
    }
    return one;
}

}  // namespace

std::vector<MetricFamily> Metrics::Collect() const {
    Families families;
    add_whole(families);
    add_connections(families);
    add_traffic(families);
    add_times(families);
    add_log(families);
    add_hub(families);
    add_redis(families);
    std::ranges::move(process_metrics(), std::back_inserter(families));
    return families;
}

std::string Metrics::text() const {
    const prometheus::TextSerializer serializer;
    return static_cast<const prometheus::Serializer&>(serializer).Serialize(Collect());
}

void Metrics::add_whole(Families& families) const {
    MetricFamily build = family(MetricType::Gauge, "chat_build_info", "Always 1.");
    add_gauge(build, {{"version", whole_.version}}, 1);
    families.push_back(std::move(build));
    families.push_back(gauge("chat_users", "Names in the chat, on all servers together.",
                             static_cast<double>(whole_.users)));
    families.push_back(gauge("chat_rooms", "Rooms with somebody in them, not counting the lobby.",
                             static_cast<double>(whole_.rooms)));
    std::map<std::string, std::uint64_t> refusals = whole_.refusals;
    for (const char* const reason : reasons) {
        refusals.try_emplace(reason, 0);
    }
    MetricFamily refused = family(MetricType::Counter, "chat_refusals_total",
                                  "What the server refused, by the reason as in /ws/status.");
    for (const auto& [reason, count] : refusals) {
        add_counter(refused, {{"reason", reason}}, static_cast<double>(count));
    }
    families.push_back(std::move(refused));
}

void Metrics::add_connections(Families& families) const {
    families.push_back(each(workers_, MetricType::Gauge, "chat_tcp_connections",
                            "TCP connections, HTTP and WebSocket.",
                            [](const Sample& sample) { return sample.load.connections; }));
    MetricFamily open = family(MetricType::Gauge, "chat_connections",
                               "WebSockets that are open now, by the path of their endpoint.");
    MetricFamily accepted = family(MetricType::Counter, "chat_connections_accepted_total",
                                   "WebSockets that were accepted, by the path of their endpoint.");
    families.push_back(each(workers_, MetricType::Gauge, "chat_streams",
                            "Streams of events that are open, and other answers bit by bit.",
                            [](const Sample& sample) { return sample.traffic.streams_open; }));
    families.push_back(each(workers_, MetricType::Counter, "chat_streams_opened_total",
                            "Streams of events, and other answers bit by bit.",
                            [](const Sample& sample) { return sample.traffic.streams_opened; }));
    MetricFamily responses =
        family(MetricType::Counter, "chat_http_responses_total", "HTTP responses, by status.");
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        const beastapi::Traffic& traffic = workers_[i].traffic;
        for (const auto& [path, endpoint] : traffic.endpoints) {
            const Labels labels = with(worker_label(i), "endpoint", path);
            add_gauge(open, labels, static_cast<double>(endpoint.open));
            add_counter(accepted, labels, static_cast<double>(endpoint.accepted));
        }
        for (std::size_t status = 0; status < traffic.responses.size(); ++status) {
            if (const auto count = traffic.responses.at(status)) {
                add_counter(responses, with(worker_label(i), "code", std::to_string(status)),
                            static_cast<double>(count));
            }
        }
    }
    std::ranges::move(std::array{std::move(open), std::move(accepted), std::move(responses)},
                      std::back_inserter(families));
}

void Metrics::add_traffic(Families& families) const {
    const auto count = [&](const char* name, const char* help, auto value) {
        families.push_back(each(workers_, MetricType::Counter, name, help, value));
    };
    count("chat_messages_received_total", "Messages received on WebSockets.",
          [](const Sample& sample) { return sample.traffic.messages_received; });
    count("chat_messages_sent_total", "Messages that were put into the outboxes of WebSockets.",
          [](const Sample& sample) { return sample.traffic.messages_sent; });
    count("chat_stream_pieces_sent_total",
          "Events, comments, and what else was written to streams, each as one.",
          [](const Sample& sample) { return sample.traffic.pieces_sent; });
    count("chat_received_bytes_total", "Bytes received over TCP.",
          [](const Sample& sample) { return sample.traffic.bytes_received; });
    count("chat_sent_bytes_total", "Bytes that the operating system took to send over TCP.",
          [](const Sample& sample) { return sample.traffic.bytes_sent; });

    const auto show = [&](const char* name, const char* help, auto value) {
        families.push_back(each(workers_, MetricType::Gauge, name, help, value));
    };
    show("chat_outbox_bytes", "Bytes that are waiting for readers.",
         [](const Sample& sample) { return sample.load.outbox_bytes; });
    show("chat_outbox_largest_bytes", "Bytes that are waiting for the slowest reader.",
         [](const Sample& sample) { return sample.load.largest_outbox; });
    show("chat_congested_connections", "Readers whose socket is full right now.",
         [](const Sample& sample) { return sample.load.congested; });
}

void Metrics::add_times(Families& families) const {
    const auto measure = [&](const char* name, const char* help, double units, auto value) {
        families.push_back(each_histogram(workers_, name, help, units, value));
    };
    measure("chat_event_loop_lag_seconds",
            "How late a timer of the event loop was, measured ten times a second.", nanoseconds,
            [](const Sample& sample) { return sample.traffic.loop_lag; });
    measure("chat_delivery_seconds",
            "From the read that brought a message until it was given to the operating system for "
            "all members at its sender's worker that take it.",
            nanoseconds, [](const Sample& sample) { return sample.traffic.delivery; });
    measure("chat_flush_bytes", "Bytes that the operating system took in one call.", pieces,
            [](const Sample& sample) { return sample.traffic.flush_bytes; });
    measure("chat_message_recipients", "Members at this worker to whom a message was sent.", pieces,
            [](const Sample& sample) { return sample.chat.recipients; });
}

void Metrics::add_log(Families& families) const {
    families.push_back(each_histogram(
        workers_, "chat_log_append_seconds",
        "Until the log had answered for a message; 0 if it did at once, as one in memory does.",
        nanoseconds, [](const Sample& sample) { return sample.chat.append; }));
    if (whole_.commits) {
        MetricFamily commits = family(MetricType::Histogram, "chat_log_commit_seconds",
                                      "How long transactions of the database took.");
        add_histogram(commits, {}, *whole_.commits, nanoseconds);
        families.push_back(std::move(commits));
    }
    families.push_back(each(workers_, MetricType::Counter, "chat_duplicates_total",
                            "Messages that a client sent again and the log already had.",
                            [](const Sample& sample) { return sample.chat.duplicates; }));
    MetricFamily replays = family(
        MetricType::Counter, "chat_history_replays_total",
        "Frames with what was said before: all that a client had missed (whole), not all of it "
        "(gap), or what it looked back at (page).");
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        const chat::Activity& chat = workers_[i].chat;
        for (const auto& [kind, count] : {std::pair("whole", chat.replays_whole),
                                          {"gap", chat.replays_gap},
                                          {"page", chat.pages}}) {
            add_counter(replays, with(worker_label(i), "kind", kind), static_cast<double>(count));
        }
    }
    families.push_back(std::move(replays));
}

void Metrics::add_hub(Families& families) const {
    MetricFamily events = family(MetricType::Counter, "chat_hub_events_total",
                                 "What workers and servers told each other about who is where.");
    MetricFamily available = family(MetricType::Gauge, "chat_hub_available",
                                    "Whether other workers and servers can be reached.");
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        const Sample& sample = workers_[i];
        if (sample.hub_available) {
            add_counter(events, with(worker_label(i), "direction", "told"),
                        static_cast<double>(sample.chat.events_told));
            add_counter(events, with(worker_label(i), "direction", "received"),
                        static_cast<double>(sample.chat.events_received));
            add_gauge(available, worker_label(i), *sample.hub_available ? 1 : 0);
        }
    }
    if (!available.metric.empty()) {
        families.push_back(std::move(events));
        families.push_back(std::move(available));
    }
}

void Metrics::add_redis(Families& families) const {
    MetricFamily connected = family(MetricType::Gauge, "chat_redis_connected",
                                    "Whether there's a connection to Redis, by its purpose.");
    MetricFamily connects = family(MetricType::Counter, "chat_redis_connects_total",
                                   "How often the server connected to Redis.");
    MetricFamily losses = family(MetricType::Counter, "chat_redis_losses_total",
                                 "How often it lost a connection to Redis.");
    MetricFamily trips = family(MetricType::Histogram, "chat_redis_round_trip_seconds",
                                "Time from a command to Redis' answer.");
    for (std::size_t i = 0; i < workers_.size(); ++i) {
        for (const RedisFigures& figures : workers_[i].redis) {
            const Labels labels = with(worker_label(i), "connection", figures.connection);
            add_gauge(connected, labels, figures.connected ? 1 : 0);
            add_counter(connects, labels, static_cast<double>(figures.connects));
            add_counter(losses, labels, static_cast<double>(figures.losses));
            add_histogram(trips, labels, figures.round_trips, nanoseconds);
        }
    }
    if (!connected.metric.empty()) {
        std::ranges::move(std::array{std::move(connected), std::move(connects), std::move(losses),
                                     std::move(trips)},
                          std::back_inserter(families));
    }
}

}  // namespace monitor
