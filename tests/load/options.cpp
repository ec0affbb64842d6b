// What depends on several options at once: defaults, and what does not go together.
#include "options.hpp"

#include "marker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace load {

namespace {

void require(bool condition, const std::string& reason) {
    if (!condition) {
        throw std::invalid_argument{reason};
    }
}

std::string default_message(const Options& options) {
    const bool echo = options.mode == Mode::echo;
    if (options.protocol == Protocol::websocket) {
        return echo ? "{text}" : R"({"type":"message","message":"{text}"})";
    }
    return echo ? R"("{text}")" : R"({"username":"{user}","message":"{text}"})";
}

}  // namespace

std::string namespace_prefix(const Options& options) {
    return options.namespace_name == "/" ? "" : options.namespace_name + ",";
}

void complete(Options& options) {
    const bool traffic = options.mode == Mode::echo || options.mode == Mode::chat;
    const bool socketio = options.protocol == Protocol::socketio;
    require(options.connections > 0, "--connections must be at least 1");
    if (options.senders == 0) {
        options.senders = options.mode == Mode::echo
                              ? options.connections
                              : std::min<std::size_t>(4, options.connections);
    }
    require(options.senders <= options.connections, "--senders is more than --connections");
    require(options.senders < 100'000, "--senders must be below 100,000");
    require(options.window > 0, "--window must be at least 1");
    require(options.concurrency > 0, "--concurrency must be at least 1");
    require(options.payload >= Marker::size,
            fmt::format("--payload must be at least {}: so long is the marker that each message "
                        "carries",
                        Marker::size));
    require(
        options.torn >= 0 && options.torn_early >= 0 && options.torn + options.torn_early <= 100,
        "--torn and --torn-early are shares of 100 %");
    require(!options.binary || (options.mode == Mode::echo && !socketio),
            "--binary goes with echo over --protocol websocket");
    require(options.stalled == 0 || options.mode == Mode::chat, "--stalled goes with chat");
    require(!options.one_order || options.mode == Mode::chat, "--one-order goes with chat");
    require(options.rate == 0 || traffic, "--rate goes with echo and chat");
    require(options.message.empty() || options.mode == Mode::chat || socketio,
            "--message goes with chat, and with echo over Socket.IO");
    require(options.message.empty() || options.message.find("{text}") != std::string::npos,
            "--message must hold {text}, the place for the text");
    if (options.message.empty()) {
        options.message = default_message(options);
    }
    if (socketio) {
        require(options.namespace_name.starts_with('/'), "--namespace must begin with /");
        options.message = fmt::format("42{}[\"{}\",{}]", namespace_prefix(options), options.event,
                                      options.message);
    }
    if (options.receive_event.empty()) {
        options.receive_event = options.event;
    }
    if (!options.ready) {
        options.ready = options.mode == Mode::chat ? Ready::frame : Ready::open;
    }
}

}  // namespace load
