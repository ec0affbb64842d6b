"""Chapter 10 in Flask-SocketIO: a limit of connections, of messages a second, and of sizes."""

import os
from collections import Counter

from flask import Flask, request
from flask_socketio import ConnectionRefusedError, SocketIO, emit
from token_bucket import TokenBucket

# [settings]
MAX_CONNECTIONS = 3  # so few that four windows show it
MESSAGE_RATE = 1  # messages a second
MESSAGE_BURST = 5  # messages at once
MAX_TEXT_LENGTH = 200  # characters
MAX_MESSAGE_BYTES = 16 * 1024
# [/settings]

# [run]
app = Flask(__name__)
socketio = SocketIO(
    app,
    cors_allowed_origins="*",
    async_mode="eventlet",
    max_http_buffer_size=MAX_MESSAGE_BYTES,
)
# [/run]
usernames: dict[str, str] = {}  # session id -> user name
buckets: dict[str, TokenBucket] = {}
refusals: Counter[str] = Counter()


def error(code: str, **fields: object) -> None:
    refusals[code] += 1
    emit("error", {"code": code} | fields)


# [answer]
@socketio.on("message")
def message(data: dict):
    wait = buckets[request.sid].take()
    if wait is not None:
        return error("rate_limited", retry_after_ms=wait)
    text = data.get("message") if isinstance(data, dict) else None
    if not isinstance(text, str):
        return error("invalid_format")
    if len(text) > MAX_TEXT_LENGTH:
        return error("text_too_long", limit=MAX_TEXT_LENGTH)
    emit("message", {"username": usernames[request.sid], "message": text}, broadcast=True)
# [/answer]


# [endpoint]
@socketio.on("connect")
def connect(auth: dict | None = None):
    # [full]
    if len(usernames) >= MAX_CONNECTIONS:
        refusals["server_full"] += 1
        raise ConnectionRefusedError("Server is full")
    usernames[request.sid] = (auth or {}).get("username", "Anonymous")
    # [/full]
    buckets[request.sid] = TokenBucket(MESSAGE_RATE, MESSAGE_BURST)


@socketio.on("disconnect")
def disconnect():
    del usernames[request.sid], buckets[request.sid]
# [/endpoint]


@app.get("/ws/status")
def websocket_status():
    users = sorted(set(usernames.values()))
    return {"connected_count": len(usernames), "connected_users": users, "refusals": refusals}


if __name__ == "__main__":
    host, port = os.getenv("HOST", "127.0.0.1"), int(os.getenv("PORT", "8000"))
    socketio.run(app, host=host, port=port, log_output=True)
