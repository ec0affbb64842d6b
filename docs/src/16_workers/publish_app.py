"""Chapter 16, what is often written first: each server publishes what its members say. Who listens?

It has the fault of which the chapter warns: nobody subscribes.
"""

import json
import os

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from redis.asyncio import Redis

app = FastAPI()
members: set[WebSocket] = set()
redis = Redis.from_url(os.getenv("CHAT_REDIS", "redis://127.0.0.1:6379"))


async def broadcast(frame: dict) -> None:
    for websocket in list(members):
        try:
            await websocket.send_json(frame)
        except Exception:
            pass  # it is disconnected; its own handler takes it out


# [endpoint]
@app.websocket("/ws/chat/{username}")
async def websocket_chat(websocket: WebSocket, username: str):
    await websocket.accept()
    members.add(websocket)
    try:
        await websocket.send_json({"type": "system", "event": "welcome"})
        while True:
            data = json.loads(await websocket.receive_text())
            frame = {"type": "message", "username": username, "message": data["message"]}
            received_by = await redis.publish("chat_channel", json.dumps(frame))
            await broadcast(frame | {"received_by": received_by})
    except WebSocketDisconnect:
        pass
    finally:
        members.discard(websocket)
# [/endpoint]


@app.get("/ws/status")
async def websocket_status():
    return {"connected_count": len(members), "connected_users": []}


if __name__ == "__main__":
    uvicorn.run(app, host=os.getenv("HOST", "127.0.0.1"), port=int(os.getenv("PORT", "8000")))
