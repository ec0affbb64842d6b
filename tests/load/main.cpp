// The load tool's command line.
#include "modes.hpp"

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr int success = 0;
constexpr int failure = 1;
constexpr int usage = 2;
constexpr int interrupted = 130;

template <class Value>
struct Unwrap {
    using type = Value;
};
template <class Value>
struct Unwrap<std::optional<Value>> {
    using type = Value;
};
template <class Value>
using Unwrapped = typename Unwrap<Value>::type;

constexpr const char* description =
    R"(Puts load on a WebSocket server, and checks what comes back: that no message is
lost, doubled, damaged or overtaken.

  echo     each connection sends and waits for the answer ("Echo: " and the text)
  chat     all connections join a room; the senders' messages must reach everyone
  idle     opens connections and holds them: what does one cost the server
  churn    opens and closes connections as fast as it can
  recover  clients come back all at once; each must get exactly what it has missed)";

constexpr const char* footer = R"(
Each message's text begins with #SENDER:NUMBER:NANOSECONDS; latency is the time from
when it was queued (with --rate: from when it was due) to when its bytes were read.
Give --pid to have the server's CPU time and memory in the report. Memory is what
the process holds; the buffers of its sockets lie in the kernel and are not in it.

Exit status: 0 all is well; 1 something was lost, out of order, damaged, refused,
closed early or could not be opened; 2 the command line is wrong; 130 interrupted (what
was measured so far is printed).

Examples:
  chat_load echo  ws://127.0.0.1:8000/ws -c 50 --window 16 --pid 4711
  chat_load chat  ws://127.0.0.1:8000/ws/chat/{user} -c 1000 --senders 4 --pid 4711
  chat_load chat  "ws://127.0.0.1:5000/socket.io/?EIO=4&transport=websocket"
                  --protocol socketio --auth '{"username":"{user}"}' -c 100
  chat_load chat  ws://127.0.0.1:8000/ws/chat/{user} -c 100 -s 100 -w 16 --acks
  chat_load recover ws://127.0.0.1:8000/ws/chat/{user} -c 1000 --behind 200
  chat_load idle  ws://127.0.0.1:8000/ws/chat/{user} -c 5000 --ready frame --pid 4711
  chat_load churn ws://127.0.0.1:8000/ws/chat/{user} -c 20000 --torn 50 --pid 4711)";

/// An option that takes one of a few words.
template <class Value>
CLI::Option* add_choice(
    CLI::App& app, const std::string& name, Value& value, const std::string& text,
    const std::map<std::string, std::type_identity_t<Unwrapped<Value>>>& words) {
    std::vector<std::string> names;
    for (const auto& [word, meaning] : words) {
        names.push_back(word);
    }
    return app
        .add_option_function<std::string>(
            name, [&value, words](const std::string& word) { value = words.at(word); }, text)
        ->check(CLI::IsMember(names))
        ->type_name("WORD");
}

void add_load_options(CLI::App& app, load::Options& options) {
    const std::string group = "Load";
    app.add_option("-c,--connections", options.connections,
                   "Connections; in churn, those that come and go in all")
        ->capture_default_str()
        ->group(group);
    app.add_option("-s,--senders", options.senders,
                   "Connections that send (default: all in echo, 4 in chat)")
        ->group(group);
    app.add_option("-w,--window", options.window,
                   "Messages that each sender has in flight: it sends again when it sees its own "
                   "come back")
        ->capture_default_str()
        ->group(group);
    app.add_option("--rate", options.rate,
                   "Messages a second of all senders together, sent when due whatever comes back "
                   "(default: --window rules)")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("-p,--payload", options.payload, "Bytes of each text")
        ->capture_default_str()
        ->group(group);
    app.add_flag("--binary", options.binary, "echo: send binary messages")->group(group);
    app.add_flag("--one-order", options.one_order,
                 "chat: check that all members see the same order of all messages")
        ->group(group);
    app.add_flag("--acks", options.acks,
                 "chat: messages have ids, --window counts those without their ack, and a message "
                 "that was acknowledged must reach everyone")
        ->group(group);
    app.add_option("--repeat", options.repeat,
                   "chat with --acks: per cent of the messages that are sent twice, with one id")
        ->capture_default_str()
        ->group(group);
    app.add_option("--behind", options.behind,
                   "recover: messages that are written first, and that each client has missed")
        ->capture_default_str()
        ->group(group);
    app.add_option("--stalled", options.stalled,
                   "chat: further connections that join and then do not read")
        ->capture_default_str()
        ->group(group);
    app.add_option("--concurrency", options.concurrency, "Connections being opened at a time")
        ->capture_default_str()
        ->group(group);
    app.add_option("--torn", options.torn,
                   "churn: per cent of the connections that end with RST instead of a close frame")
        ->capture_default_str()
        ->group(group);
    app.add_option("--torn-early", options.torn_early,
                   "churn: per cent that end with RST right after the handshake's request")
        ->capture_default_str()
        ->group(group);
}

void add_protocol_options(CLI::App& app, load::Options& options) {
    const std::string group = "Protocol";
    add_choice(app, "--protocol", options.protocol,
               "socketio is Socket.IO 5 over Engine.IO 4, by its WebSocket transport",
               {{"websocket", load::Protocol::websocket}, {"socketio", load::Protocol::socketio}})
        ->default_str("websocket")
        ->group(group);
    add_choice(app, "--ready", options.ready,
               "A connection counts as open after the handshake (open), or with the server's "
               "first message (frame) (default: frame in chat, else open)",
               {{"open", load::Ready::open}, {"frame", load::Ready::frame}})
        ->group(group);
    app.add_option(
           "--message", options.message,
           "JSON that is sent, with {text}, {user}, {i}, {id} (default: what the tutorial's "
           "servers expect)")
        ->group(group);
    app.add_option("--header", options.headers, "A further header of the handshake")
        ->allow_extra_args(false)
        ->group(group);
    app.add_option("--namespace", options.namespace_name, "Socket.IO: the namespace")
        ->capture_default_str()
        ->group(group);
    app.add_option("--auth", options.auth,
                   "Socket.IO: JSON that goes with the connect packet, with {user}, {i}")
        ->group(group);
    app.add_option("--event", options.event, "Socket.IO: the event that is sent")
        ->capture_default_str()
        ->group(group);
    app.add_option("--receive-event", options.receive_event,
                   "Socket.IO: the event that brings messages (default: the one that is sent)")
        ->group(group);
    app.add_option("--join-event", options.join_event,
                   "Socket.IO: an event that is sent first, to join (default: none)")
        ->group(group);
    app.add_option("--join-data", options.join_data, "Socket.IO: its JSON, with {user}, {i}")
        ->capture_default_str()
        ->group(group);
}

void add_time_options(CLI::App& app, load::Options& options) {
    const auto add = [&app](const char* name, double& value, const char* text) {
        app.add_option(name, value, text)
            ->check(CLI::NonNegativeNumber)
            ->capture_default_str()
            ->group("Time (seconds)");
    };
    add("-d,--duration", options.duration, "The measured window; idle: how long to hold");
    add("--warm-up", options.warm_up, "Load before the window that is not measured");
    add("--connect-timeout", options.connect_timeout,
        "For opening all connections; churn: for each of them, from connect to closed");
    add("--drain", options.drain, "After the window, for the messages that are on their way");
    add("--close-timeout", options.close_timeout, "For closing politely at the end");
    add("--timeout", options.timeout, "For the whole run; 0: the sum of the above");
}

void add_report_options(CLI::App& app, load::Options& options) {
    const std::string group = "Report";
    app.add_option("--pid", options.pid, "The server's process: report its CPU time and memory")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_flag("--pid-children", options.pid_children, "Count its descendants too")->group(group);
    add_choice(app, "--format", options.json, "How the report is printed",
               {{"table", false}, {"json", true}})
        ->default_str("table")
        ->group(group);
}

int print(const load::Report& report) {
    if (report.options.json) {
        fmt::print("{}\n", boost::json::serialize(load::to_json(report)));
    } else {
        fmt::print("{}", load::to_table(report));
    }
    if (!report.problems.empty()) {
        return failure;
    }
    return report.interrupted ? interrupted : success;
}

}  // namespace

int main(int argc, char** argv) {
    load::Options options;
    std::string url;
    CLI::App app{description, "chat_load"};
    app.footer(footer);
    add_choice(app, "MODE", options.mode, "What to do",
               {{"echo", load::Mode::echo},
                {"chat", load::Mode::chat},
                {"idle", load::Mode::idle},
                {"churn", load::Mode::churn},
                {"recover", load::Mode::recover}})
        ->required();
    app.add_option("URL", url,
                   "ws://HOST:PORT/PATH; in the path {i} is the connection's number and {user} "
                   "its name, load0, load1, …")
        ->required();
    add_load_options(app, options);
    add_protocol_options(app, options);
    add_time_options(app, options);
    add_report_options(app, options);
    try {
        app.parse(argc, argv);
        options.url = load::parse_url(url);
        load::complete(options);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? success : usage;
    } catch (const std::invalid_argument& error) {
        fmt::print(stderr, "chat_load: {}\n", error.what());
        return usage;
    }
    try {
        return print(load::run(options));
    } catch (const std::exception& error) {
        fmt::print(stderr, "chat_load: {}\n", error.what());
        return failure;
    }
}
