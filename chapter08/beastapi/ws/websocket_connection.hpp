// The state behind a WebSocket handle: the frames, the inbox, and how the connection ends.
#pragma once

#include "beastapi/inspect/node.hpp"
#include "beastapi/net/async_condition.hpp"
#include "beastapi/net/client_budget.hpp"
#include "beastapi/net/handle_count.hpp"
#include "beastapi/net/outbox.hpp"
#include "beastapi/refusals.hpp"
#include "beastapi/websocket.hpp"
#include "beastapi/ws/frame.hpp"
#include "beastapi/ws/frame_decoders.hpp"
#include "beastapi/ws/frame_feed.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <source_location>
#include <string>
#include <vector>

namespace beastapi::detail {

struct WebSocketSettings {
    /// Between pings. A peer of which nothing is heard from one to the next is gone.
    std::chrono::steady_clock::duration ping_interval = std::chrono::seconds(20);
    /// How long the closing handshake may take, and all else that ends the connection.
    std::chrono::steady_clock::duration handshake_timeout = std::chrono::seconds(10);
};

/// Reads all the time, because only a reader answers pings and notices the end. What one read
/// brings is decoded at once, into the inbox; receive() takes from there, and is woken once for all
/// of it. A full inbox stops the reader: that is the back-pressure on the peer.
///
/// From the first sign of the end on, whichever side gives it, a deadline runs
/// (WebSocketSettings::handshake_timeout): then the socket is closed, whatever the peer does.
///
/// What goes wrong in a handler of the event loop ends this connection and no other.
class WebSocketConnection final : public std::enable_shared_from_this<WebSocketConnection>,
                                  private Outbox::Owner {
public:
    using HandshakeRequest = FrameDecoders::Handshake;

    /// `early` came behind the handshake: the first frames, or the beginning of one. `budget` pays
    /// for what comes; null: nobody counts. Of the others, references are kept.
    WebSocketConnection(std::shared_ptr<Outbox> outbox, Request request,
                        std::unique_ptr<HandshakeRequest> handshake, const std::string& early,
                        std::shared_ptr<ClientBudget> budget, const WebSocketSettings& settings,
                        FrameDecoders& decoders, Refusals& refusals);
    WebSocketConnection(const WebSocketConnection&) = delete;
    WebSocketConnection& operator=(const WebSocketConnection&) = delete;
    virtual ~WebSocketConnection();

    void accept(const std::string& subprotocol);
    static awaitable<Message> receive(std::shared_ptr<WebSocketConnection> self,
                                      std::source_location where);
    static awaitable<std::string> receive_kind(std::shared_ptr<WebSocketConnection> self,
                                               Message::Kind kind, std::source_location where);
    static awaitable<void> send(std::shared_ptr<WebSocketConnection> self, Opcode opcode,
                                std::string payload, std::source_location where);
    void post(Opcode opcode, std::string_view payload) noexcept;
    void post_volatile(Opcode opcode, std::string_view payload) noexcept;
    bool is_behind() const noexcept;
    void when_drained(std::function<void()> drained);
    void close(std::uint16_t code, std::string_view reason) noexcept;

    /// From now on it counts as one of that endpoint, which has to outlive it.
    void count_at(Traffic::Endpoint& endpoint) noexcept { endpoint_ = &endpoint; }
    /// See WebSocket.
    std::chrono::steady_clock::time_point received_at() const noexcept { return received_at_; }
    void note_delivery(std::chrono::steady_clock::time_point read) noexcept {
        outbox_->coalescer().note_delivery(read);
    }

    /// Ends the connection without a word: those that wait for it are told, with that reason.
    void abort(std::string_view reason = {}) noexcept;

    /// Waits for the end of the closing handshake; to be called once, after close() or
    /// a disconnect.
    static awaitable<void> finish(std::shared_ptr<WebSocketConnection> self);

    enum class State { connecting, open, disconnected };
    State state() const noexcept { return state_; }
    bool accepted() const noexcept { return accepted_; }
    const WebSocketDisconnect& disconnect() const noexcept { return disconnect_; }
    const Request& request() const noexcept { return request_; }
    /// For the inspector.
    inspect::Queues queues() const noexcept;

    /// Who pays for what this connection costs.
    const std::shared_ptr<ClientBudget>& budget() const noexcept { return budget_; }
    void charge_to(std::shared_ptr<ClientBudget> budget) noexcept { budget_ = std::move(budget); }

    /// For the log: `127.0.0.1:50000 - "WebSocket /ws/chat/Alice"`, without the query, which may
    /// hold secrets.
    std::string description() const;
    /// Since the request.
    std::chrono::duration<double> age() const { return std::chrono::steady_clock::now() - begin_; }

private:
    /// Marks that a coroutine receives; a second one is a mistake in the program.
    class Receiving {
    public:
        explicit Receiving(WebSocketConnection& connection);
        ~Receiving() { flag_ = false; }
        Receiving(const Receiving&) = delete;
        Receiving& operator=(const Receiving&) = delete;

    private:
        bool& flag_;
    };

    /// Runs a handler of the event loop: an exception ends this connection, and nothing else.
    template <class Function>
    void guarded(Function function) noexcept {
        try {
            function();
        } catch (const std::exception& error) {
            abort_by(error);
        }
    }
    void abort_by(const std::exception& error) noexcept;

    void ping_when_due();
    void ping_or_give_up();
    void read_when_readable();
    void read_on();
    void on_readable(const boost::system::error_code& error);
    void decode(std::size_t new_bytes);
    bool decode_some();
    void note_pongs() noexcept;
    void end_by(const boost::system::error_code& error);
    void charge(std::size_t bytes, std::size_t frames);
    bool is_clogged() const noexcept;
    void read_on_when_unclogged();
    void deliver();
    bool wants_more() const noexcept;
    void end_input() noexcept;
    bool has_news() const noexcept;
    Message take();
    void append(Opcode opcode, std::string_view payload);
    void count_end() noexcept;
    void write_close_frame();
    void on_slow_reader() noexcept override;
    void set_disconnected(std::uint16_t code, std::string_view reason) noexcept;
    void limit_the_end();
    WebSocketDisconnect why_ended(const boost::system::error_code& error) const;

    HandleCount handles_;
    std::shared_ptr<Outbox> outbox_;
    FrameFeed feed_;
    FrameDecoders& decoders_;
    std::unique_ptr<FrameDecoder> decoder_;  // while a message is half here
    std::shared_ptr<ClientBudget> budget_;
    const WebSocketSettings& settings_;
    Refusals& refusals_;
    Request request_;
    std::unique_ptr<HandshakeRequest> handshake_;
    const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
    std::chrono::steady_clock::time_point read_at_ = begin_;
    std::chrono::steady_clock::time_point received_at_ = begin_;
    Traffic::Endpoint* endpoint_ = nullptr;  // null: it counts nowhere
    State state_ = State::connecting;
    bool accepted_ = false;
    bool reading_ = false;         // a handler of the socket or of the loop will read on
    bool input_ended_ = false;     // nothing more is read: a close frame, an error, the end came
    bool pong_is_queued_ = false;  // above the outbox's high-water mark
    bool paused_ = false;          // until the budget allows more
    bool receiving_ = false;
    bool pinged_ = false;                // and nothing has come since
    std::uint64_t ping_is_sent_at_ = 0;  // when so many bytes have left the outbox
    WebSocketDisconnect disconnect_{close_code::abnormal};

    std::string incoming_;  // the message that is being read
    std::vector<Message> inbox_;
    std::size_t inbox_head_ = 0;
    std::size_t inbox_bytes_ = 0;
    AsyncCondition changed_;
    Timer timer_;  // while open: of the next ping, or of the end of a pause; then: of the end
};

}  // namespace beastapi::detail
