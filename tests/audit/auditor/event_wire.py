"""The same as a Wire without a WebSocket: a stream of events, and what is posted."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from typing import Any

from .wire import DEADLINE, SMALL_BUFFER

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class StreamEnds(OSError):
    """The stream has ended, or never began."""


class EventWire:
    """Both of its connections; whatever ends it is one of wire.ENDS."""

    def __init__(self, port: int, stream: Pair, posting: Pair) -> None:
        self._port = port
        self._stream = stream
        self._posting = posting
        self._lock = asyncio.Lock()
        self._session: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._frames: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
        self._reader = asyncio.create_task(self._read())
        self.frozen = False
        self.end = "the connection broke"

    @classmethod
    async def open(cls, port: int, path: str) -> EventWire:
        """Connects; `path` is a WebSocket's, and has its query with it."""
        stream = await _connect(port, SMALL_BUFFER)
        try:
            target = path.replace("/ws/", "/events/", 1)
            stream[1].write(f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            status, _ = await asyncio.wait_for(_read_head(stream[0]), DEADLINE)
            if status != 200:
                raise StreamEnds(f"answered {status}")
            posting = await _connect(port, 0)
        except BaseException:
            stream[1].transport.abort()
            raise
        return cls(port, stream, posting)

    async def _read(self) -> None:
        event: dict[str, str] = {}
        rest = b""
        try:
            while size := int(await self._stream[0].readuntil(b"\r\n"), 16):
                rest += (await self._stream[0].readexactly(size + 2))[:-2]
                *lines, rest = rest.split(b"\n")
                for line in lines:
                    name, _, value = line.decode().partition(": ")
                    if name or value:
                        event[name] = value
                    else:
                        self._take(event)
                        event = {}
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            if not self._session.done():
                self._session.cancel()
            self._frames.put_nowait(None)

    def _take(self, event: dict[str, str]) -> None:
        if event.get("event") == "close":
            close = json.loads(event["data"])
            self.end = f"closed with {close['code']} {close['reason']}".strip()
        elif "data" in event:
            frame = json.loads(event["data"])
            if not self._session.done():
                self._session.set_result(frame["session"])
            self._frames.put_nowait(frame)

    async def send(self, text: str) -> None:
        """Posts a text; the next one waits until this one is accepted."""
        try:
            session = await asyncio.wait_for(asyncio.shield(self._session), DEADLINE)
        except asyncio.CancelledError:
            if self._session.cancelled():
                raise StreamEnds("the stream has ended") from None
            raise
        body = text.encode()
        head = f"POST /messages HTTP/1.1\r\nHost: 127.0.0.1\r\nChat-Session: {session}\r\n"
        async with self._lock:
            reader, writer = self._posting
            if writer.transport.is_closing():
                raise StreamEnds("the connection broke")
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            try:
                status, length = await _read_head(reader)
                await reader.readexactly(length)
            except asyncio.IncompleteReadError as error:
                raise StreamEnds("no answer to a POST") from error
        if status != 202:
            raise StreamEnds(f"a POST was answered {status}")

    async def receive(self) -> dict[str, Any]:
        """The next frame."""
        frame = await self._frames.get()
        if frame is None:
            self._frames.put_nowait(None)
            raise StreamEnds(self.end)
        return frame

    def tear(self) -> None:
        """Ends both connections with a reset."""
        for _, writer in (self._stream, self._posting):
            try:
                writer.get_extra_info("socket").setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )
            except OSError:
                pass  # it has ended
            writer.transport.abort()

    def freeze(self, on: bool) -> None:
        """Stops reading the stream, or goes on."""
        transport = self._stream[1].transport
        assert isinstance(transport, asyncio.Transport)
        if on != self.frozen and not transport.is_closing():
            (transport.pause_reading if on else transport.resume_reading)()
        self.frozen = on

    async def close(self) -> None:
        """A stream has no goodbye: it ends."""
        self.freeze(False)
        self.tear()
        await self._reader


async def _connect(port: int, small_buffer: int) -> Pair:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if small_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, small_buffer)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        return await asyncio.open_connection(sock=sock)
    except BaseException:
        sock.close()
        raise


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, int]:
    """The status, and how many bytes follow."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    except asyncio.IncompleteReadError as error:
        raise StreamEnds("no answer") from error
    length = head.partition("content-length: ")[2].partition("\r\n")[0]
    return int(head.split(" ")[1]), int(length or 0)
