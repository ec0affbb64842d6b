"""Chapter 03: receiving and sending. /ws answers text and bytes, /ws/json answers JSON."""

import json
import os

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


# [echo]
@app.websocket("/ws")
async def websocket_endpoint(websocket: WebSocket):
    await websocket.accept()
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            break
        if message.get("text") is not None:
            await websocket.send_text(f"Echo: {message['text']}")
        else:
            await websocket.send_bytes(message["bytes"])
# [/echo]


# [error]
def error(code: str, message: str) -> dict:
    return {"type": "error", "code": code, "message": message}
# [/error]


# [answer]
def answer(data: dict) -> dict:
    kind = data["type"]
    if kind == "message":
        if not isinstance(data["message"], str):
            raise TypeError("a message is a text")
        return {"type": "message", "message": data["message"]}
    if kind == "sum":
        return {"type": "sum", "sum": sum(data["numbers"])}
    return error("unknown_type", "Unknown message type")
# [/answer]


# [parse]
def parse_and_answer(text: str) -> dict:
    try:
        data = json.loads(text)
        return answer(data)
    except (ValueError, KeyError, TypeError):
        return error("invalid_format", "Invalid message format")
# [/parse]


# [json]
@app.websocket("/ws/json")
async def websocket_json(websocket: WebSocket):
    await websocket.accept()
    try:
        while True:
            text = await websocket.receive_text()
            reply = parse_and_answer(text)
            await websocket.send_json(reply)
    except WebSocketDisconnect:
        pass
# [/json]


if __name__ == "__main__":
    uvicorn.run(app, host=os.getenv("HOST", "127.0.0.1"), port=int(os.getenv("PORT", "8000")))
