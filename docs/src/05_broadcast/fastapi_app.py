"""Chapter 05: everyone hears everyone. A broadcast waits for each reader in turn."""

import json
import os
from contextlib import suppress

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect


# [frames]
def system_notice(event: str, message: str, count: int) -> dict:
    return {"type": "system", "event": event, "message": message, "connected_count": count}


def chat(data: dict) -> dict:
    username = data.get("username", "Anonymous")
    return {"type": "message", "username": username, "message": data["message"]}


INVALID_FORMAT = {"type": "error", "code": "invalid_format", "message": "Invalid message format"}
# [/frames]


# [parse]
def parse(text: str) -> dict | None:
    """What a client sent: an object with a text in "message", or None if it is anything else."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError:
        return None
    if not isinstance(data, dict) or not isinstance(data.get("message"), str):
        return None
    return data
# [/parse]


class ConnectionManager:
    def __init__(self) -> None:
        self.active_connections: set[WebSocket] = set()

    # [connect]
    async def connect(self, websocket: WebSocket) -> None:
        await websocket.accept()
        self.active_connections.add(websocket)
        count = self.get_connection_count()
        await self.broadcast(
            system_notice("join", "Someone joined the chat room", count), exclude=websocket
        )

    async def disconnect(self, websocket: WebSocket) -> None:
        self.active_connections.discard(websocket)
        count = self.get_connection_count()
        await self.broadcast(system_notice("leave", "Someone left the chat room", count))
    # [/connect]

    # [broadcast]
    async def broadcast(self, frame: dict, exclude: WebSocket | None = None) -> None:
        text = json.dumps(frame)
        for connection in list(self.active_connections):  # a copy: the set changes meanwhile
            if connection is not exclude:
                with suppress(Exception):  # disconnected; its own handler removes it
                    await connection.send_text(text)
    # [/broadcast]

    def get_connection_count(self) -> int:
        return len(self.active_connections)


app = FastAPI()
manager = ConnectionManager()


# [endpoint]
@app.websocket("/ws/chat")
async def websocket_chat(websocket: WebSocket):
    try:
        await manager.connect(websocket)
        count = manager.get_connection_count()
        await websocket.send_json(system_notice("welcome", "Welcome to the chat room!", count))
        while True:
            data = parse(await websocket.receive_text())
            if data:
                await manager.broadcast(chat(data))
            else:
                await websocket.send_json(INVALID_FORMAT)
    except WebSocketDisconnect:
        pass
    finally:
        await manager.disconnect(websocket)
# [/endpoint]


@app.get("/ws/status")
async def websocket_status():
    return {"connected_count": manager.get_connection_count()}


if __name__ == "__main__":
    uvicorn.run(app, host=os.getenv("HOST", "127.0.0.1"), port=int(os.getenv("PORT", "8000")))
