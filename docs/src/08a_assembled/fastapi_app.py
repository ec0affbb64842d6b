"""Chapter 08: what chapters 04 to 07 built, in one program, with the page."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path

import uvicorn
from connection_manager import ConnectionManager
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from frames import HEARTBEAT_ACK, PING, chat, confirmation, error, parse, private_message, text_of

STATIC = Path(__file__).resolve().parents[3] / "static"
HEARTBEAT_INTERVAL = float(os.getenv("CHAT_HEARTBEAT_INTERVAL", "10"))  # seconds
HEARTBEAT_TIMEOUT = float(os.getenv("CHAT_HEARTBEAT_TIMEOUT", "30"))

app = FastAPI()
manager = ConnectionManager()


# [deliver]
async def deliver(data: dict, username: str) -> dict | None:
    """Hands a message on, and returns what its sender is told."""
    target = text_of(data, "target_user")
    if not target:
        await manager.broadcast(chat(username, data))
        return None
    if await manager.send_to_user(private_message(username, data), target):
        return confirmation(target)
    return error("user_offline", f"{target} is not online")


async def answer(text: str, username: str) -> dict | None:
    """Does what a frame asks for, and returns the reply, if there is one."""
    data = parse(text) or {}
    kind = text_of(data, "type")
    if kind == "heartbeat":
        return HEARTBEAT_ACK
    if kind == "pong":
        return None
    if text_of(data, "message") is None:
        return error("invalid_format", "Invalid message format")
    return await deliver(data, username)
# [/deliver]


# [loops]
async def chat_loop(websocket: WebSocket, username: str) -> None:
    with suppress(WebSocketDisconnect):
        while True:
            text = await websocket.receive_text()
            manager.update_activity(websocket, username)
            reply = await answer(text, username)
            if reply:
                await websocket.send_json(reply)


async def heartbeat_sender(websocket: WebSocket) -> None:
    with suppress(Exception):  # it is gone: chat_loop finds that out, too
        while True:
            await asyncio.sleep(HEARTBEAT_INTERVAL)
            await websocket.send_json(PING)


async def check_heartbeat(websocket: WebSocket, username: str) -> None:
    while manager.idle_time(websocket, username) < HEARTBEAT_TIMEOUT:
        await asyncio.sleep(HEARTBEAT_TIMEOUT - manager.idle_time(websocket, username))
# [/loops]


# [endpoint]
@app.websocket("/ws/chat/{username}/heartbeat")
async def websocket_chat_with_heartbeat(websocket: WebSocket, username: str):
    tasks = []
    try:
        await manager.connect(websocket, username)
        message = f"Welcome to the chat room, {username}!"
        await websocket.send_json(manager.system_notice("welcome", message, username))
        tasks = [
            asyncio.create_task(chat_loop(websocket, username)),
            asyncio.create_task(heartbeat_sender(websocket)),
            asyncio.create_task(check_heartbeat(websocket, username)),
        ]
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()  # raises what the loop raised, if it did
    finally:
        for task in tasks:
            task.cancel()
        await manager.disconnect(websocket, username)
    if tasks[2] in ended:  # only now: it waits for the client's answer, and that may not come
        await websocket.close(1008, "Heartbeat timeout")
# [/endpoint]


# [program]
@app.get("/ws/status")
async def websocket_status():
    users = manager.get_connected_users()
    return {"connected_count": len(users), "connected_users": users}


@app.get("/chat")
async def chat_page():
    return FileResponse(STATIC / "chat.html")


app.mount("/static", StaticFiles(directory=STATIC))

if __name__ == "__main__":
    uvicorn.run(app, host=os.getenv("HOST", "127.0.0.1"), port=int(os.getenv("PORT", "8000")))
# [/program]
