"""A client without a WebSocket: it reads a stream of Server-Sent Events, and sends by POST.

`/ws/chat/Alice` becomes `/events/chat/Alice`. What the chat says is the same, frame by frame.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from typing import Any

from .client import OPEN_DEADLINE, Client, Record, Refused

SMALL_BUFFER = 4096  # bytes; of a client that will stop reading


class EventClient(Client):
    """One stream, and one connection for what is posted."""

    def __init__(self, name: str, record: Record, small_buffer: bool = False) -> None:
        super().__init__(name, record)
        self._small_buffer = small_buffer
        self._writer: asyncio.StreamWriter | None = None
        self._post: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._posting = asyncio.Lock()
        self._reader: asyncio.Task[None] | None = None
        self._session = ""
        self._welcomed = asyncio.Event()
        self._probes: dict[str, asyncio.Event] = {}

    async def connect(self, port: int, path: str, headers: dict[str, str]) -> None:
        self.last_sent = time.monotonic()
        self.port = port
        reader, writer = await self._open(self._small_buffer)
        target = path.replace("/ws/chat", "/events/chat", 1)
        writer.write(self._request("GET", target, {"Accept": "text/event-stream"} | headers))
        status, fields = await asyncio.wait_for(_read_head(reader), OPEN_DEADLINE)
        if status != 200:
            writer.close()
            raise Refused(status)
        assert fields["content-type"].startswith("text/event-stream"), fields
        self._writer = writer
        self._reader = asyncio.create_task(self._read(reader))

    async def _open(self, small_buffer: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if small_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return await asyncio.open_connection(sock=sock)

    @staticmethod
    def _request(method: str, target: str, headers: dict[str, str], body: bytes = b"") -> bytes:
        lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        return ("\r\n".join(lines) + "\r\n\r\n").encode() + body

    # -- the stream ------------------------------------------------------------------------

    async def _read(self, reader: asyncio.StreamReader) -> None:
        event: dict[str, str] = {}
        try:
            async for line in _lines(reader):
                if line:
                    name, _, value = line.partition(":")
                    event[name] = value.removeprefix(" ")
                elif event:
                    await self._dispatch(event)
                    event = {}
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass
        self.ended(1006, "the stream broke")
        self._welcomed.set()
        for probe in self._probes.values():
            probe.set()

    async def _dispatch(self, event: dict[str, str]) -> None:
        if event.get("event") == "close":
            ending = json.loads(event["data"])
            self.ended(ending["code"], ending["reason"])
        elif "data" in event:
            await self._take(event["data"])

    async def _take(self, data: str) -> None:
        frame: dict[str, Any] = json.loads(data)
        if frame.get("event") == "welcome":
            self._session = frame["session"]
            self._welcomed.set()
        probe = self._probes.get(frame.get("room", ""))
        if probe and frame.get("code") == "not_in_room":
            probe.set()
        else:
            await self.deliver("text", data)

    # -- what is posted --------------------------------------------------------------------

    async def send_text(self, text: str) -> None:
        self.last_sent = time.monotonic()
        await asyncio.wait_for(self._welcomed.wait(), OPEN_DEADLINE)
        if not self.is_open:
            return  # the steps that follow see how it ended
        headers = {"Content-Type": "application/json", "Chat-Session": self._session}
        async with self._posting:
            if self._post is None:
                self._post = await self._open(False)
            reader, writer = self._post
            writer.write(self._request("POST", "/messages", headers, text.encode()))
            try:
                status, fields = await asyncio.wait_for(_read_head(reader), OPEN_DEADLINE)
                await reader.readexactly(int(fields.get("content-length", "0")))
            except (OSError, asyncio.IncompleteReadError):
                return
        for probe in self._probes.values() if status != 202 else ():
            probe.set()  # it knows no such question, and has read all that came before
        if status != 202 and self.is_open:
            self._record(self.name, "is answered", status)

    async def round_trip(self) -> None:
        """Asks for a room that nobody is in: the error comes behind all else."""
        if not self.is_open or not self.reading:
            return
        room = f"probe {time.monotonic_ns()}"
        done = self._probes[room] = asyncio.Event()
        last_sent = self.last_sent
        await self.send_text(json.dumps({"type": "who", "room": room}))
        self.last_sent = last_sent
        try:
            if self.is_open:
                await asyncio.wait_for(done.wait(), OPEN_DEADLINE)
        except asyncio.TimeoutError:
            self._record(self.name, "gets no answer", f"within {OPEN_DEADLINE:g} s")
        finally:
            del self._probes[room]

    async def send_binary(self, data: bytes) -> None:
        raise NotImplementedError("only a WebSocket has binary messages")

    async def send_raw(self, data: bytes) -> None:
        raise NotImplementedError("only a WebSocket has frames")

    # -- the end ---------------------------------------------------------------------------

    async def disconnect(self, code: int) -> str | None:
        await self._end(reset=False)
        return None

    async def vanish(self) -> None:
        await self._end(reset=True)

    async def forget(self) -> None:
        await self._end(reset=False)

    async def _end(self, reset: bool) -> None:
        self.left = True
        self.set_reading(True)
        for writer in (self._writer, self._post[1] if self._post else None):
            if writer:
                if reset:
                    writer.get_extra_info("socket").setsockopt(
                        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                    )
                writer.transport.abort()
        if self._reader:
            await self._reader

    def set_reading(self, on: bool) -> None:
        assert self._writer
        transport = self._writer.transport
        assert isinstance(transport, asyncio.Transport)
        if on and not self.reading:
            transport.resume_reading()
        elif not on and self.reading:
            transport.pause_reading()
        self.reading = on


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    fields = (line.partition(":") for line in head[1:] if line)
    return int(head[0].split(" ")[1]), {n.lower(): value.strip() for n, _, value in fields}


async def _lines(reader: asyncio.StreamReader):  # type: ignore[no-untyped-def]
    """The lines of a chunked body."""
    rest = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        rest += (await reader.readexactly(size + 2))[:-2]
        *lines, rest = rest.split(b"\n")
        for line in lines:
            yield line.decode()
