"""scripts/cluster.sh, as somebody uses it at a terminal: two servers that are one chat, of which one is killed."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import subprocess
import unittest

import websockets
from nginx_case import PROGRAM, ROOT, free_port

DEADLINE = 60  # seconds


class Terminal:
    """The script, with a terminal to press keys at."""

    def __init__(self, servers: int) -> None:
        self.port = free_port()
        self.keys, keyboard = pty.openpty()
        self.script = subprocess.Popen(
            [ROOT / "scripts/cluster.sh", str(servers)],
            env={**os.environ, "PORT": str(self.port), "CHAPTER08": str(PROGRAM)},
            stdin=keyboard, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        os.close(keyboard)

    async def start(self) -> None:
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), self.script.stderr
        )
        self.lines = reader

    async def says(self, pattern: str) -> re.Match[str]:
        while True:
            line = (await asyncio.wait_for(self.lines.readline(), DEADLINE)).decode()
            if not line:
                raise AssertionError(f"it ended before it said {pattern}")
            if found := re.search(pattern, line):
                return found

    def press(self, key: str) -> None:
        os.write(self.keys, key.encode())

    async def has_ended(self) -> int:
        return await asyncio.to_thread(self.script.wait, DEADLINE)

    def close(self) -> None:
        if self.script.poll() is None:
            self.script.terminate()
            self.script.wait(DEADLINE)
        self.script.stderr.close()
        os.close(self.keys)


class Cluster(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        self.terminal = Terminal(2)
        self.addCleanup(self.terminal.close)
        await self.terminal.start()
        self.ports = [(await self.terminal.says(rf"server {n}: http://127.0.0.1:(\d+)"))[1] for n in (1, 2)]
        await self.terminal.says("Keys:")

    async def join(self, port: int | str, name: str, since: str = "") -> websockets.WebSocketClientProtocol:
        socket = await asyncio.wait_for(
            websockets.connect(f"ws://127.0.0.1:{port}/ws/chat/{name}{since}"), DEADLINE
        )
        self.addAsyncCleanup(socket.close)
        return socket

    async def hears(self, socket: websockets.WebSocketClientProtocol, wanted: str) -> dict:
        """The first frame that has these words."""
        while True:
            text = await asyncio.wait_for(socket.recv(), DEADLINE)
            if wanted in text:
                return json.loads(text)

    async def test_a_server_is_killed_and_started_with_a_key_and_nothing_is_lost(self) -> None:
        ann = await self.join(self.ports[0], "Ann")
        welcome = await self.hears(ann, '"welcome"')
        bob = await self.join(self.ports[1], "Bob")
        await self.hears(bob, '"welcome"')
        await ann.send(json.dumps({"message": "from one to the other"}))
        await self.hears(bob, "from one to the other")
        seen = await self.hears(ann, "from one to the other")

        self.terminal.press("1")
        await self.terminal.says("server 1 is dead")
        with self.assertRaises(websockets.ConnectionClosed):
            await self.hears(ann, "nothing like that")
        await bob.send(json.dumps({"message": "while you were away"}))
        await self.hears(bob, "while you were away")
        carol = await self.join(self.terminal.port, "Carol")  # nginx finds the one that lives
        await self.hears(carol, '"welcome"')

        self.terminal.press("1")
        again = await self.terminal.says(r"server 1: http://127.0.0.1:(\d+)")
        self.assertEqual(again[1], self.ports[0])
        ann = await self.join(self.ports[0], "Ann", f"?since={welcome['epoch']}:{seen['seq']}")
        missed = await self.hears(ann, '"history"')
        self.assertEqual([each["message"] for each in missed["messages"]], ["while you were away"])
        self.assertTrue(missed["recovered"])

        self.terminal.press("q")
        self.assertEqual(await self.terminal.has_ended(), 0)
        for port in (self.terminal.port, *self.ports):
            with self.assertRaises(OSError):
                await asyncio.open_connection("127.0.0.1", int(port))


if __name__ == "__main__":
    unittest.main()
