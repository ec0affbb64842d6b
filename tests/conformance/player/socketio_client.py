"""A client that speaks Socket.IO: the same words as events.

A path becomes a namespace and a name (`/ws` is the namespace `/echo`, `/ws/chat/Alice` is the
default namespace with `auth={"username": "Alice"}`, a query stays one); a frame's `type` becomes
the event's name, its other fields the event's data.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from typing import Any
from urllib.parse import unquote

import socketio
import socketio.exceptions

from .client import OPEN_DEADLINE, Client, Record, Refused


class SocketIOClient(Client):
    """One Socket.IO connection over the WebSocket transport."""

    def __init__(self, name: str, record: Record) -> None:
        super().__init__(name, record)
        self._sio = socketio.AsyncClient(reconnection=False, handle_sigint=False)
        self._namespace = "/"

    async def connect(self, port: int, path: str, headers: dict[str, str]) -> None:
        self.last_sent = time.monotonic()
        path, _, query = path.partition("?")
        parts = path.strip("/").split("/")
        self._namespace = "/echo" if parts == ["ws"] else "/"
        self._sio.on("*", self._event, namespace=self._namespace)
        self._sio.on("disconnect", self._disconnected, namespace=self._namespace)
        refused = asyncio.get_running_loop().create_future()
        self._sio.on("connect_error", refused.set_result, namespace=self._namespace)
        connecting = asyncio.create_task(
            self._sio.connect(
                f"http://127.0.0.1:{port}?{query}",
                headers=headers,
                auth={"username": unquote(parts[2])} if len(parts) > 2 else None,
                transports=["websocket"],
                namespaces=[self._namespace],
                wait_timeout=OPEN_DEADLINE,
            )
        )
        # By itself, connect() notices a refusal only when its time is up.
        await asyncio.wait({connecting, refused}, return_when=asyncio.FIRST_COMPLETED)
        if refused.done():
            # Python 3.11's wait_for() may overlook one cancellation.
            while not connecting.done():
                connecting.cancel()
                await asyncio.wait({connecting}, timeout=0.01)
            await asyncio.gather(connecting, return_exceptions=True)
            await self._sio.disconnect()
            raise Refused(403)
        try:
            await connecting
        except socketio.exceptions.ConnectionError as error:
            raise Refused(403) from error

    async def _event(self, event: str, *args: Any) -> None:
        data = args[0] if args else None
        if isinstance(data, dict):
            await self.deliver("json", {"type": event} | data)
        else:
            await self.deliver("binary" if isinstance(data, bytes) else "text", data)

    async def _disconnected(self) -> None:
        self.ended(1006 if not self.left else 1000, "disconnected")

    async def send_text(self, text: str) -> None:
        try:
            data = json.loads(text)
        except json.JSONDecodeError:
            data = text
        event = "message"
        if isinstance(data, dict) and isinstance(data.get("type"), str):
            event = data.pop("type")
        # What a handler returns, Socket.IO's acknowledgement, is asked for as a chat asks: by an id.
        has_id = isinstance(data, dict) and "id" in data
        await self._emit(event, data, self._acknowledged if has_id else None)

    async def _acknowledged(self, *returned: Any) -> None:
        if returned and isinstance(returned[0], dict):
            await self.deliver("json", {"type": "ack"} | returned[0])

    async def send_binary(self, data: bytes) -> None:
        await self._emit("message", data)

    async def _emit(self, event: str, data: Any, callback: Any = None) -> None:
        self.last_sent = time.monotonic()
        try:
            await self._sio.emit(event, data, namespace=self._namespace, callback=callback)
        except socketio.exceptions.SocketIOError:
            pass  # the steps that follow see how it ended

    async def send_raw(self, data: bytes) -> None:
        raise NotImplementedError("Socket.IO scenarios send no raw bytes; add `stacks:`")

    async def round_trip(self) -> None:
        """Socket.IO has no ping that a client may send: the player asks over HTTP instead."""

    async def disconnect(self, code: int) -> str | None:
        self.left = True
        await self._sio.disconnect()
        await asyncio.wait_for(self._sio.eio.wait(), OPEN_DEADLINE)
        return None

    async def vanish(self) -> None:
        self.left = True
        self._transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self._transport.abort()
        await asyncio.wait_for(self._sio.eio.wait(), OPEN_DEADLINE)
        await self._sio.eio.http.close()

    async def forget(self) -> None:
        await self._sio.eio.http.close()

    def set_reading(self, on: bool) -> None:
        if on and not self.reading:
            self._transport.resume_reading()
        elif not on and self.reading:
            self._transport.pause_reading()
        self.reading = on

    @property
    def _transport(self) -> Any:
        return self._sio.eio.ws._writer.transport
