"""Chapter 02: two greenlets for one connection. One counts down, the other listens for "stop"."""

import os

from flask import Flask, request
from flask_socketio import SocketIO, disconnect, emit

app = Flask(__name__)
socketio = SocketIO(app, cors_allowed_origins="*", async_mode="eventlet")
counting = set()  # session ids


# [countdown]
def countdown(sid):
    for n in range(5, 0, -1):
        if sid not in counting:
            return
        socketio.emit("message", str(n), to=sid)
        socketio.sleep(1)
    if sid in counting:
        socketio.emit("message", "Liftoff!", to=sid)
        socketio.server.disconnect(sid)
# [/countdown]


# [listen]
@socketio.on("message")
def listen(data):
    if data == "stop":
        counting.discard(request.sid)
        emit("message", "Stopped")
        disconnect()
# [/listen]


# [endpoint]
@socketio.on("connect")
def connect():
    counting.add(request.sid)
    socketio.start_background_task(countdown, request.sid)


@socketio.on("disconnect")
def on_disconnect():
    counting.discard(request.sid)
    print("client disconnected")
# [/endpoint]


if __name__ == "__main__":
    host, port = os.getenv("HOST", "127.0.0.1"), int(os.getenv("PORT", "8000"))
    socketio.run(app, host=host, port=port, log_output=True)
