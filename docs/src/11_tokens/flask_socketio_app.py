"""Chapter 11 in Flask-SocketIO: a token says who the user is, and the origin says which page asks."""

import os
import time

from flask import Flask, request
from flask_socketio import ConnectionRefusedError, SocketIO, emit
from identity import Claims, verify

app = Flask(__name__)
# [origin]
ALLOWED_ORIGINS = ["http://localhost:8000", "http://127.0.0.1:8000"]
socketio = SocketIO(app, cors_allowed_origins=ALLOWED_ORIGINS, async_mode="eventlet")
# [/origin]
sessions: dict[str, Claims] = {}  # session id -> who it is


# [find]
def find_token(auth: dict) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token
    return auth.get("token") or request.args.get("token", "")
# [/find]


# [answer]
@socketio.on("message")
def message(data: dict):
    if not isinstance(data, dict) or "message" not in data:
        return emit("error", {"code": "invalid_format"})
    username = sessions[request.sid].username
    emit("message", {"username": username, "message": data["message"]}, broadcast=True)


@socketio.on("refresh")
def refresh(data: dict):
    claims = sessions[request.sid]
    renewed = verify(data["token"])
    if renewed is None or renewed.username != claims.username:
        return emit("error", {"code": "invalid_token"})
    claims.expires = renewed.expires
    emit("refreshed", {"expires_in": int(claims.expires - time.time())})
# [/answer]


# [endpoint]
@socketio.on("connect")
def connect(auth: dict | None = None):
    auth = auth or {}
    claims = verify(find_token(auth))
    if claims is None or claims.username != auth.get("username"):
        raise ConnectionRefusedError("Unauthorized")
    sessions[request.sid] = claims
    socketio.start_background_task(watch, request.sid, claims)


# [live]
def watch(sid: str, claims: Claims):
    while sid in sessions and claims.expires > time.time():
        socketio.sleep(claims.expires - time.time())
    if sid in sessions:
        socketio.emit("error", {"code": "token_expired"}, to=sid)
        socketio.server.disconnect(sid)
# [/live]


@socketio.on("disconnect")
def disconnect():
    sessions.pop(request.sid)
# [/endpoint]


@app.get("/ws/status")
def websocket_status():
    users = sorted({claims.username for claims in sessions.values()})
    return {"connected_count": len(sessions), "connected_users": users}


if __name__ == "__main__":
    host, port = os.getenv("HOST", "127.0.0.1"), int(os.getenv("PORT", "8000"))
    socketio.run(app, host=host, port=port, log_output=True)
