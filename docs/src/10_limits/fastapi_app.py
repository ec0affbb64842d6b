"""Chapter 10 in FastAPI: a limit of connections, of messages a second, and of sizes."""

import json
import os
from collections import Counter

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from token_bucket import TokenBucket

# [settings]
MAX_CONNECTIONS = 3  # so few that four windows show it
MESSAGE_RATE = 1  # messages a second
MESSAGE_BURST = 5  # messages at once
MAX_TEXT_LENGTH = 200  # characters
MAX_MESSAGE_BYTES = 16 * 1024
# [/settings]

app = FastAPI()
usernames: dict[WebSocket, str] = {}
refusals: Counter[str] = Counter()


def error(code: str, **fields: object) -> dict:
    refusals[code] += 1
    return {"type": "error", "code": code} | fields


async def broadcast(message: dict) -> None:
    for websocket in list(usernames):
        try:
            await websocket.send_json(message)
        except Exception:
            pass  # disconnected; its own handler removes it


# [answer]
async def answer(username: str, bucket: TokenBucket, text: str) -> dict | None:
    wait = bucket.take()
    if wait is not None:
        return error("rate_limited", retry_after_ms=wait)
    try:
        message = json.loads(text)["message"]
        if not isinstance(message, str):
            raise TypeError("a message is a text")
    except (ValueError, KeyError, TypeError):
        return error("invalid_format")
    if len(message) > MAX_TEXT_LENGTH:
        return error("text_too_long", limit=MAX_TEXT_LENGTH)
    await broadcast({"type": "message", "username": username, "message": message})
# [/answer]


# [endpoint]
@app.websocket("/ws/chat/{username}")
async def websocket_chat(websocket: WebSocket, username: str):
    await websocket.accept()
    # [full]
    if len(usernames) >= MAX_CONNECTIONS:
        refusals["server_full"] += 1
        await websocket.close(1008, "Server is full")
        return
    usernames[websocket] = username
    # [/full]
    bucket = TokenBucket(MESSAGE_RATE, MESSAGE_BURST)
    try:
        while True:
            reply = await answer(username, bucket, await websocket.receive_text())
            if reply:
                await websocket.send_json(reply)
    except WebSocketDisconnect:
        pass
    finally:
        del usernames[websocket]
# [/endpoint]


@app.get("/ws/status")
async def websocket_status():
    users = sorted(set(usernames.values()))
    return {"connected_count": len(usernames), "connected_users": users, "refusals": refusals}


# [run]
if __name__ == "__main__":
    host, port = os.getenv("HOST", "127.0.0.1"), int(os.getenv("PORT", "8000"))
    uvicorn.run(app, host=host, port=port, ws_max_size=MAX_MESSAGE_BYTES)
# [/run]
