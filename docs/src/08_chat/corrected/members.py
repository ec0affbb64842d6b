"""A connection with its outbox and its writer, and how a room is told something."""

import asyncio
import json
import time

from fastapi import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed

from .frames import key_of
from .rooms import Room
from .settings import MESSAGE_BURST, MESSAGE_RATE, OUTBOX_LIMIT, SEND_TIMEOUT
from .token_bucket import TokenBucket

# What `send` raises when the client isn't there any more, and after a close.
GONE = (WebSocketDisconnect, ConnectionClosed, RuntimeError)


# [member]
class Member:
    """One connection. Everybody puts frames into its outbox; only its writer sends."""

    def __init__(self, websocket: WebSocket, username: str | None) -> None:
        self.websocket = websocket
        self.username = username
        self.key = key_of(username) if username else ""  # those without a name are one user
        self.outbox: asyncio.Queue[str | None] = asyncio.Queue()
        self.waiting = 0  # bytes
        self.taken_at = 0.0  # when the reader last took something, or could have begun to
        self.heard_at = time.monotonic()
        self.closing: tuple[int, str] | None = None
        self.frames = TokenBucket(MESSAGE_RATE, MESSAGE_BURST)
        self.patience = TokenBucket(1, 20)
        self.writer = asyncio.create_task(self._write())

    def post(self, text: str) -> None:
        """Nobody waits here: a slow reader holds nobody up, and is closed in the end."""
        if self.closing:
            return
        now = time.monotonic()
        if self.outbox.empty():
            self.taken_at = now
        self.waiting += len(text)
        if self.waiting > OUTBOX_LIMIT or now - self.taken_at > SEND_TIMEOUT:
            self.end(1013, "Slow consumer", at_once=True)
        else:
            self.outbox.put_nowait(text)

    def send(self, frame: dict) -> None:
        self.post(json.dumps(frame))

    def end(self, code: int, reason: str = "", at_once: bool = False) -> None:
        """Closes behind what waits, or `at_once`, when it can't be expected to be read."""
        if not self.closing:
            self.closing = (code, reason)
            self.outbox.put_nowait(None)
        if at_once:
            self.writer.cancel()

    def idle_time(self) -> float:
        return time.monotonic() - self.heard_at

    async def _write(self) -> None:
        try:
            while (text := await self.outbox.get()) is not None:
                await self.websocket.send_text(text)
                self.waiting -= len(text)
                self.taken_at = time.monotonic()
        except GONE:
            pass  # its handler takes it out
# [/member]


# [tell]
def tell(room: Room, frame: dict, but: Member | None = None) -> None:
    text = json.dumps(frame)  # once for everybody
    for member in room.members:  # nothing awaits here, so the members stay the same
        if member is not but:
            member.post(text)
# [/tell]
