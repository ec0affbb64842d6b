"""Chapter 07: a heartbeat. Three loops watch one connection, and the first to end ends the others."""

import asyncio
import json
import os
import time
from contextlib import suppress

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

# [settings]
HEARTBEAT_INTERVAL = float(os.getenv("CHAT_HEARTBEAT_INTERVAL", "10"))  # seconds
HEARTBEAT_TIMEOUT = float(os.getenv("CHAT_HEARTBEAT_TIMEOUT", "30"))
# [/settings]


# [frames]
def system_notice(event: str, message: str, count: int) -> dict:
    return {"type": "system", "event": event, "message": message, "connected_count": count}


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


class ConnectionManager:
    def __init__(self) -> None:
        self.last_activity: dict[WebSocket, float] = {}

    async def connect(self, websocket: WebSocket, username: str) -> None:
        await websocket.accept()
        self.update_activity(websocket)
        message = f"{username} joined the chat room"
        joined = system_notice("join", message, self.get_connection_count())
        await self.broadcast(joined, exclude=websocket)

    async def disconnect(self, websocket: WebSocket, username: str) -> None:
        del self.last_activity[websocket]
        message = f"{username} left the chat room"
        await self.broadcast(system_notice("leave", message, self.get_connection_count()))

    async def broadcast(self, frame: dict, exclude: WebSocket | None = None) -> None:
        text = json.dumps(frame)
        for connection in list(self.last_activity):
            if connection is not exclude:
                with suppress(Exception):  # it has gone; its own handler takes it out
                    await connection.send_text(text)

    # [activity]
    def update_activity(self, websocket: WebSocket) -> None:
        self.last_activity[websocket] = time.monotonic()

    def idle_time(self, websocket: WebSocket) -> float:
        return time.monotonic() - self.last_activity[websocket]
    # [/activity]

    def get_connection_count(self) -> int:
        return len(self.last_activity)


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
    with suppress(Exception):  # it has gone: chat_loop finds that out, too
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
    await manager.connect(websocket, username)
    tasks = []
    try:
        message = f"Welcome to the chat room, {username}!"
        welcome = system_notice("welcome", message, manager.get_connection_count())
        await websocket.send_json(welcome)
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
