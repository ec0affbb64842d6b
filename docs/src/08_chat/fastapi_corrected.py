"""Chapter 08 in FastAPI, corrected: what chapters 04 to 15 and the museum of faults teach.

python3 fastapi_corrected.py, then http://localhost:8000/chat
"""

import asyncio
import os
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from corrected import settings
from corrected.chat import Chat
from corrected.frames import clean_name, now
from corrected.members import GONE, Member
from fastapi import APIRouter, Depends, FastAPI, HTTPException, WebSocket, WebSocketException
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

STATIC = Path(__file__).resolve().parents[3] / "static"

chat = Chat()
echoes: set[WebSocket] = set()


# [origin]
def check_origin(websocket: WebSocket) -> None:
    """A page of another server opens nothing here: CORSMiddleware looks at HTTP alone."""
    origin, own = websocket.headers.get("origin"), websocket.headers.get("host")
    allowed = settings.ALLOWED_ORIGINS
    if origin and urlsplit(origin).netloc != own and not {origin, "*"} & set(allowed):
        raise WebSocketException(1008, "Origin not allowed")


sockets = APIRouter(tags=["WebSocket"], dependencies=[Depends(check_origin)])
# [/origin]


# [echo]
@sockets.websocket("/ws")
async def websocket_endpoint(websocket: WebSocket):
    await websocket.accept()
    echoes.add(websocket)
    try:
        while (message := await websocket.receive())["type"] == "websocket.receive":
            if message.get("text") is not None:
                await websocket.send_text(f"Echo: {message['text']}")
            else:
                await websocket.send_bytes(message["bytes"])
    except GONE:
        pass
    finally:
        echoes.discard(websocket)
# [/echo]


# [listen]
async def listen(member: Member) -> None:
    while (message := await member.websocket.receive())["type"] == "websocket.receive":
        if message.get("text") is None:
            return member.end(1003, "The chat is text")
        await chat.hear(member, message["text"])
# [/listen]


# [heartbeat]
async def heartbeat(member: Member) -> None:
    """Asks for a sign of life, and ends the connection when none has come for too long."""
    next_ping = time.monotonic() + settings.HEARTBEAT_INTERVAL
    while (idle := member.idle_time()) < settings.HEARTBEAT_TIMEOUT:
        if time.monotonic() >= next_ping:
            member.send({"type": "ping", "timestamp": now()})
            next_ping += settings.HEARTBEAT_INTERVAL
        until_ping = next_ping - time.monotonic()
        await asyncio.sleep(max(0, min(until_ping, settings.HEARTBEAT_TIMEOUT - idle)))
    member.end(1008, "Heartbeat timeout", at_once=True)
# [/heartbeat]


# [serve]
async def serve(websocket: WebSocket, username: str | None = None, beats: bool = False) -> None:
    await websocket.accept()
    name = clean_name(username) if username is not None else None
    if username is not None and not name:
        return await websocket.close(1008, "Invalid username")
    if settings.MAX_CONNECTIONS and len(chat.lobby.members) >= settings.MAX_CONNECTIONS:
        return await websocket.close(1008, "Server is full")
    member = Member(websocket, name)
    tasks = [member.writer, asyncio.create_task(listen(member))]
    if beats:
        tasks.append(asyncio.create_task(heartbeat(member)))
    try:
        chat.enter(member, beats, dict(websocket.query_params))
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        chat.leave(member)  # whatever happened, nobody is left behind
        for task in tasks:
            task.cancel()
    with suppress(*GONE):  # last, because it waits for the client's answer, which may not come
        await websocket.close(*(member.closing or (1011, "Internal error")))
    for task in ended:
        if not task.cancelled():
            task.result()  # a mistake of ours reaches the log
# [/serve]


@sockets.websocket("/ws/chat")
async def websocket_chat(websocket: WebSocket):
    await serve(websocket)


@sockets.websocket("/ws/chat/{username}")
async def websocket_chat_with_username(websocket: WebSocket, username: str):
    await serve(websocket, username)


@sockets.websocket("/ws/chat/{username}/heartbeat")
async def websocket_chat_with_heartbeat(websocket: WebSocket, username: str):
    await serve(websocket, username, beats=True)


# [lifespan]
@asynccontextmanager
async def lifespan(app: FastAPI):
    if settings.DATABASE:
        chat.open(settings.DATABASE)
    yield
    chat.close()


app = FastAPI(title="Chapter 08: WebSocket chat, corrected")
app.router.lifespan_context = lifespan  # from FastAPI 0.93 on: FastAPI(lifespan=lifespan)
# [/lifespan]
app.add_middleware(
    CORSMiddleware,
    allow_origins=settings.ALLOWED_ORIGINS,
    allow_methods=["*"],
    allow_headers=["*"],
)
app.mount("/static", StaticFiles(directory=STATIC), name="static")
app.include_router(sockets)


# [http]
@app.get("/ws/status", summary="Who is connected")
async def websocket_status():
    return chat.status()


@app.get("/ws", include_in_schema=False)
@app.get("/ws/chat", include_in_schema=False)
@app.get("/ws/chat/{username}", include_in_schema=False)
@app.get("/ws/chat/{username}/heartbeat", include_in_schema=False)
async def upgrade_required():
    raise HTTPException(426, "Upgrade Required", {"Upgrade": "websocket"})
# [/http]


@app.get("/")
async def read_root():
    return {
        "message": "08 - WebSocket and real-time communication",
        "docs": "/docs",
        "endpoints": {
            "echo": "/ws",
            "chat": "/ws/chat",
            "chat_with_username": "/ws/chat/{username}",
            "chat_with_heartbeat": "/ws/chat/{username}/heartbeat",
            "status": "/ws/status",
        },
        "frontend": "/chat",
        "topics": ["WebSocket", "ConnectionManager", "broadcast", "private messages", "heartbeat"],
    }


@app.head("/chat", include_in_schema=False)
@app.get("/chat")
async def chat_page():
    return FileResponse(STATIC / "chat.html")


@app.head("/health", include_in_schema=False)
@app.get("/health")
async def health_check():
    features = {"echo": True, "broadcast": True, "private_messages": True, "heartbeat": True}
    return {"status": "healthy", "websocket_support": True, "features": features}


# [server]
class Server(uvicorn.Server):
    """Says goodbye first: uvicorn 0.17 drops WebSocket connections when it stops."""

    async def shutdown(self, sockets=None) -> None:
        for listener in self.servers:
            listener.close()
        for member in list(chat.lobby.members):
            member.end(1001, "Server is shutting down")  # behind what waits for it
        for websocket in list(echoes):
            self.server_state.tasks.add(asyncio.create_task(say_goodbye(websocket)))
        end = time.monotonic() + settings.GOODBYE_TIMEOUT
        while self.server_state.tasks and time.monotonic() < end:
            await asyncio.sleep(0.02)
        self.force_exit = bool(self.server_state.tasks)  # who doesn't answer isn't waited for
        await super().shutdown(sockets)


async def say_goodbye(websocket: WebSocket) -> None:
    with suppress(*GONE):
        await websocket.close(1001, "Server is shutting down")


if __name__ == "__main__":
    host, port = os.getenv("HOST", "127.0.0.1"), int(os.getenv("PORT", "8000"))
    Server(uvicorn.Config(app, host=host, port=port, ws_max_size=settings.MAX_MESSAGE_BYTES)).run()
# [/server]
