// Asks an App from a test, over a real socket: FastAPI's TestClient.
#pragma once

#include "beastapi/app.hpp"
#include "beastapi/request.hpp"
#include "beastapi/websocket.hpp"

#include <boost/json/value.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace beastapi {

/// Serves an App from a thread of its own, at a free port of 127.0.0.1, from the constructor to
/// stop(). It leaves signals alone.
///
/// Meanwhile the App, and what its handlers are bound to, belong to that thread: look at them
/// before and after.
class TestServer {
public:
    /// Has run the startup functions, and throws what they throw.
    explicit TestServer(App& app, ServerSettings settings = {});
    TestServer(const TestServer&) = delete;
    TestServer& operator=(const TestServer&) = delete;
    ~TestServer();

    unsigned short port() const noexcept;
    std::string url() const;  ///< such as `http://127.0.0.1:40001`

    /// What SIGTERM does to App::run(): returns when every handler has ended.
    void stop();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

struct TestResponse {
    unsigned status = 0;
    Headers headers{};
    std::string body{};

    /// The body as JSON; throws boost::system::system_error if it's none.
    boost::json::value json() const;
};

/// A WebSocket as its client sees it. Each call blocks until it's done, and throws
/// std::runtime_error if that takes 10 s. Its destructor says goodbye.
class TestWebSocket {
public:
    TestWebSocket(TestWebSocket&&) noexcept;
    TestWebSocket& operator=(TestWebSocket&&) = delete;
    ~TestWebSocket();

    void send_text(std::string_view text);
    void send_bytes(std::string_view bytes);

    /// The next message. Throws WebSocketDisconnect if the server has closed the connection.
    Message receive();
    /// The same; throws std::runtime_error if it's no text.
    std::string receive_text();

    void close(std::uint16_t code = close_code::normal);

private:
    friend class TestClient;
    struct Impl;
    explicit TestWebSocket(std::unique_ptr<Impl> impl) noexcept;

    std::unique_ptr<Impl> impl_;
};

/// Serves an App, and asks it. Each call blocks until the answer is there, and throws
/// std::runtime_error if that takes 10 s.
class TestClient {
public:
    explicit TestClient(App& app, ServerSettings settings = {})
        : server_(app, std::move(settings)) {}

    /// A body is sent as JSON, unless `headers` has another Content-Type.
    TestResponse request(std::string_view method, std::string_view target,
                         std::string_view body = {}, const HeaderList& headers = {}) const;
    TestResponse get(std::string_view target, const HeaderList& headers = {}) const {
        return request("GET", target, {}, headers);
    }
    TestResponse post(std::string_view target, std::string_view body,
                      const HeaderList& headers = {}) const {
        return request("POST", target, body, headers);
    }
    TestResponse put(std::string_view target, std::string_view body,
                     const HeaderList& headers = {}) const {
        return request("PUT", target, body, headers);
    }
    TestResponse patch(std::string_view target, std::string_view body,
                       const HeaderList& headers = {}) const {
        return request("PATCH", target, body, headers);
    }
    TestResponse delete_(std::string_view target, const HeaderList& headers = {}) const {
        return request("DELETE", target, {}, headers);
    }

    /// Opens a WebSocket. Throws std::runtime_error, with the status, if the server refuses it.
    TestWebSocket websocket_connect(std::string_view target, const HeaderList& headers = {}) const;

    TestServer& server() noexcept { return server_; }

private:
    TestServer server_;
};

}  // namespace beastapi
