"""Wrong on purpose, to be looked at with --inspect: a handler that blocks, and one that leaks."""

import asyncio
import os
import time

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()


# [blocks]
@app.websocket("/ws/blocks")
async def websocket_blocks(websocket: WebSocket):
    await websocket.accept()
    try:
        while True:
            data = await websocket.receive_text()
            time.sleep(0.3)
            await websocket.send_text(data)
    except WebSocketDisconnect:
        pass
# [/blocks]


async def listen(websocket: WebSocket):
    while True:
        await websocket.receive_text()


async def ticker():
    while True:
        await asyncio.sleep(1)


# [leaks]
@app.websocket("/ws/leaks")
async def websocket_leaks(websocket: WebSocket):
    await websocket.accept()
    tasks = {asyncio.create_task(listen(websocket)), asyncio.create_task(ticker())}
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
# [/leaks]


if __name__ == "__main__":
    uvicorn.run(app, host=os.getenv("HOST", "127.0.0.1"), port=int(os.getenv("PORT", "8000")))
