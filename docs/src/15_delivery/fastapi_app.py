"""Chapter 15 in FastAPI: each message is stored, numbered, acknowledged, and can be fetched again."""

import asyncio
import json
import os
import sqlite3

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from message_log import MessageLog

app = FastAPI()
members: set[WebSocket] = set()
# [log]
log = MessageLog(os.getenv("CHAT_DATABASE", ":memory:"))
in_order = asyncio.Lock()  # the threads of to_thread keep no order
# [/log]


async def broadcast(message: dict) -> None:
    for websocket in list(members):
        try:
            await websocket.send_json(message)
        except Exception:
            pass  # it is disconnected; its own handler takes it out


# [speak]
async def speak(username: str, data: dict) -> dict:
    id, text = data["id"], data["message"]
    if not (isinstance(id, str) and 1 <= len(id) <= 64 and isinstance(text, str)):
        raise ValueError("a message has an id and a text")
    try:
        async with in_order:
            message, is_new = await asyncio.to_thread(log.append, username, id, text)
            if is_new:
                await broadcast(message)
    except sqlite3.OperationalError:  # the disk is full, for example
        return {"type": "error", "code": "unavailable", "id": id, "retry": True}
    ack = {"type": "ack", "id": id, "seq": message["seq"], "epoch": log.epoch}
    ack["timestamp"] = message["timestamp"]
    return ack if is_new else ack | {"duplicate": True}
# [/speak]


# [come_back]
async def come_back(websocket: WebSocket, since: str) -> None:
    async with in_order:  # nobody speaks between what was missed and what is new
        last = await asyncio.to_thread(log.last)
        welcome = {"type": "system", "event": "welcome", "epoch": log.epoch, "seq": last}
        await websocket.send_json(welcome)
        if since:
            await websocket.send_json(await asyncio.to_thread(log.history, since))
        members.add(websocket)
# [/come_back]


async def answer(username: str, data: dict) -> dict:
    if data.get("type") == "history":
        async with in_order:
            return await asyncio.to_thread(log.history, data["since"])
    return await speak(username, data)


# [endpoint]
@app.websocket("/ws/chat/{username}")
async def websocket_chat(websocket: WebSocket, username: str, since: str = ""):
    await websocket.accept()
    try:
        await come_back(websocket, since)
        while True:
            text = await websocket.receive_text()
            try:
                reply = await answer(username, json.loads(text))
            except (ValueError, KeyError, TypeError, AttributeError):
                reply = {"type": "error", "code": "invalid_format"}
            await websocket.send_json(reply)
    except WebSocketDisconnect:
        pass
    finally:
        members.discard(websocket)
# [/endpoint]


@app.get("/ws/status")
async def websocket_status():
    return {"connected_count": len(members)}


if __name__ == "__main__":
    uvicorn.run(app, host=os.getenv("HOST", "127.0.0.1"), port=int(os.getenv("PORT", "8000")))
