"""Chapter 06: who is connected, by name, and how a frame reaches them."""

import json
from contextlib import suppress

from fastapi import WebSocket


class ConnectionManager:
    # [table]
    def __init__(self) -> None:
        self.user_connections: dict[str, list[WebSocket]] = {}
    # [/table]

    # [connect]
    async def connect(self, websocket: WebSocket, username: str) -> None:
        await websocket.accept()
        connections = self.user_connections.setdefault(username, [])
        connections.append(websocket)
        if len(connections) == 1:
            message = f"{username} joined the chat room"
            await self.broadcast(self.system_notice("join", message, username), exclude=websocket)

    async def disconnect(self, websocket: WebSocket, username: str) -> None:
        connections = self.user_connections.get(username, [])
        if websocket not in connections:
            return  # connect() failed before it was in
        connections.remove(websocket)
        if not connections:
            del self.user_connections[username]
            message = f"{username} left the chat room"
            await self.broadcast(self.system_notice("leave", message, username))
    # [/connect]

    # [send_to_user]
    async def send_to_user(self, frame: dict, username: str) -> bool:
        if username not in self.user_connections:
            return False
        for connection in list(self.user_connections[username]):
            with suppress(Exception):  # disconnected; its own handler removes it
                await connection.send_json(frame)
        return True
    # [/send_to_user]

    # [broadcast]
    async def broadcast(self, frame: dict, exclude: WebSocket | None = None) -> None:
        text = json.dumps(frame)
        for connections in list(self.user_connections.values()):
            for connection in list(connections):
                if connection is not exclude:
                    with suppress(Exception):
                        await connection.send_text(text)
    # [/broadcast]

    # [users]
    def get_connected_users(self) -> list[str]:
        return sorted(self.user_connections)

    def get_connection_count(self) -> int:
        return sum(len(connections) for connections in self.user_connections.values())
    # [/users]

    # [notice]
    def system_notice(self, event: str, message: str, username: str) -> dict:
        return {
            "type": "system",
            "event": event,
            "message": message,
            "username": username,
            "connected_count": self.get_connection_count(),
            "connected_users": self.get_connected_users(),
        }
    # [/notice]
