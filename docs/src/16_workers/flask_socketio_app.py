"""Chapter 16 in Flask-SocketIO: message_queue brings each event to all processes."""

import os

import eventlet

eventlet.monkey_patch()  # before all else: redis-py's sockets must give the others a turn

from flask import Flask, request  # noqa: E402
from flask_socketio import SocketIO, emit, join_room  # noqa: E402

app = Flask(__name__)
# [redis]
socketio = SocketIO(
    app,
    message_queue=os.getenv("CHAT_REDIS", "redis://127.0.0.1:6379"),
    cors_allowed_origins="*",
    async_mode="eventlet",
)
# [/redis]
usernames: dict[str, str] = {}  # session id -> user name: of this process only


# [endpoint]
@socketio.on("connect")
def connect(auth: dict | None = None):
    username = (auth or {}).get("username", "Anonymous")
    usernames[request.sid] = username
    join_room(f"user:{username}")
    join_room("lobby")
    emit("system", {"event": "welcome"})


@socketio.on("disconnect")
def disconnect():
    del usernames[request.sid]
# [/endpoint]


# [speak]
@socketio.on("message")
def message(data: dict):
    id, message, username = data["id"], data["message"], usernames[request.sid]
    if not isinstance(id, str) or not isinstance(message, str):
        raise ValueError("a message has an id and a text")
    frame = {"username": username, "message": message, "id": id}
    if "target_user" in data:
        frame["target_user"] = data["target_user"]
        for name in {username, data["target_user"]}:
            emit("private", frame, to=f"user:{name}")
    else:
        emit("message", frame, to="lobby")
    return {"id": id}  # it means: received; nobody knows whether Redis has taken it
# [/speak]


@socketio.on_error()
def on_error(exception):
    if not isinstance(exception, (ValueError, KeyError, TypeError)):
        raise exception
    emit("error", {"code": "invalid_format"})


@app.get("/ws/status")
def websocket_status():
    return {"connected_count": len(usernames)}


if __name__ == "__main__":
    host, port = os.getenv("HOST", "127.0.0.1"), int(os.getenv("PORT", "8000"))
    socketio.run(app, host=host, port=port, log_output=True)
