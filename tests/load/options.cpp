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
        if (options.acks || options.mode == Mode::recover) {
            return R"({"type":"message","id":"{id}","message":"{text}"})";
        }
        return echo ? "{text}" : R"({"type":"message","message":"{text}"})";
    }
    return echo ? R"("{text}")" : R"({"username":"{user}","message":"{text}"})";
}

/// What the section "Delivery" of the chat's protocol brings.
void require_delivery(const Options& options, bool socketio) {
    const bool recover = options.mode == Mode::recover;
    require(!options.acks || (options.mode == Mode::chat && !socketio),
            "--acks goes with chat over --protocol websocket");
    require(!recover || !socketio, "recover goes with --protocol websocket");
    require(options.repeat >= 0 && options.repeat <= 100, "--repeat is a share of 100 %");
    require(options.repeat == 0 || options.acks, "--repeat goes with --acks");
    require(options.behind > 0 && options.behind < Marker::numbers,
            "--behind must be at least 1 and below 100,000,000");
    require(!(options.acks || recover) || options.message.empty() ||
                options.message.find("{id}") != std::string::npos,
            "--message must hold {id}, the place for the message's id");
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
    require_delivery(options, socketio);
    require(options.rate == 0 || traffic, "--rate goes with echo and chat");
    require(options.message.empty() || options.mode == Mode::chat ||
                options.mode == Mode::recover || socketio,
            "--message goes with chat and recover, and with echo over Socket.IO");
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
        const bool chat = options.mode == Mode::chat || options.mode == Mode::recover;
        options.ready = chat ? Ready::frame : Ready::open;
    }
}

}  // namespace load
