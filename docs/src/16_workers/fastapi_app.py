"""Chapter 16 in FastAPI: all processes write to one stream of Redis, and all of them read it."""

import asyncio
import json
import logging
import os
import re
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from members import Members
from redis.asyncio import Redis
from redis.exceptions import RedisError

STREAM = "chat:{lobby}"
# [append]
# Redis runs a script as a whole: nothing that others do comes in between.
APPEND = """
local first = redis.call('GET', KEYS[2])
if first then return {first, 'repeat'} end
local position = redis.call('XADD', KEYS[1], 'MAXLEN', '~', '10000', '*', 'frame', ARGV[1])
redis.call('SET', KEYS[2], position, 'EX', '600')
return {position, 'new'}
"""
# [/append]
# [redis]
redis = Redis.from_url(
    os.getenv("CHAT_REDIS", "redis://127.0.0.1:6379"), decode_responses=True, socket_timeout=5
)
members = Members()
# [/redis]


# [follow]
async def follow() -> None:
    """Brings what all processes have written to the members of this one, for as long as it runs."""
    pause = 0.1
    while True:
        try:
            await find_position()
            streams = await redis.xread({STREAM: members.position}, count=100, block=1000)
            pause = 0.1
        except RedisError as error:
            logging.warning("Redis: %s; trying again in %.1f s", error, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, 2)
            continue
        for _, entries in streams:
            for position, fields in entries:
                members.tell(position, fields["frame"])


async def find_position() -> None:
    """Where the stream ends now, unless somebody has found it out already."""
    if not members.position:
        newest = await redis.xrevrange(STREAM, count=1)
        members.position = members.position or (newest[0][0] if newest else "0-0")
# [/follow]


# [lifespan]
@asynccontextmanager
async def lifespan(app: FastAPI):
    follower = asyncio.create_task(follow())  # the loop itself keeps no task alive
    yield
    follower.cancel()
    await redis.close()


app = FastAPI()
app.router.lifespan_context = lifespan  # from FastAPI 0.93 on: FastAPI(lifespan=lifespan)
# [/lifespan]


# [speak]
async def speak(username: str, text: str) -> dict:
    try:
        data = json.loads(text)
        id, message, target = data["id"], data["message"], data.get("target_user", "")
        texts = isinstance(message, str) and isinstance(target, str)
        if not texts or not re.fullmatch(r"[\w-]{1,64}", id):
            raise ValueError("a message has an id and a text")
        frame = {"type": "message", "username": username, "message": message, "id": id}
        if "target_user" in data:
            frame |= {"type": "private", "target_user": target}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {"type": "error", "code": "invalid_format"}
    key = f"{STREAM}:{username}:{id}"
    try:
        position, what = await redis.eval(APPEND, 2, STREAM, key, json.dumps(frame))
    except RedisError:  # nobody knows whether it was written: the same id may be sent again
        return {"type": "error", "code": "unavailable", "id": id, "retry": True}
    return {"type": "ack", "id": id, "position": position, "duplicate": what == "repeat"}
# [/speak]


# [endpoint]
@app.websocket("/ws/chat/{username}")
async def websocket_chat(websocket: WebSocket, username: str, since: str = ""):
    await websocket.accept()
    member = None
    try:
        await find_position()
        member = members.add(websocket, username)
        until = members.position  # no await since add(): what comes behind it is in the outbox
        await websocket.send_json({"type": "system", "event": "welcome", "position": until})
        if re.fullmatch(r"\d{1,18}-\d{1,18}", since):
            entries = await redis.xrange(STREAM, since, until)
            await websocket.send_json(member.history(entries, since))
        member.start()
        while True:
            member.post(await speak(username, await websocket.receive_text()))
    except WebSocketDisconnect:
        pass
    except RedisError:
        await websocket.close(1013, "Try again later")
    finally:
        members.discard(member)
# [/endpoint]


@app.get("/ws/status")
async def websocket_status():
    return {"connected_count": len(members)}


if __name__ == "__main__":
    uvicorn.run(app, host=os.getenv("HOST", "127.0.0.1"), port=int(os.getenv("PORT", "8000")))
