"""Chapter 17 in Flask: Socket.IO has its own way without WebSockets; this is a stream of events by hand."""

import json
import os
import secrets
from collections import deque

from eventlet.queue import Empty, LightQueue
from flask import Flask, Response, abort, request
from flask_socketio import SocketIO

app = Flask(__name__)
# Its clients ask again and again where no WebSocket gets through: "polling" is built in.
socketio = SocketIO(app, cors_allowed_origins="*", async_mode="eventlet")
KEEP_ALIVE = float(os.getenv("CHAT_KEEP_ALIVE", "15"))  # seconds


# [members]
class Member:
    def __init__(self, username: str):
        self.username = username
        self.events = LightQueue()


members: dict[str, Member] = {}  # by the session that only its client knows
messages: deque[tuple[int, dict]] = deque(maxlen=100)  # each with its number
last = 0  # number
# [/members]


# [encode]
def encode(frame: dict, id: int) -> str:
    return f"id: {id}\ndata: {json.dumps(frame, ensure_ascii=False)}\n\n"
# [/encode]


def broadcast(username: str, text: str) -> None:
    global last
    last += 1
    frame = {"type": "message", "username": username, "message": text, "seq": last}
    messages.append((last, frame))
    for member in members.values():
        member.events.put(encode(frame, last))


# [stream]
def chat_events(username: str, last_id: int):
    session, member = secrets.token_hex(16), Member(username)
    members[session] = member
    try:
        missed = [message for message in messages if message[0] > last_id]
        welcome = {"type": "system", "event": "welcome", "session": session, "seq": last}
        yield encode(welcome, last_id)
        for id, frame in missed:
            yield encode(frame, id)
        while True:
            try:
                yield member.events.get(timeout=KEEP_ALIVE)
            except Empty:
                yield ": keep-alive\n\n"
    finally:
        del members[session]
# [/stream]


# [get]
@app.get("/events/chat/<username>")
def events_chat(username: str):
    last_id = int(request.headers.get("Last-Event-ID", last))
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(
        chat_events(username, last_id), mimetype="text/event-stream", headers=headers
    )
# [/get]


# [post]
@app.post("/messages")
def post_message():
    member = members.get(request.headers.get("Chat-Session", ""))
    if member is None:
        abort(404, "No such stream")
    try:
        text = json.loads(request.get_data())["message"]
    except (ValueError, KeyError, TypeError):
        abort(422, "A frame is a JSON object with a message")
    broadcast(member.username, text)
    return "", 202
# [/post]


@app.get("/ws/status")
def websocket_status():
    return {"connected_count": len(members)}


if __name__ == "__main__":
    host, port = os.getenv("HOST", "127.0.0.1"), int(os.getenv("PORT", "8000"))
    # Else eventlet gathers 4 KiB of an answer before it sends any of it.
    socketio.run(app, host=host, port=port, log_output=True, minimum_chunk_size=0)
