"""Chapter 16: the members of one process, each with an outbox, and up to where they have the stream."""

import asyncio
import json
import logging
from contextlib import suppress

from fastapi import WebSocket

MOST = 1000  # frames that may wait for a member


# [member]
class Member:
    def __init__(self, websocket: WebSocket, username: str) -> None:
        self.websocket = websocket
        self.username = username
        self.outbox: asyncio.Queue[str | None] = asyncio.Queue()
        self.sender: asyncio.Task[None] | None = None

    def post(self, frame: dict) -> None:
        """Nobody waits here: a slow reader stops neither the stream nor the others."""
        if self.outbox.qsize() < MOST:
            self.outbox.put_nowait(json.dumps(frame))
        elif self.outbox.qsize() == MOST:
            self.outbox.put_nowait(None)

    def start(self) -> None:
        self.sender = asyncio.create_task(self.send())

    async def send(self) -> None:
        with suppress(Exception):  # it is disconnected; its handler takes it out
            while (text := await self.outbox.get()) is not None:
                await self.websocket.send_text(text)
            await self.websocket.close(1013)  # it can come back, and read on behind its position
# [/member]

    def may_hear(self, frame: dict) -> bool:
        return frame["type"] != "private" or self.username in (
            frame["username"],
            frame["target_user"],
        )

    # [history]
    def history(self, entries: list, since: str) -> dict:
        """The entries after a position; if that one was trimmed, others may be, too."""
        found = [frame_of(position, fields["frame"]) for position, fields in entries]
        recovered = bool(found) and found[0]["position"] == since
        messages = [frame for frame in found[recovered:] if self.may_hear(frame)]
        return {"type": "history", "recovered": recovered, "messages": messages}
    # [/history]


class Members:
    def __init__(self) -> None:
        self.position = ""  # of the last entry that they were told; empty until it is known
        self.members: set[Member] = set()

    def add(self, websocket: WebSocket, username: str) -> Member:
        member = Member(websocket, username)
        self.members.add(member)
        return member

    def discard(self, member: Member | None) -> None:
        self.members.discard(member)
        if member and member.sender:
            member.sender.cancel()

    def tell(self, position: str, text: str) -> None:
        self.position = position
        try:
            frame = frame_of(position, text)
            for member in self.members:
                if member.may_hear(frame):
                    member.post(frame)
        except (ValueError, KeyError, TypeError):  # somebody else has written into the stream
            logging.exception("%s is no frame", position)

    def __len__(self) -> int:
        return len(self.members)


def frame_of(position: str, text: str) -> dict:
    return json.loads(text) | {"position": position}
