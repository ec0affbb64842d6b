"""Chapter 08 in Flask-SocketIO: the chat that you migrate from, in events, `emit` and rooms.

python3 flask_socketio_app.py [PORT]
"""

import sys
from datetime import datetime, timezone

from flask import Flask, request
from flask_socketio import SocketIO, emit, join_room, leave_room

ROOM = "chat"

app = Flask(__name__)
# eventlet speaks WebSocket itself; the threading mode would need simple-websocket for it.
socketio = SocketIO(app, cors_allowed_origins="*", async_mode="eventlet")
members: dict[str, str | None] = {}  # session id -> user name, in order of joining


def room_of(username: str) -> str:
    return f"user:{username}"  # ROOM and session ids are rooms, too: a bare name might be one


def now() -> str:
    return datetime.now(timezone.utc).isoformat()


def connected_users() -> list[str]:
    return list(dict.fromkeys(name for name in members.values() if name))


def system(event: str, message: str, **fields: object) -> dict:
    return {"event": event, "message": message, "connected_count": len(members)} | fields


# [connect]
@socketio.on("connect")
def connect(auth: dict | None = None):
    username = (auth or {}).get("username")
    newcomer = username is None or username not in members.values()
    members[request.sid] = username
    if username:
        join_room(room_of(username))
        users = {"username": username, "connected_users": connected_users()}
        emit("system", system("welcome", f"歡迎 {username} 加入聊天室！", **users))
        joined = system("join", f"{username} 加入了聊天室", username=username)
    else:
        emit("system", system("welcome", "歡迎加入聊天室！"))
        joined = system("join", "有新用戶加入聊天室")
    if newcomer:
        emit("system", joined, to=ROOM)
    join_room(ROOM)
# [/connect]


@socketio.on("disconnect")
def disconnect():
    username = members.pop(request.sid)
    leave_room(ROOM)
    if username is None:
        emit("system", system("leave", "有用戶離開聊天室"), to=ROOM)
    elif username not in members.values():
        emit("system", system("leave", f"{username} 離開了聊天室", username=username), to=ROOM)


# [message]
@socketio.on("message")
def message(data: dict):
    username = members[request.sid] or data.get("username", "Anonymous")
    timestamp = data.get("timestamp", now())
    target = data.get("target_user")
    if not target:
        chat = {"username": username, "message": data["message"], "timestamp": timestamp}
        emit("message", chat, to=ROOM)
    elif target in members.values():
        private = {"from": username, "message": data["message"], "timestamp": timestamp}
        emit("private", private, to=room_of(target))
        confirmation = {"message": f"私訊已發送給 {target}", "target_user": target}
        emit("confirmation", confirmation | {"timestamp": now()})
    else:
        emit("error", {"code": "user_offline", "message": f"{target} is not online"})
# [/message]


# [echo]
@socketio.on("message", namespace="/echo")
def echo(data: str):
    emit("message", f"Echo: {data}")
# [/echo]


@app.get("/ws/status")
def status():
    return {
        "connected_count": len(members),
        "connected_users": connected_users(),
        "status": "active",
    }


@app.get("/health")
def health():
    return {"status": "healthy", "websocket_support": True, "features": {"rooms": True}}


if __name__ == "__main__":
    socketio.run(app, port=int(sys.argv[1]) if len(sys.argv) > 1 else 5000, log_output=True)
