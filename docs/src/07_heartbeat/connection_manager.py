"""Chapter 07: who is connected, and when each was last heard of."""

import json
import time
from contextlib import suppress

from fastapi import WebSocket


class ConnectionManager:
    def __init__(self) -> None:
        self.last_activity: dict[WebSocket, float] = {}

    async def connect(self, websocket: WebSocket, username: str) -> None:
        await websocket.accept()
        self.update_activity(websocket)
        message = f"{username} joined the chat room"
        await self.broadcast(self.system_notice("join", message), exclude=websocket)

    async def disconnect(self, websocket: WebSocket, username: str) -> None:
        if self.last_activity.pop(websocket, None) is None:
            return  # connect() failed before it was in
        message = f"{username} left the chat room"
        await self.broadcast(self.system_notice("leave", message))

    async def broadcast(self, frame: dict, exclude: WebSocket | None = None) -> None:
        text = json.dumps(frame)
        for connection in list(self.last_activity):
            if connection is not exclude:
                with suppress(Exception):  # disconnected; its own handler removes it
                    await connection.send_text(text)

    # [activity]
    def update_activity(self, websocket: WebSocket) -> None:
        self.last_activity[websocket] = time.monotonic()

    def idle_time(self, websocket: WebSocket) -> float:
        return time.monotonic() - self.last_activity[websocket]
    # [/activity]

    def get_connection_count(self) -> int:
        return len(self.last_activity)

    def system_notice(self, event: str, message: str) -> dict:
        return {
            "type": "system",
            "event": event,
            "message": message,
            "connected_count": self.get_connection_count(),
        }
