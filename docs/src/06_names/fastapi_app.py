"""Chapter 06: names and private messages. A user may be connected more than once."""

# [includes]
import json
import os

import uvicorn
from connection_manager import ConnectionManager
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
# [/includes]


# [frames]
def chat(username: str, data: dict) -> dict:
    return {"type": "message", "username": username, "message": data["message"]}


def private_message(sender: str, data: dict) -> dict:
    return {"type": "private", "from": sender, "message": data["message"]}


def confirmation(target: str) -> dict:
    message = f"Private message sent to {target}"
    return {"type": "confirmation", "message": message, "target_user": target}


def error(code: str, message: str) -> dict:
    return {"type": "error", "code": code, "message": message}
# [/frames]


# [parse]
def parse(text: str) -> dict | None:
    """What a client sent: an object with a text in "message", or None if it is anything else."""
    try:
        data = json.loads(text)
    except json.JSONDecodeError:
        return None
    if not isinstance(data, dict) or not isinstance(data.get("message"), str):
        return None
    return data
# [/parse]


# [target]
def target_of(data: dict) -> str | None:
    """Whom a message is for, or None if it is for everyone."""
    target = data.get("target_user")
    return target if isinstance(target, str) and target else None
# [/target]


app = FastAPI()
manager = ConnectionManager()


# [deliver]
async def deliver(data: dict, username: str, websocket: WebSocket) -> None:
    target = target_of(data)
    if not target:
        await manager.broadcast(chat(username, data))
    elif await manager.send_to_user(private_message(username, data), target):
        await websocket.send_json(confirmation(target))
    else:
        await websocket.send_json(error("user_offline", f"{target} is not online"))
# [/deliver]


# [endpoint]
@app.websocket("/ws/chat/{username}")
async def websocket_chat_with_username(websocket: WebSocket, username: str):
    try:
        await manager.connect(websocket, username)
        message = f"Welcome to the chat room, {username}!"
        await websocket.send_json(manager.system_notice("welcome", message, username))
        while True:
            data = parse(await websocket.receive_text())
            if data:
                await deliver(data, username, websocket)
            else:
                await websocket.send_json(error("invalid_format", "Invalid message format"))
    except WebSocketDisconnect:
        pass
    finally:
        await manager.disconnect(websocket, username)
# [/endpoint]


@app.get("/ws/status")
async def websocket_status():
    return {
        "connected_count": manager.get_connection_count(),
        "connected_users": manager.get_connected_users(),
    }


if __name__ == "__main__":
    uvicorn.run(app, host=os.getenv("HOST", "127.0.0.1"), port=int(os.getenv("PORT", "8000")))
