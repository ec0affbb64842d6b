// A chat with a log, as an honest server keeps it; a test puts the faults in.
#pragma once

#include "scripted_runs.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace load::test {

class ScriptedLog {
public:
    static constexpr std::string_view epoch = "k3f9";

    /// A message of a client, and what the log made of it.
    struct Stored {
        std::string id;
        std::uint64_t seq{};
        bool duplicate{};
        std::string frame;  // for the members

        std::string ack() const;
    };

    /// Stores what a client sent, unless its id is known.
    Stored store(const std::string& frame);
    std::uint64_t last() const { return messages_.size(); }
    std::string welcome() const;
    /// The messages behind a number, and so many at most.
    std::vector<std::string> behind(std::uint64_t since, std::size_t most) const;
    std::string history(std::uint64_t since, std::size_t most) const;

private:
    std::vector<std::string> messages_;
    std::map<std::string, Stored> known_;
};

std::string field(const std::string& frame, const std::string& name);
std::string history_frame(const std::vector<std::string>& messages, std::uint64_t last,
                          std::string_view rest);
std::string refusal(const std::string& id, std::string_view code);

/// Sees each message of a client that has an id, and which of its client's it is.
using Deliver =
    std::function<void(ScriptedServer&, ScriptedLog&, Client, const std::string& frame, int nth)>;
/// Answers a client that is behind: once it's there, and whenever it asks on.
using Recover = std::function<void(ScriptedServer&, ScriptedLog&, Client, std::uint64_t since)>;

void honest_delivery(ScriptedServer& server, ScriptedLog& log, Client client,
                     const std::string& frame, int nth);
void honest_recovery(ScriptedServer& server, ScriptedLog& log, Client client, std::uint64_t since);

ScriptedServer::Script log_server(Deliver deliver, Recover recover = honest_recovery);

}  // namespace load::test
