"""Chapter 15, the obvious way: save, then broadcast; replay to those who come back.

It has the faults of which the chapter warns: exhibit 15 of the museum plays it.
"""

import asyncio
import json
import os

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from message_log import MessageLog

app = FastAPI()
members: set[WebSocket] = set()
log = MessageLog(os.getenv("CHAT_DATABASE", ":memory:"))


async def broadcast(message: dict) -> None:
    for websocket in list(members):
        try:
            await websocket.send_json(message)
        except Exception:
            pass  # it is disconnected; its own handler takes it out


# [endpoint]
@app.websocket("/ws/chat/{username}")
async def websocket_chat(websocket: WebSocket, username: str, since: str = ""):
    await websocket.accept()
    members.add(websocket)
    try:
        await websocket.send_json({"type": "system", "event": "welcome"} | position())
        if since:
            missed = await asyncio.to_thread(log.history, since)
            for message in missed["messages"]:
                await websocket.send_json(message)
        while True:
            data = json.loads(await websocket.receive_text())
            id, text = data["id"], data["message"]
            message, _ = await asyncio.to_thread(log.append, username, id, text)
            await broadcast(message)
    except WebSocketDisconnect:
        pass
    finally:
        members.discard(websocket)
# [/endpoint]


def position() -> dict:
    return {"epoch": log.epoch, "seq": log.last()}


@app.get("/ws/status")
async def websocket_status():
    return {"connected_count": len(members), "connected_users": []}


if __name__ == "__main__":
    uvicorn.run(app, host=os.getenv("HOST", "127.0.0.1"), port=int(os.getenv("PORT", "8000")))
