"""A client that speaks raw WebSocket, as browsers do, and writes malformed frames when told to."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import websockets.exceptions
from websockets.frames import Opcode
from websockets.legacy.client import Connect, WebSocketClientProtocol
from websockets.legacy.framing import Frame as WireFrame

from .client import OPEN_DEADLINE, Client, Record, Refused

SMALL_BUFFER = 4096  # bytes; of a client that will stop reading


class _Protocol(WebSocketClientProtocol):
    """Tells of pongs that answer no ping of the library's own."""

    on_pong: Callable[[bytes], Awaitable[None]] | None = None

    async def read_frame(self, max_size: int | None) -> WireFrame:
        frame = await super().read_frame(max_size)
        if frame.opcode is Opcode.PONG and bytes(frame.data) not in self.pings and self.on_pong:
            await self.on_pong(bytes(frame.data))
        return frame


class WebSocketClient(Client):
    """One WebSocket connection."""

    def __init__(self, name: str, record: Record, small_buffer: bool = False) -> None:
        super().__init__(name, record)
        self._small_buffer = small_buffer
        self._ws: _Protocol | None = None
        self._reader: asyncio.Task[None] | None = None

    @property
    def _connection(self) -> _Protocol:
        assert self._ws is not None, f"{self.name} has not connected"
        return self._ws

    async def connect(self, port: int, path: str, headers: dict[str, str]) -> None:
        self.last_sent = time.monotonic()
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if self._small_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            ws = await Connect(
                f"ws://127.0.0.1:{port}{path}",
                sock=sock,
                create_protocol=cast(Any, _Protocol),  # annotated as if it took one argument
                extra_headers=headers,
                compression=None,
                open_timeout=OPEN_DEADLINE,
                close_timeout=OPEN_DEADLINE,
                ping_interval=None,  # the player sends its own
                max_size=None,
                max_queue=None,
                write_limit=2**30,  # a send never waits for the server to read
            )
        except websockets.exceptions.InvalidStatusCode as error:
            raise Refused(error.status_code) from error
        assert isinstance(ws, _Protocol)
        self._ws = ws
        ws.on_pong = lambda data: self.deliver("pong", data)
        self._reader = asyncio.create_task(self._read(ws))

    async def _read(self, ws: _Protocol) -> None:
        try:
            while True:
                data = await ws.recv()
                await self.deliver("text" if isinstance(data, str) else "binary", data)
        except websockets.exceptions.ConnectionClosed:
            pass
        if ws.close_rcvd:
            self.ended(ws.close_rcvd.code, ws.close_rcvd.reason)
        elif ws.close_sent and ws.close_sent.code != 1000:
            self.ended(1006, f"the client closed it with {ws.close_sent}")
        else:
            self.ended(1006, "the connection broke")

    async def send_text(self, text: str) -> None:
        await self._send(text)

    async def send_binary(self, data: bytes) -> None:
        await self._send(data)

    async def _send(self, data: str | bytes) -> None:
        self.last_sent = time.monotonic()
        try:
            await self._connection.send(data)
        except websockets.exceptions.ConnectionClosed:
            pass  # the steps that follow see how it ended

    async def send_raw(self, data: bytes) -> None:
        self.last_sent = time.monotonic()
        self._connection.transport.write(data)

    async def round_trip(self) -> None:
        if not self.is_open or not self.reading:
            return
        try:
            await asyncio.wait_for(await self._connection.ping(), OPEN_DEADLINE)
        except (websockets.exceptions.ConnectionClosed, asyncio.CancelledError):
            if self._connection.open:
                raise
        except asyncio.TimeoutError:
            self._record(self.name, "gets no pong", f"within {OPEN_DEADLINE:g} s")

    async def disconnect(self, code: int) -> str | None:
        was_open = self.is_open
        self.left = True
        self.set_reading(True)
        await self._connection.close(code)
        if self._reader:
            await self._reader
        answer = self._connection.close_rcvd
        if was_open and (answer is None or answer.code != code):
            return f"its close frame {code} was answered by {answer or 'nothing'}"
        return None

    async def vanish(self) -> None:
        self.left = True
        transport = self._connection.transport
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        transport.abort()
        if self._reader:
            await self._reader

    def set_reading(self, on: bool) -> None:
        transport = self._connection.transport
        if on and not self.reading:
            transport.resume_reading()
        elif not on and self.reading:
            transport.pause_reading()
        self.reading = on
