"""Chapter 05: everyone hears everyone, by `emit(…, broadcast=True)`."""

import os

from flask import Flask, request
from flask_socketio import SocketIO, emit

app = Flask(__name__)
socketio = SocketIO(app, cors_allowed_origins="*", async_mode="eventlet")
active_connections: set[str] = set()  # session ids


# [frames]
def system_notice(event: str, message: str, count: int) -> dict:
    return {"event": event, "message": message, "connected_count": count}


def chat(data: dict) -> dict:
    return {"username": data.get("username", "Anonymous"), "message": data["message"]}


INVALID_FORMAT = {"code": "invalid_format", "message": "Invalid message format"}
# [/frames]


# [parse]
def is_message(data: object) -> bool:
    """Whether a client sent an object with a text in "message"."""
    return isinstance(data, dict) and isinstance(data.get("message"), str)
# [/parse]


# [connect]
@socketio.on("connect")
def connect(auth: dict | None = None):
    active_connections.add(request.sid)
    count = len(active_connections)
    joined = system_notice("join", "Someone joined the chat room", count)
    emit("system", joined, broadcast=True, include_self=False)
    emit("system", system_notice("welcome", "Welcome to the chat room!", count))


@socketio.on("disconnect")
def disconnect():
    active_connections.discard(request.sid)
    left = system_notice("leave", "Someone left the chat room", len(active_connections))
    emit("system", left, broadcast=True, include_self=False)
# [/connect]


# [endpoint]
@socketio.on("message")
def message(data: dict):
    if is_message(data):
        # [broadcast]
        emit("message", chat(data), broadcast=True)
        # [/broadcast]
    else:
        emit("error", INVALID_FORMAT)
# [/endpoint]


@app.get("/ws/status")
def status():
    return {"connected_count": len(active_connections)}


if __name__ == "__main__":
    host, port = os.getenv("HOST", "127.0.0.1"), int(os.getenv("PORT", "8000"))
    socketio.run(app, host=host, port=port, log_output=True)
