"""Chapter 15 in Flask-SocketIO: an acknowledgement is what a handler returns; the rest is by hand."""

import os
import sqlite3

from eventlet import tpool
from eventlet.semaphore import Semaphore
from flask import Flask, request
from flask_socketio import SocketIO, emit, join_room
from message_log import MessageLog

app = Flask(__name__)
socketio = SocketIO(app, cors_allowed_origins="*", async_mode="eventlet")
usernames: dict[str, str] = {}  # session id -> user name
LOBBY = "lobby"
# [log]
log = MessageLog(os.getenv("CHAT_DATABASE", ":memory:"))
in_order = Semaphore()  # while a thread of tpool stores a message, others have their turn
# [/log]


# [speak]
@socketio.on("message")
def message(data: dict):
    id, text = data["id"], data["message"]
    if not (isinstance(id, str) and 1 <= len(id) <= 64 and isinstance(text, str)):
        raise ValueError("a message has an id and a text")
    try:
        with in_order:
            stored, is_new = tpool.execute(log.append, usernames[request.sid], id, text)
            if is_new:
                emit("message", stored, to=LOBBY)
    except sqlite3.OperationalError:  # the disk is full, for example
        return emit("error", {"code": "unavailable", "id": id, "retry": True})
    ack = {"id": id, "seq": stored["seq"], "epoch": log.epoch, "timestamp": stored["timestamp"]}
    return ack if is_new else ack | {"duplicate": True}
# [/speak]


# [come_back]
@socketio.on("connect")
def connect(auth: dict | None = None):
    usernames[request.sid] = (auth or {}).get("username", "Anonymous")
    with in_order:  # nobody speaks between what was missed and what is new
        last = tpool.execute(log.last)
        emit("system", {"event": "welcome", "epoch": log.epoch, "seq": last})
        if since := request.args.get("since"):
            send_history(since)
        join_room(LOBBY)
# [/come_back]


def send_history(since: str) -> None:
    frame = tpool.execute(log.history, since)
    emit(frame.pop("type"), frame)


@socketio.on("history")
def history(data: dict):
    with in_order:
        send_history(data["since"])


@socketio.on("disconnect")
def disconnect():
    del usernames[request.sid]


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
