"""Chapter 09 in FastAPI: rooms by hand, a set of connections for each name."""

import json
import os

import uvicorn
from connection_manager import ConnectionManager
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()
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
