"""Chapter 09: who is connected, and who is in which room."""

from fastapi import WebSocket


class ConnectionManager:
    # [members]
    def __init__(self) -> None:
        self.usernames: dict[WebSocket, str] = {}
        self.rooms: dict[str, set[WebSocket]] = {}
    # [/members]

    # [join_room]
    async def join_room(self, websocket: WebSocket, room: str) -> None:
        members = self.rooms.setdefault(room, set())
        if websocket not in members:
            members.add(websocket)
            await self.broadcast_to_room(self.notice("join", websocket, room), room, websocket)
    # [/join_room]

    # [leave_room]
    async def leave_room(self, websocket: WebSocket, room: str) -> None:
        self.rooms[room].discard(websocket)
        notice = self.notice("leave", websocket, room)
        if not self.rooms[room]:
            del self.rooms[room]
        await self.broadcast_to_room(notice, room)
    # [/leave_room]

    # [broadcast]
    async def broadcast_to_room(
        self, message: dict, room: str, exclude: WebSocket | None = None
    ) -> None:
        for websocket in list(self.rooms.get(room, ())):
            if websocket is not exclude:
                try:
                    await websocket.send_json(message)
                except Exception:
                    pass  # disconnected; its own handler removes it
    # [/broadcast]

    # [disconnect]
    async def disconnect(self, websocket: WebSocket) -> None:
        for room in list(self.rooms):
            if self.is_in_room(websocket, room):
                await self.leave_room(websocket, room)
        del self.usernames[websocket]
    # [/disconnect]

    # [lookup]
    def is_in_room(self, websocket: WebSocket, room: str) -> bool:
        return websocket in self.rooms.get(room, ())
    # [/lookup]

    def get_members(self, room: str) -> list[str]:
        return sorted({self.usernames[websocket] for websocket in self.rooms[room]})

    def notice(self, event: str, websocket: WebSocket, room: str) -> dict:
        user = {"username": self.usernames[websocket], "room": room}
        return {"type": "system", "event": event, "member_count": len(self.rooms[room])} | user
