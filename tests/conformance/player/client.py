"""What the player asks of a client, whatever it speaks: an inbox, and how the connection ended."""

from __future__ import annotations

import asyncio
import json
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .pattern import Json, differences

OPEN_DEADLINE = 5.0  # seconds for a handshake, and for the end of one


class Refused(Exception):
    """The server answered the handshake with an HTTP status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"refused with {status}")
        self.status = status


@dataclass(frozen=True)
class Frame:
    """Something that arrived: `kind` is json, text, binary or pong."""

    at: float  # time.monotonic()
    kind: str
    value: Json


@dataclass(frozen=True)
class Ending:
    """How a connection ended: the server's close frame, or none (`code` 1006) and why."""

    at: float
    code: int
    reason: str


Record = Callable[[str, str, Json], None]  # who, did, what


class Client(ABC):
    """One person of a scenario."""

    def __init__(self, name: str, record: Record) -> None:
        self.name = name
        self.port = 0  # of the server that it is connected to
        self.inbox: deque[Frame] = deque()
        self.ending: Ending | None = None
        self.left = False  # disconnected or vanished by a step of the scenario
        self.reading = True
        self.last_sent = time.monotonic()  # when it began to connect, or sent something
        self.ignored: list[Json] = []
        self.answers: list[tuple[Json, str]] = []
        self.judge: Callable[[Json], None] | None = None  # looks at all that arrives
        self._record = record
        self._changed = asyncio.Event()

    @property
    def is_open(self) -> bool:
        return self.ending is None and not self.left

    @abstractmethod
    async def connect(self, port: int, path: str, headers: dict[str, str]) -> None:
        """Connects, or raises Refused."""

    @abstractmethod
    async def send_text(self, text: str) -> None:
        """Sends a text as it stands."""

    @abstractmethod
    async def send_binary(self, data: bytes) -> None:
        """Sends a binary message."""

    @abstractmethod
    async def send_raw(self, data: bytes) -> None:
        """Writes bytes to the socket past the library."""

    @abstractmethod
    async def round_trip(self) -> None:
        """Returns when the server has answered something sent now."""

    @abstractmethod
    async def disconnect(self, code: int) -> str | None:
        """Closes politely; says what was wrong with the server's answer, if anything."""

    @abstractmethod
    async def vanish(self) -> None:
        """Tears the TCP connection down with a reset."""

    async def forget(self) -> None:
        """Gives back what a connection held that has ended by itself."""

    @abstractmethod
    def set_reading(self, on: bool) -> None:
        """Stops taking bytes from the socket, or goes on."""

    async def wait_for_change(self, seconds: float) -> bool:
        """Waits until a frame arrives or the connection ends; False when nothing happened."""
        self._changed.clear()
        try:
            await asyncio.wait_for(self._changed.wait(), max(seconds, 0))
        except asyncio.TimeoutError:
            return False
        return True

    def take(self) -> Frame:
        """Takes the oldest frame out of the inbox."""
        return self.inbox.popleft()

    async def deliver(self, kind: str, value: Json) -> None:
        """Called by the connection for each thing that arrives."""
        if kind == "text":
            try:
                parsed = json.loads(value)
            except json.JSONDecodeError:
                parsed = None
            if isinstance(parsed, dict):
                kind, value = "json", parsed
        self._record(self.name, "receives", value)
        if self.judge and kind != "pong":
            self.judge(value)
        for pattern, reply in self.answers:
            if not differences(pattern, value, {}):
                await self.send_text(reply)
                return
        if any(not differences(pattern, value, {}) for pattern in self.ignored):
            return
        self.inbox.append(Frame(time.monotonic(), kind, value))
        self._changed.set()

    def ended(self, code: int, reason: str) -> None:
        """Called by the connection when it is over."""
        if self.ending is None:
            self.ending = Ending(time.monotonic(), code, reason)
            if not self.left:
                how = f"{code} {reason}".strip() if code != 1006 else f"no close frame ({reason})"
                self._record(self.name, "is closed:", how)
            self._changed.set()
