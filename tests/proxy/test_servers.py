"""Three servers behind nginx, as the FAQ says it, that meet in Redis: each is restarted while people talk."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import time
import unittest
import uuid

import websockets
from nginx_case import DEADLINE, FAQ, NAME, PROGRAM, ROOT, NginxCase, free_port, listens

REDIS = shutil.which("redis-server", path=f"/usr/bin:{ROOT}/build/tools/usr/bin")
SERVERS = 3
MEMBERS = 6


class Member:
    """A client that keeps what it sent until it's acknowledged, and comes back where it was."""

    def __init__(self, case: Servers, name: str) -> None:
        self.case, self.name = case, name
        self.waiting: dict[str, str] = {}
        self.acknowledged: set[str] = set()
        self.seen: list[str] = []
        self.position: tuple[str, int] | None = None
        self.gaps: list[dict] = []
        self.connections = 0
        self.socket = None

    async def live(self) -> None:
        while True:
            since = "?since={}:{}".format(*self.position) if self.position else ""
            try:
                async with self.case.connect(f"/ws/chat/{self.name}{since}") as self.socket:
                    self.connections += 1
                    for each in list(self.waiting):
                        await self.send(each)
                    async for frame in self.socket:
                        self.receive(json.loads(frame))
            except (OSError, websockets.WebSocketException, asyncio.TimeoutError):
                pass
            self.socket = None
            await asyncio.sleep(0.05)

    async def send(self, each: str) -> None:
        await self.socket.send(json.dumps({"type": "message", "id": each, "message": self.waiting[each]}))

    async def say(self, text: str) -> None:
        each = str(uuid.uuid4())
        self.waiting[each] = text
        if self.socket:
            try:
                await self.send(each)
            except websockets.ConnectionClosed:
                pass  # it's sent again

    def receive(self, frame: dict) -> None:
        if frame.get("event") == "welcome" and self.position is None:
            self.position = frame["epoch"], frame["seq"]
        elif frame["type"] == "message":
            self.show(frame)
        elif frame["type"] == "history":
            if not frame["recovered"]:
                self.gaps.append(frame)
            for each in frame["messages"]:
                self.show(each)
        elif frame["type"] == "ack":
            self.waiting.pop(frame["id"], None)
            self.acknowledged.add(frame["id"])

    def show(self, message: dict) -> None:
        epoch, seq = self.position
        if message["seq"] <= seq:
            return
        if message["seq"] > seq + 1:
            self.gaps.append(message)
        self.position = epoch, message["seq"]
        self.seen.append(message["id"])


@unittest.skipIf(REDIS is None, "redis-server is missing: scripts/lib/setup.sh test")
class Servers(NginxCase):
    configuration = FAQ / "nginx_servers.conf"

    def serve_all(self) -> None:
        """Redis, the servers, and nginx in front of them."""
        self.redis = self.folder / "redis.sock"
        redis = self.start(
            REDIS, "--port", "0", "--unixsocket", self.redis, "--dir", self.folder, "--save", "", "--appendonly", "no",
        )  # fmt: skip
        self.assertTrue(self.wait_for(self.redis.exists, redis), self.log.read_text())
        self.ports = [free_port() for _ in range(SERVERS)]
        self.servers = [self.start_server(port) for port in self.ports]
        self.start_nginx({f"127.0.0.1:800{i + 1}": f"127.0.0.1:{port}" for i, port in enumerate(self.ports)}, {})

    def start_server(self, port: int) -> subprocess.Popen:
        server = self.start(
            PROGRAM, "--port", str(port), "--redis", f"unix://{self.redis}", "--proxy-headers", "--allowed-host", NAME,
            "--message-rate", "0", "--max-connections-per-address", "0",
        )  # fmt: skip
        self.assertTrue(self.wait_for(lambda: listens(port), server), self.log.read_text())
        return server

    async def until(self, done) -> None:
        deadline = time.monotonic() + 3 * DEADLINE
        while not done():
            self.assertLess(time.monotonic(), deadline, self.log.read_text()[-2000:])
            await asyncio.sleep(0.02)

    async def restart(self, number: int) -> None:
        server = self.servers[number]
        server.terminate()
        self.assertEqual(await asyncio.to_thread(server.wait, DEADLINE), 0)
        self.servers[number] = await asyncio.to_thread(self.start_server, self.ports[number])

    async def talk(self, members: list[Member]) -> None:
        for number in range(1_000_000):
            for member in members:
                await member.say(f"{member.name} {number}")
            await asyncio.sleep(0.02)

    async def test_a_rolling_restart_loses_nothing(self):
        self.serve_all()
        members = [Member(self, f"Member{i}") for i in range(MEMBERS)]
        tasks = [asyncio.create_task(member.live()) for member in members]
        await self.until(lambda: all(member.position for member in members))
        talking = asyncio.create_task(self.talk(members))
        for number in range(SERVERS):
            said = len(members[0].seen)
            await self.restart(number)
            await self.until(lambda before=said: all(len(member.seen) > before + 20 for member in members))
        talking.cancel()
        await self.until(lambda: not any(member.waiting for member in members))
        last = max(member.position[1] for member in members)
        await self.until(lambda: all(member.position[1] == last for member in members))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.assertGreater(sum(member.connections for member in members), MEMBERS, "nobody had to come back")
        acknowledged = set().union(*(member.acknowledged for member in members))
        for member in members:
            self.assertEqual(member.gaps, [])
            self.assertEqual(len(member.seen), len(set(member.seen)))
            self.assertEqual(set(member.seen[-len(members[0].seen):]) - acknowledged, set())
            self.assertEqual(acknowledged - set(member.seen), set())
        shortest = min(len(member.seen) for member in members)
        self.assertEqual(len({tuple(member.seen[-shortest:]) for member in members}), 1, "all see one order")

    def test_a_server_that_is_down_is_left_out(self):
        self.serve_all()
        self.servers[0].kill()
        self.servers[0].wait(DEADLINE)
        for _ in range(2 * SERVERS):
            response = self.get("/health/ready")
            self.assertEqual((response.status, json.loads(response.read())), (200, {"status": "ready"}))


if __name__ == "__main__":
    unittest.main()
