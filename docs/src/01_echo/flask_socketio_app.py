"""Chapter 01: the first WebSocket. A text comes back with "Echo: " in front."""

# [include]
import os

from flask import Flask
from flask_socketio import SocketIO, emit
# [/include]

app = Flask(__name__)
socketio = SocketIO(app, cors_allowed_origins="*", async_mode="eventlet")


# [endpoint]
@socketio.on("connect", namespace="/echo")
def connect():
    print("client connected")


@socketio.on("message", namespace="/echo")
def message(data):
    emit("message", f"Echo: {data}")


@socketio.on("disconnect", namespace="/echo")
def disconnect():
    print("client disconnected")
# [/endpoint]


# [main]
if __name__ == "__main__":
    host, port = os.getenv("HOST", "127.0.0.1"), int(os.getenv("PORT", "8000"))
    socketio.run(app, host=host, port=port, log_output=True)
# [/main]
