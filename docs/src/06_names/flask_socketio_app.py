"""Chapter 06: names and private messages. A room for each user reaches all their windows."""

import os

from flask import Flask, request
from flask_socketio import ConnectionRefusedError, SocketIO, emit, join_room

app = Flask(__name__)
socketio = SocketIO(app, cors_allowed_origins="*", async_mode="eventlet")

# [table]
usernames: dict[str, str] = {}  # session id -> user name


def room_of(username: str) -> str:
    return f"user:{username}"  # session ids are rooms, too: a bare name might be one
# [/table]


# [frames]
def chat(username: str, data: dict) -> dict:
    return {"username": username, "message": data["message"]}


def private_message(sender: str, data: dict) -> dict:
    return {"from": sender, "message": data["message"]}


def confirmation(target: str) -> dict:
    return {"message": f"Private message sent to {target}", "target_user": target}


def error(code: str, message: str) -> dict:
    return {"code": code, "message": message}
# [/frames]


# [parse]
def is_message(data: object) -> bool:
    """Whether a client sent an object with a text in "message"."""
    return isinstance(data, dict) and isinstance(data.get("message"), str)
# [/parse]


# [target]
def target_of(data: dict) -> str | None:
    """Whom a message is for, or None if it is for everyone."""
    target = data.get("target_user")
    return target if isinstance(target, str) and target else None
# [/target]


# [users]
def connected_users() -> list[str]:
    return sorted(set(usernames.values()))
# [/users]


# [notice]
def system_notice(event: str, message: str, username: str) -> dict:
    return {
        "event": event,
        "message": message,
        "username": username,
        "connected_count": len(usernames),
        "connected_users": connected_users(),
    }
# [/notice]


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
    target = target_of(data)
    if not target:
        emit("message", chat(username, data), broadcast=True)
    elif target in usernames.values():
        # [send_to_user]
        emit("private", private_message(username, data), to=room_of(target))
        # [/send_to_user]
        emit("confirmation", confirmation(target))
    else:
        emit("error", error("user_offline", f"{target} is not online"))
# [/deliver]


# [endpoint]
@socketio.on("message")
def message(data: dict):
    if is_message(data):
        deliver(data, usernames[request.sid])
    else:
        emit("error", error("invalid_format", "Invalid message format"))
# [/endpoint]


@app.get("/ws/status")
def status():
    return {"connected_count": len(usernames), "connected_users": connected_users()}


if __name__ == "__main__":
    host, port = os.getenv("HOST", "127.0.0.1"), int(os.getenv("PORT", "8000"))
    socketio.run(app, host=host, port=port, log_output=True)
