"""Chapter 02: two coroutines on one connection. One counts down, the other listens for "stop"."""

import asyncio
import os

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


# [countdown]
async def countdown(websocket: WebSocket):
    for n in range(5, 0, -1):
        await websocket.send_text(str(n))
        await asyncio.sleep(1)
    await websocket.send_text("Liftoff!")
# [/countdown]


# [listen]
async def listen(websocket: WebSocket):
    data = ""
    while data != "stop":
        data = await websocket.receive_text()
    await websocket.send_text("Stopped")
# [/listen]


# [endpoint]
@app.websocket("/ws/countdown")
async def websocket_countdown(websocket: WebSocket):
    await websocket.accept()
    tasks = {
        asyncio.create_task(countdown(websocket)),
        asyncio.create_task(listen(websocket)),
    }
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
        await websocket.close()
    except WebSocketDisconnect as disconnect:
        print(f"client disconnected: {disconnect.code}")
    finally:
        for task in tasks:
            task.cancel()
# [/endpoint]


if __name__ == "__main__":
    uvicorn.run(app, host=os.getenv("HOST", "127.0.0.1"), port=int(os.getenv("PORT", "8000")))
