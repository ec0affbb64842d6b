// Lets each allocation of the server fail in turn, in a few scenarios. The one connection concerned
// may end; nobody else notices, nothing is left behind, and the server goes on.
//
// Two members of the chat look on. The connection concerned can be one of theirs: what is broadcast
// needs memory for each recipient. So one of the two may end, and must be able to come back under
// its name; the other one must not notice anything.
//
//   allocation_tests SCENARIO [N]
//
// Without N, all of them: 1, 2, … until the scenario runs through with none left to fail. Each
// failure that does harm is printed with the place of the allocation. With N, only that one, in
// this process, for the debugger.
#include "allocations/failing_new.hpp"
#include "beastapi/app.hpp"
#include "beastapi/asyncio.hpp"
#include "beastapi/http/server.hpp"
#include "beastapi/net/event_loop.hpp"
#include "chat/chat.hpp"
#include "routers/status.hpp"
#include "routers/websocket.hpp"
#include "support/websocket_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

using namespace test;
using beastapi::WebSocket;

namespace {

constexpr auto time_limit = 300ms;    // of the server, for a request
constexpr auto closing_limit = 50ms;  // of the server, for the end of a connection
constexpr auto patience = 3s;         // of this program

awaitable<void> overflow(WebSocket websocket) {
    co_await websocket.accept();
    const std::string text(1024 * 1024, 'x');
    for (int i = 0; i < 12 && websocket.connected(); ++i) {
        websocket.post_text(text);
    }
}

/// Repeats the first text. The time is far away: no failure may leave the handler waiting for it.
awaitable<void> repeat_in_time(WebSocket websocket) {
    co_await websocket.accept();
    const std::string text = co_await beastapi::asyncio::wait_for(websocket.receive_text(), 1h);
    co_await websocket.send_text(text);
}

/// The chat server in a thread of its own, in which allocations count.
class Server {
public:
    Server() : chat_(chat_settings()) {
        app_.include_router(routers::websocket(chat_));
        app_.include_router(routers::status(chat_, app_.refusals()));
        app_.websocket("/overflow", overflow);
        app_.websocket("/in_time", repeat_in_time);
        server_ = std::make_shared<beastapi::detail::Server>(context_, app_, settings());
        port_ = server_->port();
        server_->start();
        std::thread([this] { run(); }).detach();  // ends with the process
    }

    unsigned short port() const { return port_; }

    /// What `look` returns on the server's thread.
    template <class Look>
    auto ask(Look look) {
        std::promise<decltype(look(*this))> answer;
        auto future = answer.get_future();
        boost::asio::post(context_, [&] {
            const failing_new::Pause pause;
            answer.set_value(look(*this));
        });
        if (future.wait_for(patience) != std::future_status::ready) {
            std::fprintf(stderr, "the loop of the server stands still\n");
            std::_Exit(1);
        }
        return future.get();
    }

    /// What should not be there, beside so many bystanders: empty if all is well.
    std::string leftovers(std::size_t bystanders) {
        return ask([bystanders](Server& self) {
            const auto users = self.chat_.manager().get_connected_users();
            const bool clean = self.server_->session_count() == bystanders &&
                               self.chat_.manager().get_connection_count() == bystanders &&
                               users.size() == bystanders && self.chat_.manager().rooms().empty();
            return clean ? std::string()
                         : fmt::format("{} sessions, {} members, {} names, {} rooms",
                                       self.server_->session_count(),
                                       self.chat_.manager().get_connection_count(), users.size(),
                                       self.chat_.manager().rooms().size());
        });
    }

private:
    static chat::ChatSettings chat_settings() {
        chat::ChatSettings settings;
        settings.heartbeat_interval = 1h;
        settings.message_rate.rate = 0;
        return settings;
    }

    static beastapi::ServerSettings settings() {
        beastapi::ServerSettings settings;
        settings.port = 0;
        settings.outbox_limit = 64 * 1024;
        settings.request_timeout = time_limit;
        settings.handshake_timeout = closing_limit;
        settings.connection_rate = 0;
        settings.request_rate = 0;
        settings.client_rate_in = 0;
        settings.client_rate_out = 0;
        return settings;
    }

    void run() {
        failing_new::arm_this_thread();
        beastapi::detail::run_event_loop(context_);
        std::fprintf(stderr, "the loop of the server has ended\n");
        failing_new::print_where();
        std::_Exit(1);
    }

    boost::asio::io_context context_{1};
    beastapi::App app_;
    chat::Chat chat_;
    std::shared_ptr<beastapi::detail::Server> server_;
    unsigned short port_ = 0;
};

// --- the scenarios, as a client plays them. It may be hung up on at any point. ------------------

awaitable<void> say_goodbye(WebSocketClient& client) {
    Frame goodbye;
    goodbye.opcode = opcode::close;
    goodbye.payload = close_payload(1000);
    co_await client.send(goodbye);
    co_await client.tcp().read_to_end();
}

awaitable<void> http(unsigned short port) {
    co_await get(port, "/ws/status");
    co_await get(port, "/nothing");
}

awaitable<void> echo(unsigned short port) {
    WebSocketClient client = co_await WebSocketClient::connect(port, "/ws");
    co_await client.send_text("X");
    co_await client.receive_text();
    co_await client.send_text(std::string(50'000, 'x'));
    co_await client.receive_text();
    co_await say_goodbye(client);
}

awaitable<void> chat_and_leave(unsigned short port) {
    WebSocketClient client = co_await WebSocketClient::connect(port, "/ws/chat/Alice");
    co_await client.receive_text();
    co_await client.send_text(R"({"message":"Hello, everyone"})");
    co_await client.receive_text();
    co_await client.send_text(R"({"message":"Hello","target_user":"Bystander"})");
    co_await client.receive_text();
    co_await say_goodbye(client);
}

awaitable<void> room(unsigned short port) {
    WebSocketClient client = co_await WebSocketClient::connect(port, "/ws/chat/Alice?room=den");
    co_await client.receive_text();
    co_await client.receive_text();
    co_await client.send_text(R"({"message":"Hello, den","room":"den"})");
    co_await client.receive_text();
    co_await client.send_text(R"({"type":"who","room":"den"})");
    co_await client.receive_text();
    co_await say_goodbye(client);
}

awaitable<void> history(unsigned short port) {
    WebSocketClient client = co_await WebSocketClient::connect(
        port, "/ws/chat/Alice?since=e:1&inbox=e:1&room=den&room_since=e:1");
    for (const char* const type : {"system", "history", "history", "joined", "history"}) {
        const auto frame = co_await client.receive_json();
        if (frame.at("type").as_string() != type) {
            throw std::runtime_error("not what was asked for");
        }
    }
    static int played = 0;
    const std::string message =
        fmt::format(R"({{"message":"Hello, den","room":"den","id":"{}"}})", ++played);
    for (int i = 0; i < 2; ++i) {  // the second is a repeat
        co_await client.send_text(message);
    }
    for (int i = 0; i < 3; ++i) {  // the message, and two acks
        co_await client.receive_text();
    }
    co_await client.send_text(R"({"type":"history","room":"den","before":2})");
    co_await client.receive_text();
    co_await say_goodbye(client);
}

awaitable<void> heartbeat(unsigned short port) {
    WebSocketClient client = co_await WebSocketClient::connect(port, "/ws/chat/Alice/heartbeat");
    co_await client.receive_text();
    co_await client.send_text(R"({"type":"heartbeat"})");
    co_await client.receive_text();
    co_await say_goodbye(client);
}

awaitable<void> wait_for(unsigned short port) {
    WebSocketClient client = co_await WebSocketClient::connect(port, "/in_time");
    co_await client.send_text("X");
    co_await client.receive_text();
    co_await say_goodbye(client);
}

awaitable<void> slow_consumer(unsigned short port) {
    ConnectOptions options;
    options.receive_buffer = 4096;
    WebSocketClient client = co_await WebSocketClient::connect(port, "/overflow", options);
    co_await beastapi::asyncio::sleep(3 * closing_limit);  // by then it is closed, and torn
}

awaitable<void> vanishing(unsigned short port) {
    WebSocketClient client = co_await WebSocketClient::connect(port, "/ws/chat/Alice");
    co_await client.receive_text();
    client.tear();
}

awaitable<void> broken_frame(unsigned short port) {
    WebSocketClient client = co_await WebSocketClient::connect(port, "/ws/chat/Alice");
    co_await client.receive_text();
    Frame frame;
    frame.reserved = 7;
    co_await client.send(frame);
    co_await client.tcp().read_to_end();
}

using Scenario = awaitable<void> (*)(unsigned short);
const std::map<std::string, Scenario> scenarios{
    {"http", http},           {"echo", echo},
    {"chat", chat_and_leave}, {"room", room},
    {"heartbeat", heartbeat}, {"slow_consumer", slow_consumer},
    {"vanishing", vanishing}, {"broken_frame", broken_frame},
    {"wait_for", wait_for},   {"history", history},
};

// --- what has to hold after each ----------------------------------------------------------------

/// The harm that was done; empty: none.
awaitable<void> play(Server& server, Scenario scenario, std::string& harm) {
    try {
        co_await beastapi::asyncio::wait_for(scenario(server.port()), patience);
    } catch (const beastapi::asyncio::TimeoutError&) {
        harm = "the client is left hanging";
    } catch (const std::runtime_error&) {
        // It was hung up on, or answered otherwise: that is how a connection may end.
    } catch (const std::logic_error&) {}
}

struct Bystander {
    std::string name;
    std::optional<WebSocketClient> client{};
};
using Bystanders = std::array<Bystander, 2>;

awaitable<void> join(Server& server, Bystander& bystander) {
    const std::string path = "/ws/chat/" + bystander.name;
    WebSocketClient client = co_await WebSocketClient::connect(server.port(), path);
    co_await client.receive_text();
    bystander.client = std::move(client);
}

awaitable<void> join_all(Server& server, Bystanders& bystanders) {
    for (Bystander& bystander : bystanders) {
        co_await join(server, bystander);
    }
}

awaitable<void> expect_words(WebSocketClient& client, std::string words) {
    co_await client.send_text(fmt::format(R"({{"message":"{}"}})", words));
    std::string heard;
    while (heard.find(words) == std::string::npos) {
        heard = co_await client.receive_text();
    }
}

/// Takes the clients away that do not hear themselves any more.
awaitable<std::size_t> count_those_who_hear(Bystanders& bystanders, std::string words) {
    std::size_t count = 0;
    for (Bystander& bystander : bystanders) {
        try {
            const std::string own_words = fmt::format("{} {}", bystander.name, words);
            co_await expect_words(*bystander.client, own_words);
            ++count;
        } catch (const std::exception&) {
            bystander.client.reset();
        }
    }
    co_return count;
}

awaitable<void> check(Server& server, Bystanders& bystanders, std::size_t n, std::string& harm) {
    const std::string words = fmt::format("is still here after {}", n);
    const std::size_t count = co_await count_those_who_hear(bystanders, words);
    if (count + 1 < bystanders.size()) {
        harm = "more than one bystander noticed";
        co_return;
    }
    const auto clean = [&server, &harm, count] {
        harm = server.leftovers(count);
        return harm.empty();
    };
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!clean() && std::chrono::steady_clock::now() < end) {
        co_await beastapi::asyncio::sleep(5ms);
    }
    if (!harm.empty()) {
        co_return;
    }
    try {
        for (Bystander& bystander : bystanders) {
            if (!bystander.client) {
                co_await join(server, bystander);
            }
        }
        const HttpResponse status =
            co_await beastapi::asyncio::wait_for(get(server.port(), "/ws/status"), patience);
        if (status.status != 200) {
            harm = fmt::format("/ws/status answers {}", status.status);
        }
    } catch (const std::exception& error) {
        harm = fmt::format("a new client: {}", error.what());
    }
}

/// Lets the n-th allocation fail; false if there were fewer. Ends the process if that did harm.
bool survive(Server& server, io_context& context, Bystanders& bystanders, Scenario scenario,
             std::size_t n) {
    std::string harm;
    failing_new::fail_at(n);
    test::run(context, play(server, scenario, harm));
    const std::string hanging = harm;
    // Whatever the end of the connection does still counts.
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!server.leftovers(2).empty() && !server.leftovers(1).empty() &&
           std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(1ms);
    }
    const bool failed = failing_new::has_failed();
    failing_new::fail_at(0);
    test::run(context, check(server, bystanders, n, harm));
    harm = hanging.empty() ? harm : hanging;
    if (!harm.empty()) {
        std::fprintf(stderr, "allocation %zu: %s\n", n, harm.c_str());
        failing_new::print_where();
        std::_Exit(1);
    }
    return failed;
}

void on_terminate() {
    std::fprintf(stderr, "std::terminate\n");
    failing_new::print_where();
    std::abort();
}

/// Lets them fail from `*n` on, to `last`; never returns.
[[noreturn]] void play_all(Scenario scenario, std::size_t* n, std::size_t last) {
    spdlog::set_level(spdlog::level::off);
    std::set_terminate(on_terminate);
    Server server;
    io_context context{1};
    Bystanders bystanders{Bystander{"Bystander"}, Bystander{"Witness"}};
    test::run(context, join_all(server, bystanders));
    // What is allocated once only is not what this is about.
    survive(server, context, bystanders, scenario, 0);
    while (*n <= last && survive(server, context, bystanders, scenario, *n)) {
        ++*n;
    }
    std::_Exit(0);
}

}  // namespace

int main(int argc, char** argv) {
    const auto scenario = argc > 1 ? scenarios.find(argv[1]) : scenarios.end();
    if (scenario == scenarios.end()) {
        std::fprintf(stderr, "usage: allocation_tests SCENARIO [N]\nscenarios:");
        for (const auto& [name, ignored] : scenarios) {
            std::fprintf(stderr, " %s", name.c_str());
        }
        std::fprintf(stderr, "\n");
        return 2;
    }
    // Shared with the children: where they are.
    auto* const n = static_cast<std::size_t*>(::mmap(
        nullptr, sizeof(std::size_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    if (argc > 2) {
        *n = std::stoul(argv[2]);
        play_all(scenario->second, n, *n);
    }
    int harmful = 0;
    *n = 1;
    bool through = false;
    while (!through) {
        const pid_t child = ::fork();
        if (child == 0) {
            play_all(scenario->second, n, SIZE_MAX);
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        through = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (!through) {
            std::fprintf(stderr, "^ %s, allocation %zu\n\n", argv[1], *n);
            ++harmful;
            ++*n;
        }
    }
    std::printf("%s: %zu allocations, %d of which do harm when they fail\n", argv[1], *n - 1,
                harmful);
    return harmful == 0 ? 0 : 1;
}
