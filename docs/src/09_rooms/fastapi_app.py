"""Chapter 09 in FastAPI: rooms by hand, a set of connections for each name."""

import json
import os

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


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
                    pass  # it has gone; its own handler takes it out
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


manager = ConnectionManager()


# [answer]
async def answer(websocket: WebSocket, data: dict) -> dict | None:
    room = data["room"]
    if not isinstance(room, str) or not room:
        raise ValueError("a room has a name")
    if data["type"] == "join":
        await manager.join_room(websocket, room)
        return {"type": "joined", "room": room, "members": manager.get_members(room)}
    if not manager.is_in_room(websocket, room):
        return {"type": "error", "code": "not_in_room", "room": room}
    if data["type"] == "leave":
        await manager.leave_room(websocket, room)
        return {"type": "left", "room": room}
    message = {"username": manager.usernames[websocket], "message": data["message"], "room": room}
    await manager.broadcast_to_room({"type": "message"} | message, room)
# [/answer]


# [endpoint]
@app.websocket("/ws/chat/{username}")
async def websocket_chat(websocket: WebSocket, username: str, room: str = ""):
    await websocket.accept()
    manager.usernames[websocket] = username
    try:
        if room:
            await websocket.send_json(await answer(websocket, {"type": "join", "room": room}))
        while True:
            text = await websocket.receive_text()
            try:
                reply = await answer(websocket, json.loads(text))
            except (ValueError, KeyError, TypeError):
                reply = {"type": "error", "code": "invalid_format"}
            if reply:
                await websocket.send_json(reply)
    except WebSocketDisconnect:
        pass
    finally:
        await manager.disconnect(websocket)
# [/endpoint]


# [status]
@app.get("/ws/status")
async def websocket_status():
    users = sorted(set(manager.usernames.values()))
    rooms = [{"room": r, "member_count": len(members)} for r, members in manager.rooms.items()]
    return {"connected_count": len(manager.usernames), "connected_users": users, "rooms": rooms}
# [/status]


if __name__ == "__main__":
    uvicorn.run(app, host=os.getenv("HOST", "127.0.0.1"), port=int(os.getenv("PORT", "8000")))
