// A chat with a log, as an honest server keeps it; a test puts the faults in.
#include "scripted_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace load::test {

std::string ScriptedLog::Stored::ack() const {
    return fmt::format(R"({{"type":"ack","id":"{}","seq":{},"epoch":"{}"{},"timestamp":"now"}})",
                       id, seq, epoch, duplicate ? R"(,"duplicate":true)" : "");
}

ScriptedLog::Stored ScriptedLog::store(const std::string& frame) {
    Stored stored;
    stored.id = field(frame, "id");
    if (const auto known = known_.find(stored.id); known != known_.end()) {
        stored = known->second;
        stored.duplicate = true;
        return stored;
    }
    stored.seq = messages_.size() + 1;
    stored.frame =
        fmt::format(R"({{"type":"message","username":"A","message":"{}","id":"{}","seq":{}}})",
                    text_of(frame), stored.id, stored.seq);
    messages_.push_back(stored.frame);
    known_[stored.id] = stored;
    return stored;
}

std::string ScriptedLog::welcome() const {
    return fmt::format(
        R"({{"type":"system","event":"welcome","connected_count":1,"epoch":"{}","seq":{}}})", epoch,
        last());
}

std::vector<std::string> ScriptedLog::behind(std::uint64_t since, std::size_t most) const {
    const auto first = messages_.begin() + static_cast<std::ptrdiff_t>(since);
    const auto left = static_cast<std::size_t>(messages_.end() - first);
    return {first, first + static_cast<std::ptrdiff_t>(std::min(left, most))};
}

std::string ScriptedLog::history(std::uint64_t since, std::size_t most) const {
    const bool more = last() - since > most;
    return history_frame(behind(since, most), last(),
                         more ? R"("recovered":true,"more":true)" : R"("recovered":true)");
}

std::string field(const std::string& frame, const std::string& name) {
    const std::string before = fmt::format(R"("{}":")", name);
    const auto begin = frame.find(before);
    if (begin == std::string::npos) {
        return {};
    }
    const auto value = begin + before.size();
    return frame.substr(value, frame.find('"', value) - value);
}

std::string history_frame(const std::vector<std::string>& messages, std::uint64_t last,
                          std::string_view rest) {
    return fmt::format(R"({{"type":"history","epoch":"{}","messages":[{}],"seq":{},{}}})",
                       ScriptedLog::epoch, fmt::join(messages, ","), last, rest);
}

std::string refusal(const std::string& id, std::string_view code) {
    return fmt::format(R"({{"type":"error","code":"{}","id":"{}","retry":true}})", code, id);
}

void honest_delivery(ScriptedServer& server, ScriptedLog& log, Client client,
                     const std::string& frame, int /*nth*/) {
    const ScriptedLog::Stored stored = log.store(frame);
    if (!stored.duplicate) {
        server.broadcast(stored.frame);
    }
    server.send(client, stored.ack());
}

void honest_recovery(ScriptedServer& server, ScriptedLog& log, Client client, std::uint64_t since) {
    server.send(client, log.history(since, 200));
}

ScriptedServer::Script log_server(Deliver deliver, Recover recover) {
    auto log = std::make_shared<ScriptedLog>();
    auto counts = std::make_shared<std::map<Client, int>>();
    const auto seq_in = [](std::string_view position) {
        return std::stoull(std::string{position.substr(position.find(':') + 1)});
    };
    ScriptedServer::Script script;
    script.open = [log, recover, seq_in](ScriptedServer& server, Client client) {
        server.send(client, log->welcome());
        const std::string_view request = server.request(client);
        if (const auto at = request.find("since="); at != std::string_view::npos) {
            recover(server, *log, client, seq_in(request.substr(at)));
        }
    };
    script.frame = [log, counts, deliver, recover, seq_in](ScriptedServer& server, Client client,
                                                           Opcode opcode,
                                                           const std::string& frame) {
        if (opcode != Opcode::text) {
            return;
        }
        if (const std::string since = field(frame, "since"); !since.empty()) {
            recover(server, *log, client, seq_in(since));
        } else {
            deliver(server, *log, client, frame, (*counts)[client]++);
        }
    };
    return script;
}

}  // namespace load::test
