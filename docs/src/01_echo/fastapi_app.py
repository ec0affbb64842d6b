"""Chapter 01: the first WebSocket. A text comes back with "Echo: " in front."""

# [include]
import os

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
# [/include]

app = FastAPI()


# [endpoint]
@app.websocket("/ws")
async def websocket_endpoint(websocket: WebSocket):
    await websocket.accept()
    print("client connected")
    try:
        while True:
            data = await websocket.receive_text()
            await websocket.send_text(f"Echo: {data}")
    except WebSocketDisconnect as disconnect:
        print(f"client disconnected: {disconnect.code}")
# [/endpoint]


# [main]
if __name__ == "__main__":
    uvicorn.run(app, host=os.getenv("HOST", "127.0.0.1"), port=int(os.getenv("PORT", "8000")))
# [/main]
