"""Chapter 11 in FastAPI: a token says who the user is, and the origin says which page asks."""

import asyncio
import json
import os
import time

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from identity import Claims, verify

app = FastAPI()
usernames: dict[WebSocket, str] = {}


# [find]
def find_token(websocket: WebSocket) -> str:
    scheme, _, token = websocket.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token
    offered = websocket.scope["subprotocols"]
    if len(offered) == 2 and offered[0] == "bearer":
        return offered[1]
    return websocket.query_params.get("token", "")
# [/find]


# [origin]
ALLOWED_ORIGINS = {"http://localhost:8000", "http://127.0.0.1:8000"}


def is_allowed_origin(websocket: WebSocket) -> bool:
    origin = websocket.headers.get("origin")
    return origin is None or origin in ALLOWED_ORIGINS
# [/origin]


async def broadcast(message: dict) -> None:
    for websocket in list(usernames):
        try:
            await websocket.send_json(message)
        except Exception:
            pass  # disconnected; its own handler removes it


# [answer]
async def answer(claims: Claims, text: str) -> dict | None:
    try:
        data = json.loads(text)
        if data["type"] == "refresh":
            return refresh(claims, data["token"])
        message = {"username": claims.username, "message": data["message"]}
    except (ValueError, KeyError, TypeError):
        return {"type": "error", "code": "invalid_format"}
    await broadcast({"type": "message"} | message)


def refresh(claims: Claims, token: str) -> dict:
    renewed = verify(token)
    if renewed is None or renewed.username != claims.username:
        return {"type": "error", "code": "invalid_token"}
    claims.expires = renewed.expires
    return {"type": "refreshed", "expires_in": int(claims.expires - time.time())}
# [/answer]


# [endpoint]
@app.websocket("/ws/chat/{username}")
async def websocket_chat(websocket: WebSocket, username: str):
    if not is_allowed_origin(websocket):
        await websocket.close()  # before accept: the handshake is answered 403
        return
    offered = websocket.scope["subprotocols"]
    await websocket.accept("bearer" if "bearer" in offered else None)
    claims = verify(find_token(websocket))
    if claims is None or claims.username != username:
        await websocket.close(1008, "Unauthorized")
        return
    usernames[websocket] = username
    # [live]
    try:
        while True:
            left = claims.expires - time.time()
            reply = await answer(claims, await asyncio.wait_for(websocket.receive_text(), left))
            if reply:
                await websocket.send_json(reply)
    except asyncio.TimeoutError:
        await websocket.send_json({"type": "error", "code": "token_expired"})
        await websocket.close(1008, "Unauthorized")
    except WebSocketDisconnect:
        pass
    finally:
        del usernames[websocket]
    # [/live]
# [/endpoint]


@app.get("/ws/status")
async def websocket_status():
    return {"connected_count": len(usernames), "connected_users": sorted(set(usernames.values()))}


if __name__ == "__main__":
    uvicorn.run(app, host=os.getenv("HOST", "127.0.0.1"), port=int(os.getenv("PORT", "8000")))
