"""One WebSocket connection that can also be torn and frozen."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from typing import Any, cast

import websockets.exceptions
from websockets.legacy.client import Connect, WebSocketClientProtocol

DEADLINE = 10.0  # seconds for a handshake, and for a goodbye
SMALL_BUFFER = 8192  # bytes; so that what a frozen client doesn't read soon waits in the server

ENDS = (OSError, asyncio.TimeoutError, websockets.exceptions.WebSocketException)


class Wire:
    """A connection to the chat; whatever ends it is one of ENDS."""

    def __init__(self, protocol: WebSocketClientProtocol) -> None:
        self._protocol = protocol
        self.frozen = False

    @classmethod
    async def open(cls, port: int, path: str) -> Wire:
        """Connects; `path` has its query with it."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setblocking(False)
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
            protocol = await Connect(
                f"ws://127.0.0.1:{port}{path}",
                sock=sock,
                compression=None,
                open_timeout=DEADLINE,
                close_timeout=DEADLINE,
                ping_interval=None,  # the server has its own
                max_size=None,
                max_queue=None,
                write_limit=2**30,  # a send never waits for the server to read
            )
        except BaseException:
            sock.close()
            raise
        return cls(cast(WebSocketClientProtocol, protocol))

    async def send(self, text: str) -> None:
        """Puts a text on its way."""
        await self._protocol.send(text)

    async def receive(self) -> dict[str, Any]:
        """The next frame."""
        return cast(dict[str, Any], json.loads(await self._protocol.recv()))

    def tear(self) -> None:
        """Ends it with a reset, as when a cable is pulled and the peer finds out."""
        transport = self._protocol.transport
        sock = transport.get_extra_info("socket")
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass  # it has ended
        transport.abort()

    def freeze(self, on: bool) -> None:
        """Stops reading, or goes on."""
        transport = self._protocol.transport
        if on != self.frozen and not transport.is_closing():
            (transport.pause_reading if on else transport.resume_reading)()
        self.frozen = on

    async def close(self) -> None:
        """Says goodbye."""
        self.freeze(False)
        await self._protocol.close()

    @property
    def end(self) -> str:
        """How it ended."""
        close = self._protocol.close_rcvd
        return f"closed with {close.code} {close.reason}".strip() if close else "the connection broke"
