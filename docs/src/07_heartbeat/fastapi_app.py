"""Chapter 07: a heartbeat. Three loops watch one connection, and the first to end ends the others."""

import asyncio
import json
import os
from contextlib import suppress

import uvicorn
from connection_manager import ConnectionManager
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

# [settings]
HEARTBEAT_INTERVAL = float(os.getenv("CHAT_HEARTBEAT_INTERVAL", "10"))  # seconds
HEARTBEAT_TIMEOUT = float(os.getenv("CHAT_HEARTBEAT_TIMEOUT", "30"))
# [/settings]


# [frames]
def chat(username: str, data: dict) -> dict:
    return {"type": "message", "username": username, "message": data["message"]}


PING = {"type": "ping"}
HEARTBEAT_ACK = {"type": "heartbeat_ack"}
INVALID_FORMAT = {"type": "error", "code": "invalid_format", "message": "Invalid message format"}
# [/frames]


# [parse]
def parse(text: str) -> dict | None:
    """What a client sent: an object, or None if it is anything else."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError:
        return None
    return data if isinstance(data, dict) else None


def is_of_type(data: dict, kind: str) -> bool:
    return data.get("type") == kind


def has_text(data: dict) -> bool:
    return isinstance(data.get("message"), str)
# [/parse]


app = FastAPI()
manager = ConnectionManager()


# [chat_loop]
async def chat_loop(websocket: WebSocket, username: str) -> None:
    with suppress(WebSocketDisconnect):
        while True:
            data = parse(await websocket.receive_text())
            manager.update_activity(websocket)
            if data and is_of_type(data, "heartbeat"):
                await websocket.send_json(HEARTBEAT_ACK)
            elif data and has_text(data):
                await manager.broadcast(chat(username, data))
            elif not data or not is_of_type(data, "pong"):
                await websocket.send_json(INVALID_FORMAT)
# [/chat_loop]


# [heartbeat_sender]
async def heartbeat_sender(websocket: WebSocket) -> None:
    with suppress(Exception):  # disconnected: chat_loop finds that out, too
        while True:
            await asyncio.sleep(HEARTBEAT_INTERVAL)
            await websocket.send_json(PING)
# [/heartbeat_sender]


# [check_heartbeat]
async def check_heartbeat(websocket: WebSocket) -> None:
    while manager.idle_time(websocket) < HEARTBEAT_TIMEOUT:
        await asyncio.sleep(HEARTBEAT_TIMEOUT - manager.idle_time(websocket))
# [/check_heartbeat]


# [endpoint]
@app.websocket("/ws/chat/{username}/heartbeat")
async def websocket_chat_with_heartbeat(websocket: WebSocket, username: str):
    tasks = []
    try:
        await manager.connect(websocket, username)
        message = f"Welcome to the chat room, {username}!"
        await websocket.send_json(manager.system_notice("welcome", message))
        tasks = [
            asyncio.create_task(chat_loop(websocket, username)),
            asyncio.create_task(heartbeat_sender(websocket)),
            asyncio.create_task(check_heartbeat(websocket)),
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


@app.get("/ws/status")
async def websocket_status():
    return {"connected_count": manager.get_connection_count()}


if __name__ == "__main__":
    uvicorn.run(app, host=os.getenv("HOST", "127.0.0.1"), port=int(os.getenv("PORT", "8000")))
