"""Chapter 17 in FastAPI: a chat without WebSockets, by a stream of events and POST."""

import asyncio
import json
import os
import secrets
from collections import deque

import uvicorn
from fastapi import FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import StreamingResponse

app = FastAPI()
KEEP_ALIVE = float(os.getenv("CHAT_KEEP_ALIVE", "15"))  # seconds


# [members]
class Member:
    def __init__(self, username: str):
        self.username = username
        self.events: asyncio.Queue[str] = asyncio.Queue()


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
        member.events.put_nowait(encode(frame, last))


# [stream]
async def chat_events(username: str, last_id: int):
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
                yield await asyncio.wait_for(member.events.get(), KEEP_ALIVE)
            except asyncio.TimeoutError:
                yield ": keep-alive\n\n"
    finally:
        del members[session]
# [/stream]


# [get]
@app.get("/events/chat/{username}")
async def events_chat(username: str, last_event_id: int | None = Header(None)):
    last_id = last if last_event_id is None else last_event_id
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(
        chat_events(username, last_id), media_type="text/event-stream", headers=headers
    )
# [/get]


# [post]
@app.post("/messages")
async def post_message(request: Request, chat_session: str = Header("")):
    member = members.get(chat_session)
    if member is None:
        raise HTTPException(404, "No such stream")
    try:
        text = (await request.json())["message"]
    except (ValueError, KeyError, TypeError):
        raise HTTPException(422, "A frame is a JSON object with a message") from None
    broadcast(member.username, text)
    return Response(status_code=202)
# [/post]


@app.get("/ws/status")
async def websocket_status():
    return {"connected_count": len(members)}


if __name__ == "__main__":
    uvicorn.run(app, host=os.getenv("HOST", "127.0.0.1"), port=int(os.getenv("PORT", "8000")))
