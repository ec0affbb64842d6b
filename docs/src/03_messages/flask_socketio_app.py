"""Chapter 03: receiving and sending. /echo answers text and bytes, the other events carry JSON."""

import os

from flask import Flask
from flask_socketio import SocketIO, emit

app = Flask(__name__)
socketio = SocketIO(app, cors_allowed_origins="*", async_mode="eventlet")


# [echo]
@socketio.on("message", namespace="/echo")
def echo(data):
    if isinstance(data, str):
        emit("message", f"Echo: {data}")
    else:
        emit("message", data)
# [/echo]


# [error]
def error(code, message):
    emit("error", {"code": code, "message": message})
# [/error]


# [answer]
@socketio.on("message")
def message(data):
    if not isinstance(data["message"], str):
        raise TypeError("a message is a text")
    emit("message", {"message": data["message"]})


@socketio.on("sum")
def add(data):
    emit("sum", {"sum": sum(data["numbers"])})
# [/answer]


# [parse]
@socketio.on_error()
def on_error(exception):
    if isinstance(exception, (ValueError, KeyError, TypeError)):
        error("invalid_format", "Invalid message format")
    else:
        raise exception
# [/parse]


if __name__ == "__main__":
    host, port = os.getenv("HOST", "127.0.0.1"), int(os.getenv("PORT", "8000"))
    socketio.run(app, host=host, port=port, log_output=True)
