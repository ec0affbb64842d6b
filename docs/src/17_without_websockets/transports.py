#!/usr/bin/python3
"""What a message costs by a WebSocket, and by a stream of events and POST: bytes, connections, time."""

import asyncio
import json
import os
import statistics
import time

PORT = int(os.getenv("PORT", "8000"))
MESSAGES = 300
FRAME = json.dumps({"message": "How are you today?"}).encode()
HOST = "Host: 127.0.0.1\r\n"


class Connection:
    """A TCP connection that counts its bytes."""

    up = down = count = 0  # of all

    @classmethod
    async def open(cls):
        self = cls()
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", PORT)
        Connection.count += 1
        return self

    def send(self, data: bytes) -> None:
        Connection.up += len(data)
        self.writer.write(data)

    async def read(self, size: int) -> bytes:
        Connection.down += size
        return await self.reader.readexactly(size)

    async def line(self, end: bytes = b"\r\n\r\n") -> bytes:
        data = await self.reader.readuntil(end)
        Connection.down += len(data)
        return data


# [websocket]
class WebSocket:
    async def open(self):
        self.one = await Connection.open()
        key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
        self.one.send(f"GET /ws/chat/Ada HTTP/1.1\r\n{HOST}{upgrade}{key}\r\n".encode())
        await self.one.line()
        await self.receive()

    async def say(self):
        # RFC 6455, section 5.2: a client masks what it sends.
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[i % 4] for i, byte in enumerate(FRAME))
        self.one.send(bytes([0x81, 0x80 | len(FRAME)]) + mask + masked)

    async def receive(self):
        size = (await self.one.read(2))[1]
        if size == 126:
            size = int.from_bytes(await self.one.read(2), "big")
        await self.one.read(size)
# [/websocket]


# [events]
class Events:
    async def open(self):
        self.stream, self.posts = await Connection.open(), await Connection.open()
        self.stream.send(f"GET /events/chat/Ada HTTP/1.1\r\n{HOST}\r\n".encode())
        await self.stream.line()
        event = await self.receive()
        welcome = json.loads(event.split(b"data: ")[1])
        head = f"POST /messages HTTP/1.1\r\n{HOST}Chat-Session: {welcome['session']}\r\n"
        self.post = f"{head}Content-Length: {len(FRAME)}\r\n\r\n".encode() + FRAME

    async def say(self):
        self.posts.send(self.post)

    async def receive(self):
        size = int(await self.stream.line(b"\r\n"), 16)
        return (await self.stream.read(size + 2)).strip()

    async def accepted(self):
        await self.posts.line()  # 202 has no body
# [/events]


async def measure(transport) -> None:
    Connection.up = Connection.down = Connection.count = 0
    await transport.open()
    opened = Connection.up, Connection.down
    times = []
    for _ in range(MESSAGES):
        begin = time.perf_counter()
        await transport.say()
        await transport.receive()
        times.append(time.perf_counter() - begin)
        if isinstance(transport, Events):
            await transport.accepted()
    up, down = ((total - first) / MESSAGES for total, first in zip((Connection.up, Connection.down), opened))
    print(f"{type(transport).__name__:9} connections {Connection.count}  to open {sum(opened)} bytes  "
          f"a message {up:.0f} up, {down:.0f} down  {1000 * statistics.median(times):.2f} ms")  # fmt: skip


async def main() -> None:
    for transport in WebSocket(), Events():
        await measure(transport)


if __name__ == "__main__":
    asyncio.run(main())
