"""Chapter 04: who is connected, as a set of session ids."""

import os

from flask import Flask, request
from flask_socketio import SocketIO, emit

app = Flask(__name__)
socketio = SocketIO(app, cors_allowed_origins="*", async_mode="eventlet")

# [manager]
active_connections: set[str] = set()  # session ids


# [connect]
@socketio.on("connect")
def connect(auth: dict | None = None):
    active_connections.add(request.sid)
    count = len(active_connections)
    emit("system", system_notice("welcome", "Welcome to the chat room!", count))


@socketio.on("disconnect")
def disconnect():
    active_connections.discard(request.sid)
# [/connect]
# [/manager]


# [frames]
def system_notice(event: str, message: str, count: int) -> dict:
    return {"event": event, "message": message, "connected_count": count}


def chat(data: dict, count: int) -> dict:
    return {"message": data["message"], "connected_count": count}


INVALID_FORMAT = {"code": "invalid_format", "message": "Invalid message format"}
# [/frames]


# [parse]
def is_message(data: object) -> bool:
    """Whether a client sent an object with a text in "message"."""
    return isinstance(data, dict) and isinstance(data.get("message"), str)
# [/parse]


# [endpoint]
@socketio.on("message")
def message(data: dict):
    if is_message(data):
        emit("message", chat(data, len(active_connections)))
    else:
        emit("error", INVALID_FORMAT)
# [/endpoint]


# [status]
@app.get("/ws/status")
def status():
    return {"connected_count": len(active_connections)}
# [/status]


if __name__ == "__main__":
    host, port = os.getenv("HOST", "127.0.0.1"), int(os.getenv("PORT", "8000"))
    socketio.run(app, host=host, port=port, log_output=True)
