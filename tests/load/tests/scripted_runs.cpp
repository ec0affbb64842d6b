// Short runs of the load tool against a scripted server: what the tests of whole runs share.
#include "scripted_runs.hpp"

#include <map>
#include <memory>
#include <utility>

namespace load::test {

std::string text_of(const std::string& frame) {
    const auto begin = frame.find('#');
    return frame.substr(begin, frame.find('"', begin) - begin);
}

std::string chat_frame(const std::string& text) {
    return R"({"type":"message","username":"Alice","message":")" + text +
           R"(","timestamp":"2024-01-01T12:00:00Z"})";
}

Options short_run(Mode mode) {
    Options options;
    options.mode = mode;
    options.connections = 5;
    options.window = 4;
    options.warm_up = 0.02;
    options.duration = 0.15;
    options.drain = 0.3;
    options.connect_timeout = 10;
    options.close_timeout = 5;
    return options;
}

Report run_with(ScriptedServer& server, Options options, std::string_view path) {
    options.url = server.url(path);
    complete(options);
    return run(options);
}

ScriptedServer::Script echo(Answer answer) {
    ScriptedServer::Script script;
    auto counts = std::make_shared<std::map<Client, int>>();
    script.frame = [answer, counts](ScriptedServer& server, Client client, Opcode opcode,
                                    const std::string& text) {
        if (opcode == Opcode::binary) {
            server.send(client, text, Opcode::binary);
        } else if (opcode == Opcode::text) {
            answer(server, client, text, (*counts)[client]++);
        }
    };
    return script;
}

ScriptedServer::Script chat(Answer deliver) {
    ScriptedServer::Script script =
        echo([deliver](ScriptedServer& server, Client client, const std::string& frame, int nth) {
            deliver(server, client, chat_frame(text_of(frame)), nth);
        });
    script.open = [](ScriptedServer& server, Client client) { server.send(client, welcome); };
    return script;
}

void honest_echo(ScriptedServer& server, Client client, const std::string& text, int /*nth*/) {
    server.send(client, "Echo: " + text);
}

void honest_chat(ScriptedServer& server, Client /*client*/, const std::string& frame, int) {
    server.broadcast(frame);
}

std::string findings(const Report& report) {
    const TrafficFigures& figures = report.traffic.value();
    std::string text;
    const auto add = [&text](const char* name, bool found) { text += found ? name : ""; };
    add("lost ", figures.lost > 0);
    add("duplicates ", figures.duplicates > 0);
    add("overtaken ", figures.overtaken > 0);
    add("damaged ", figures.damaged > 0);
    add("foreign ", figures.foreign > 0);
    add("order ", figures.divergent > 0);
    return text;
}

}  // namespace load::test
