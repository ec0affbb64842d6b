// A small WebSocket server whose faults are chosen by the test: it drops, doubles, swaps, damages.
#pragma once

#include "frame.hpp"
#include "net.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace load::test {

class ScriptedServer {
public:
    using Client = std::size_t;

    struct Script {
        /// A client's handshake is over.
        std::function<void(ScriptedServer&, Client)> open = [](auto&, Client) {};
        /// A client sent a whole frame.
        std::function<void(ScriptedServer&, Client, Opcode, const std::string&)> frame =
            [](auto&, Client, Opcode, const std::string&) {};
        std::string answer;                  // instead of the right one to the handshake
        std::size_t piece{~std::size_t{0}};  // bytes given to the socket at a time
    };

    explicit ScriptedServer(Script script);
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;
    ~ScriptedServer();

    /// ws://127.0.0.1:PORT and the path.
    Url url(std::string_view path) const;

    // For the script, which runs in the server's thread.
    void send(Client client, std::string_view payload, Opcode opcode = Opcode::text,
              bool fin = true);
    void broadcast(std::string_view payload);
    void close(Client client, std::uint16_t code);
    std::size_t clients() const { return clients_.size(); }
    /// The head of a client's handshake.
    const std::string& request(Client client) const { return clients_[client].request; }

private:
    struct Peer {
        Fd fd;
        std::string in;
        std::string out;
        std::string request;
        bool open{};
        bool close_sent{};
    };

    void run();
    void accept_one();
    void read(Client client);
    void write(Client client);

    Script script_;
    Fd listener_;
    Fd stop_;
    std::uint16_t port_{};
    std::vector<Peer> clients_;
    std::thread thread_;  // the last member: it uses the others
};

}  // namespace load::test
