"""Chapter 08: who is connected, by name, and when each connection was last heard of: chapters 04 to 07."""

import json
import time
from contextlib import suppress

from fastapi import WebSocket


class ConnectionManager:
    # [table]
    def __init__(self) -> None:
        self.users: dict[str, dict[WebSocket, float]] = {}
    # [/table]

    # [connect]
    async def connect(self, websocket: WebSocket, username: str) -> None:
        await websocket.accept()
        self.update_activity(websocket, username)
        if len(self.users[username]) == 1:
            message = f"{username} joined the chat room"
            await self.broadcast(self.system_notice("join", message, username), exclude=websocket)

    async def disconnect(self, websocket: WebSocket, username: str) -> None:
        if self.users.get(username, {}).pop(websocket, None) is None:
            return  # connect() failed before it was in
        if not self.users[username]:
            del self.users[username]
            message = f"{username} left the chat room"
            await self.broadcast(self.system_notice("leave", message, username))
    # [/connect]

    async def send_to_user(self, frame: dict, username: str) -> bool:
        if username not in self.users:
            return False
        for connection in list(self.users[username]):
            with suppress(Exception):  # it is gone; its own handler removes it
                await connection.send_json(frame)
        return True

    async def broadcast(self, frame: dict, exclude: WebSocket | None = None) -> None:
        text = json.dumps(frame)
        for connections in list(self.users.values()):
            for connection in list(connections):
                if connection is not exclude:
                    with suppress(Exception):
                        await connection.send_text(text)

    def update_activity(self, websocket: WebSocket, username: str) -> None:
        self.users.setdefault(username, {})[websocket] = time.monotonic()

    def idle_time(self, websocket: WebSocket, username: str) -> float:
        return time.monotonic() - self.users[username][websocket]

    def get_connected_users(self) -> list[str]:
        return sorted(self.users)

    def system_notice(self, event: str, message: str, username: str) -> dict:
        return {
            "type": "system",
            "event": event,
            "message": message,
            "username": username,
            "connected_users": self.get_connected_users(),
        }
