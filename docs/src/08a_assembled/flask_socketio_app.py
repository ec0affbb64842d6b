"""Chapter 08: what chapters 04 to 07 built, in one program. The page doesn't speak Socket.IO."""

import os

from flask import Flask, request
from flask_socketio import ConnectionRefusedError, SocketIO, emit, join_room

HEARTBEAT_INTERVAL = float(os.getenv("CHAT_HEARTBEAT_INTERVAL", "10"))  # seconds
HEARTBEAT_TIMEOUT = float(os.getenv("CHAT_HEARTBEAT_TIMEOUT", "30"))

app = Flask(__name__)
# [loops]
socketio = SocketIO(
    app,
    cors_allowed_origins="*",
    async_mode="eventlet",
    ping_interval=HEARTBEAT_INTERVAL,
    ping_timeout=HEARTBEAT_TIMEOUT - HEARTBEAT_INTERVAL,  # counted from the ping
)
# [/loops]
# [table]
usernames: dict[str, str] = {}  # session id -> user name


def room_of(username: str) -> str:
    return f"user:{username}"  # session ids are rooms, too: a bare name might be one
# [/table]


def system_notice(event: str, message: str, username: str) -> dict:
    users = sorted(set(usernames.values()))
    return {"event": event, "message": message, "username": username, "connected_users": users}


def error(code: str, message: str) -> dict:
    return {"code": code, "message": message}


# [connect]
@socketio.on("connect")
def connect(auth: dict | None = None):
    username = (auth or {}).get("username")
    if not username:
        raise ConnectionRefusedError("A name is required")
    newcomer = username not in usernames.values()
    usernames[request.sid] = username
    join_room(room_of(username))
    if newcomer:
        joined = system_notice("join", f"{username} joined the chat room", username)
        emit("system", joined, broadcast=True, include_self=False)
    emit("system", system_notice("welcome", f"Welcome to the chat room, {username}!", username))


@socketio.on("disconnect")
def disconnect():
    username = usernames.pop(request.sid)
    if username not in usernames.values():
        left = system_notice("leave", f"{username} left the chat room", username)
        emit("system", left, broadcast=True, include_self=False)
# [/connect]


# [deliver]
def deliver(data: dict, username: str) -> None:
    target = data.get("target_user")
    if not isinstance(target, str) or not target:
        emit("message", {"username": username, "message": data["message"]}, broadcast=True)
    elif target in usernames.values():
        emit("private", {"from": username, "message": data["message"]}, to=room_of(target))
        message = f"Private message sent to {target}"
        emit("confirmation", {"message": message, "target_user": target})
    else:
        emit("error", error("user_offline", f"{target} is not online"))


@socketio.on("heartbeat")
def heartbeat(data: dict | None = None):
    emit("heartbeat_ack", {})


@socketio.on("message")
def message(data: object):
    if isinstance(data, dict) and isinstance(data.get("message"), str):
        deliver(data, usernames[request.sid])
    else:
        emit("error", error("invalid_format", "Invalid message format"))
# [/deliver]


# [program]
@app.get("/ws/status")
def status():
    users = sorted(set(usernames.values()))
    return {"connected_count": len(users), "connected_users": users}


if __name__ == "__main__":
    host, port = os.getenv("HOST", "127.0.0.1"), int(os.getenv("PORT", "8000"))
    socketio.run(app, host=host, port=port, log_output=True)
# [/program]
