"""Chapter 11 in FastAPI's idiom: a dependency lets members in, so that the handler begins with one."""

import os

import uvicorn
from fastapi import Depends, FastAPI, WebSocket, WebSocketDisconnect, WebSocketException, status
from identity import Claims, verify

app = FastAPI()


# [member]
async def find_token(websocket: WebSocket) -> str:
    scheme, _, token = websocket.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else websocket.query_params.get("token", "")


async def member(websocket: WebSocket, username: str, token: str = Depends(find_token)) -> Claims:
    await websocket.accept()  # first: a browser isn't told why a handshake was refused
    claims = verify(token)
    if claims is None or claims.username != username:
        raise WebSocketException(status.WS_1008_POLICY_VIOLATION, "Unauthorized")
    return claims
# [/member]


# [endpoint]
@app.websocket("/ws/chat/{username}")
async def websocket_chat(websocket: WebSocket, claims: Claims = Depends(member)):
    try:
        while True:
            text = await websocket.receive_text()
            await websocket.send_json({"username": claims.username, "message": text})
    except WebSocketDisconnect:
        pass
# [/endpoint]


if __name__ == "__main__":
    uvicorn.run(app, host=os.getenv("HOST", "127.0.0.1"), port=int(os.getenv("PORT", "8000")))
