"""Chapter 07: a heartbeat. Socket.IO brings one; the client's own is an event more."""

import os

from flask import Flask, request
from flask_socketio import ConnectionRefusedError, SocketIO, emit

# [settings]
HEARTBEAT_INTERVAL = float(os.getenv("CHAT_HEARTBEAT_INTERVAL", "10"))  # seconds
HEARTBEAT_TIMEOUT = float(os.getenv("CHAT_HEARTBEAT_TIMEOUT", "30"))
# [/settings]

app = Flask(__name__)
# [heartbeat_sender]
# [check_heartbeat]
socketio = SocketIO(
    app,
    cors_allowed_origins="*",
    async_mode="eventlet",
    ping_interval=HEARTBEAT_INTERVAL,
    ping_timeout=HEARTBEAT_TIMEOUT - HEARTBEAT_INTERVAL,  # counted from the ping
)
# [/check_heartbeat]
# [/heartbeat_sender]
usernames: dict[str, str] = {}  # session id -> user name


# [frames]
def system_notice(event: str, message: str, count: int) -> dict:
    return {"event": event, "message": message, "connected_count": count}


def chat(username: str, data: dict) -> dict:
    return {"username": username, "message": data["message"]}


INVALID_FORMAT = {"code": "invalid_format", "message": "Invalid message format"}
# [/frames]


# [parse]
def is_message(data: object) -> bool:
    """Whether a client sent an object with a text in "message"."""
    return isinstance(data, dict) and isinstance(data.get("message"), str)
# [/parse]


# [endpoint]
@socketio.on("connect")
def connect(auth: dict | None = None):
    username = (auth or {}).get("username")
    if not username:
        raise ConnectionRefusedError("A name is required")
    usernames[request.sid] = username
    joined = system_notice("join", f"{username} joined the chat room", len(usernames))
    emit("system", joined, broadcast=True, include_self=False)
    emit("system", system_notice("welcome", f"Welcome to the chat room, {username}!", len(usernames)))


@socketio.on("disconnect")
def disconnect():
    username = usernames.pop(request.sid)
    left = system_notice("leave", f"{username} left the chat room", len(usernames))
    emit("system", left, broadcast=True, include_self=False)
# [/endpoint]


# [chat_loop]
@socketio.on("heartbeat")
def heartbeat(data: dict | None = None):
    emit("heartbeat_ack", {})


@socketio.on("message")
def message(data: dict):
    if is_message(data):
        emit("message", chat(usernames[request.sid], data), broadcast=True)
    else:
        emit("error", INVALID_FORMAT)
# [/chat_loop]


@app.get("/ws/status")
def status():
    return {"connected_count": len(usernames)}


if __name__ == "__main__":
    host, port = os.getenv("HOST", "127.0.0.1"), int(os.getenv("PORT", "8000"))
    socketio.run(app, host=host, port=port, log_output=True)
