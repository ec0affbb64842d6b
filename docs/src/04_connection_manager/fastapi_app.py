"""Chapter 04: who is connected. `finally` keeps the count true, however a handler ends."""

import json
import os

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect


# [manager]
class ConnectionManager:
    def __init__(self) -> None:
        self.active_connections: set[WebSocket] = set()

    # [connect]
    async def connect(self, websocket: WebSocket) -> None:
        await websocket.accept()
        self.active_connections.add(websocket)

    def disconnect(self, websocket: WebSocket) -> None:
        self.active_connections.discard(websocket)
    # [/connect]

    def get_connection_count(self) -> int:
        return len(self.active_connections)
# [/manager]


# [main]
app = FastAPI()
manager = ConnectionManager()
# [/main]


# [frames]
def system_notice(event: str, message: str, count: int) -> dict:
    return {"type": "system", "event": event, "message": message, "connected_count": count}


def chat(data: dict, count: int) -> dict:
    return {"type": "message", "message": data["message"], "connected_count": count}


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


# [endpoint]
@app.websocket("/ws/chat")
async def websocket_chat(websocket: WebSocket):
    await manager.connect(websocket)
    try:
        count = manager.get_connection_count()
        await websocket.send_json(system_notice("welcome", "Welcome to the chat room!", count))
        while True:
            data = parse(await websocket.receive_text())
            if data:
                reply = chat(data, manager.get_connection_count())
            else:
                reply = INVALID_FORMAT
            await websocket.send_json(reply)
    except WebSocketDisconnect:
        pass
    finally:
        manager.disconnect(websocket)
# [/endpoint]


# [status]
@app.get("/ws/status")
async def websocket_status():
    return {"connected_count": manager.get_connection_count()}
# [/status]


if __name__ == "__main__":
    uvicorn.run(app, host=os.getenv("HOST", "127.0.0.1"), port=int(os.getenv("PORT", "8000")))
