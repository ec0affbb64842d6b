"""Chapter 08 in FastAPI: the chat as the tutorial teaches it, with the faults that C++ mends.

python3 fastapi_app.py, then http://localhost:8000/chat
"""

import asyncio
import json
import os
from datetime import datetime, timezone
from pathlib import Path

from fastapi import APIRouter, FastAPI, WebSocket, WebSocketDisconnect
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

STATIC = Path(__file__).resolve().parents[3] / "static"
HEARTBEAT_INTERVAL = float(os.getenv("CHAT_HEARTBEAT_INTERVAL", "10"))  # seconds
HEARTBEAT_TIMEOUT = float(os.getenv("CHAT_HEARTBEAT_TIMEOUT", "30"))


class ConnectionManager:
    """Who is connected, under which name, and when each was last heard of."""

    # [manager]
    def __init__(self, heartbeat_timeout: float) -> None:
        self.active_connections: set[WebSocket] = set()
        self.user_connections: dict[str, WebSocket] = {}
        self.last_activity: dict[WebSocket, datetime] = {}
        self.heartbeat_timeout = heartbeat_timeout
    # [/manager]

    # [connect]
    async def connect(self, websocket: WebSocket, username: str | None = None) -> None:
        await websocket.accept()
        self.active_connections.add(websocket)
        if username:
            self.user_connections[username] = websocket
        self.update_activity(websocket)

    # [disconnect]
    def disconnect(self, websocket: WebSocket, username: str | None = None) -> None:
        self.active_connections.discard(websocket)
        self.last_activity.pop(websocket, None)
        if username:
            self.user_connections.pop(username, None)
    # [/disconnect]
    # [/connect]

    # [send_to_user]
    async def send_to_user(self, message: dict, username: str) -> bool:
        websocket = self.user_connections.get(username)
        if websocket is None:
            return False
        await websocket.send_json(message)
        return True
    # [/send_to_user]

    # [broadcast]
    async def broadcast(self, message: dict, exclude: WebSocket | None = None) -> None:
        failed = []
        for connection in self.active_connections:
            if connection is not exclude:
                try:
                    await connection.send_json(message)
                except Exception:
                    failed.append(connection)
        for connection in failed:
            self.disconnect(connection, self.get_username(connection))
    # [/broadcast]

    def update_activity(self, websocket: WebSocket) -> None:
        self.last_activity[websocket] = datetime.now()

    def idle_seconds(self, websocket: WebSocket) -> float:
        return (datetime.now() - self.last_activity[websocket]).total_seconds()

    # [check_heartbeat]
    def check_heartbeat(self) -> None:
        for connection in list(self.last_activity):
            if self.idle_seconds(connection) > self.heartbeat_timeout:
                self.disconnect(connection, self.get_username(connection))
    # [/check_heartbeat]

    def get_username(self, websocket: WebSocket) -> str | None:
        return next((name for name, ws in self.user_connections.items() if ws is websocket), None)

    def get_connection_count(self) -> int:
        return len(self.active_connections)

    def get_connected_users(self) -> list[str]:
        return list(self.user_connections)


router = APIRouter()
manager = ConnectionManager(HEARTBEAT_TIMEOUT)
INVALID_FORMAT = {"type": "error", "code": "invalid_format", "message": "Invalid message format"}


def now() -> str:
    return datetime.now(timezone.utc).isoformat()


def system(event: str, message: str, **fields: object) -> dict:
    count = manager.get_connection_count()
    return {"type": "system", "event": event, "message": message, "connected_count": count} | fields


# [frame]
def chat(data: dict, username: str) -> dict:
    return {
        "type": data.get("type", "message"),
        "username": username,
        "message": data.get("message", ""),
        "timestamp": data.get("timestamp", now()),
    }
# [/frame]


def private(data: dict, username: str) -> dict:
    message, timestamp = data.get("message", ""), data.get("timestamp", now())
    return {"type": "private", "from": username, "message": message, "timestamp": timestamp}


def confirmation(target: str) -> dict:
    message = f"私訊已發送給 {target}"
    return {"type": "confirmation", "message": message, "target_user": target, "timestamp": now()}


# [echo]
@router.websocket("/ws")
async def websocket_endpoint(websocket: WebSocket):
    await manager.connect(websocket)
    try:
        while True:
            data = await websocket.receive_text()
            await websocket.send_text(f"Echo: {data}")
    except WebSocketDisconnect:
        manager.disconnect(websocket)
# [/echo]


# [chat]
@router.websocket("/ws/chat")
async def websocket_chat(websocket: WebSocket):
    await manager.connect(websocket)
    await websocket.send_json(system("welcome", "歡迎加入聊天室！"))
    await manager.broadcast(system("join", "有新用戶加入聊天室"), exclude=websocket)
    try:
        while True:
            # [receive]
            text = await websocket.receive_text()
            manager.update_activity(websocket)
            try:
                data = json.loads(text)
            except json.JSONDecodeError:
                await websocket.send_json(INVALID_FORMAT)
                continue
            # [/receive]
            # [speaker]
            await manager.broadcast(chat(data, data.get("username", "Anonymous")))
            # [/speaker]
    # [leave]
    except WebSocketDisconnect:
        manager.disconnect(websocket)
        await manager.broadcast(system("leave", "有用戶離開聊天室"))
    # [/leave]
# [/chat]


# [named]
@router.websocket("/ws/chat/{username}")
async def websocket_chat_with_username(websocket: WebSocket, username: str):
    await manager.connect(websocket, username)
    users = manager.get_connected_users()
    welcome = f"歡迎 {username} 加入聊天室！"
    await websocket.send_json(system("welcome", welcome, username=username, connected_users=users))
    await manager.broadcast(
        system("join", f"{username} 加入了聊天室", username=username), exclude=websocket
    )
    try:
        while True:
            text = await websocket.receive_text()
            manager.update_activity(websocket)
            try:
                data = json.loads(text)
            except json.JSONDecodeError:
                await websocket.send_json(INVALID_FORMAT)
                continue
            # [fall_through]
            target = data.get("target_user")
            if target and await manager.send_to_user(private(data, username), target):
                await websocket.send_json(confirmation(target))
            else:
                await manager.broadcast(chat(data, username))
            # [/fall_through]
    except WebSocketDisconnect:
        manager.disconnect(websocket, username)
        await manager.broadcast(system("leave", f"{username} 離開了聊天室", username=username))
# [/named]


# [heartbeat_sender]
async def heartbeat_sender(websocket: WebSocket) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_INTERVAL)
        await websocket.send_json({"type": "ping", "timestamp": now()})
        manager.check_heartbeat()
# [/heartbeat_sender]


# [heartbeat]
@router.websocket("/ws/chat/{username}/heartbeat")
async def websocket_chat_with_heartbeat(websocket: WebSocket, username: str):
    await manager.connect(websocket, username)
    welcome = f"歡迎 {username} 加入聊天室（已啟用心跳檢測）！"
    await websocket.send_json(
        system("welcome", welcome, username=username, heartbeat_interval=HEARTBEAT_INTERVAL)
    )
    await manager.broadcast(
        system("join", f"{username} 加入了聊天室", username=username), exclude=websocket
    )
    heartbeat_task = asyncio.create_task(heartbeat_sender(websocket))
    try:
        while True:
            try:
                text = await asyncio.wait_for(websocket.receive_text(), HEARTBEAT_TIMEOUT)
            except asyncio.TimeoutError:
                manager.check_heartbeat()
                continue
            manager.update_activity(websocket)
            try:
                data = json.loads(text)
            except json.JSONDecodeError:
                await websocket.send_json(INVALID_FORMAT)
                continue
            if data.get("type") == "pong":
                continue
            if data.get("type") == "heartbeat":
                await websocket.send_json({"type": "heartbeat_ack", "timestamp": now()})
                continue
            # [fall_through_again]
            target = data.get("target_user")
            if not (target and await manager.send_to_user(private(data, username), target)):
                await manager.broadcast(chat(data, username))
            # [/fall_through_again]
    except WebSocketDisconnect:
        manager.disconnect(websocket, username)
        await manager.broadcast(system("leave", f"{username} 離開了聊天室", username=username))
    finally:
        heartbeat_task.cancel()
# [/heartbeat]


@router.get("/ws/status", summary="Who is connected")
async def websocket_status():
    return {
        "connected_count": manager.get_connection_count(),
        "connected_users": manager.get_connected_users(),
        "heartbeat_timeout": manager.heartbeat_timeout,
        "connections": [
            {
                "username": manager.get_username(connection) or "Unknown",
                "last_activity": last_activity.isoformat(),
                "idle_seconds": manager.idle_seconds(connection),
            }
            for connection, last_activity in manager.last_activity.items()
        ],
        "status": "active",
    }


app = FastAPI(title="Chapter 08: WebSocket chat")

# [sections]
# 1. Middleware
app.add_middleware(
    CORSMiddleware,
    allow_origins=["*"],
    allow_credentials=True,
    allow_methods=["*"],
    allow_headers=["*"],
)

# 2. Static files
app.mount("/static", StaticFiles(directory=STATIC), name="static")

# 3. Routes
app.include_router(router, tags=["WebSocket"])


# 4. The root path
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


# 5. The chat page
@app.get("/chat")
async def chat_page():
    return FileResponse(STATIC / "chat.html")


# 6. The health check
@app.get("/health")
async def health_check():
    features = {"echo": True, "broadcast": True, "private_messages": True, "heartbeat": True}
    return {"status": "healthy", "websocket_support": True, "features": features}
# [/sections]


if __name__ == "__main__":
    import uvicorn

    uvicorn.run("fastapi_app:app", host="0.0.0.0", port=8000, reload=True)
