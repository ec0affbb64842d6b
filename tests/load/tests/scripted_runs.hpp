// Short runs of the load tool against a scripted server: what the tests of whole runs share.
#pragma once

#include "modes.hpp"
#include "report.hpp"
#include "scripted_server.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace load::test {

using Client = ScriptedServer::Client;
using Answer = std::function<void(ScriptedServer&, Client, const std::string& text, int nth)>;

/// The frame that a client sees first on a chat endpoint.
inline constexpr const char* welcome = R"({"type":"system","event":"welcome","connected_count":1})";

/// The text that a chat frame carries, from its marker on.
std::string text_of(const std::string& frame);
std::string chat_frame(const std::string& text);

/// Options for a run of a fraction of a second with five connections.
Options short_run(Mode mode);
Report run_with(ScriptedServer& server, Options options, std::string_view path = "/ws");

/// An echo server; `answer` sees each text and which of its client's it is.
ScriptedServer::Script echo(Answer answer);
/// A chat server; `deliver` brings the frame of each text to the members.
ScriptedServer::Script chat(Answer deliver);
void honest_echo(ScriptedServer& server, Client client, const std::string& text, int nth);
void honest_chat(ScriptedServer& server, Client client, const std::string& frame, int nth);

/// What the checks found, in one line that is easy to compare.
std::string findings(const Report& report);

}  // namespace load::test
