"""Chapter 09 in Flask-SocketIO: rooms are built in."""

import os

from flask import Flask, request
from flask_socketio import SocketIO, emit, join_room, leave_room, rooms

app = Flask(__name__)
socketio = SocketIO(app, cors_allowed_origins="*", async_mode="eventlet")

# [members]
usernames: dict[str, str] = {}  # session id -> user name


def key(room: str) -> str:
    """Each session id is a room, too: no user may join another's by naming it."""
    return f"room:{room}"


def members_of(room: str) -> list[str]:
    """The sessions in a room."""
    return [sid for sid, _ in socketio.server.manager.get_participants("/", key(room))]
# [/members]


def get_members(room: str) -> list[str]:
    return sorted({usernames[sid] for sid in members_of(room)})


def notice(event: str, room: str) -> dict:
    user = {"username": usernames[request.sid], "room": room, "member_count": len(members_of(room))}
    return {"event": event} | user


# [join]
@socketio.on("join")
def join(data: dict):
    room = data["room"]
    if not isinstance(room, str) or not room:
        raise ValueError("a room has a name")
    if key(room) not in rooms():
        join_room(key(room))
        emit("system", notice("join", room), to=key(room), include_self=False)
    emit("joined", {"room": room, "members": get_members(room)})
# [/join]


# [leave]
@socketio.on("leave")
def leave(data: dict):
    room = data["room"]
    if key(room) not in rooms():
        return emit("error", {"code": "not_in_room", "room": room})
    leave_room(key(room))
    emit("system", notice("leave", room), to=key(room))
    emit("left", {"room": room})
# [/leave]


# [message]
@socketio.on("message")
def message(data: dict):
    room = data["room"]
    if key(room) not in rooms():
        return emit("error", {"code": "not_in_room", "room": room})
    chat = {"username": usernames[request.sid], "message": data["message"], "room": room}
    emit("message", chat, to=key(room))
# [/message]


@socketio.on_error()
def on_error(exception):
    if not isinstance(exception, (ValueError, KeyError, TypeError)):
        raise exception
    emit("error", {"code": "invalid_format"})


# [connect]
@socketio.on("connect")
def connect(auth: dict | None = None):
    usernames[request.sid] = (auth or {}).get("username", "Anonymous")
    if room := request.args.get("room"):
        join({"room": room})


@socketio.on("disconnect")
def disconnect():
    for room in rooms():
        if room.startswith(key("")):
            leave({"room": room.removeprefix(key(""))})
    del usernames[request.sid]
# [/connect]


# [status]
@app.get("/ws/status")
def websocket_status():
    joined = {room for sid in usernames for room in rooms(sid, "/") if room.startswith(key(""))}
    names = sorted(room.removeprefix(key("")) for room in joined)
    counts = [{"room": room, "member_count": len(members_of(room))} for room in names]
    users = sorted(set(usernames.values()))
    return {"connected_count": len(usernames), "connected_users": users, "rooms": counts}
# [/status]


if __name__ == "__main__":
    host, port = os.getenv("HOST", "127.0.0.1"), int(os.getenv("PORT", "8000"))
    socketio.run(app, host=host, port=port, log_output=True)
