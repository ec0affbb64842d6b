"""The Redis of an audit, the ways to it, and how both are harmed."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
import unittest
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from auditor.audit import REDIS_HARM
from auditor.cluster import Cluster, Meeting
from auditor.harm import RETURN, SLACK, Blow, Harm
from auditor.member import Member
from auditor.redis import Proxy, RedisError
from auditor.server import Server

DEADLINE = 20  # seconds, for all that is waited for


class FakeServer:
    """A server that only says what was done to it."""

    def __init__(self, port: int, listens: bool = True) -> None:
        self.listens, self.pid, self.died = listens, 1, asyncio.Event()
        self._port = port
        self.done: list[str] = []

    async def port(self) -> int:
        return self._port

    async def start(self) -> None:
        self.done.append("start")

    async def end(self, how: signal.Signals) -> None:
        self.done.append(how.name)

    def freeze(self, on: bool) -> None:
        self.done.append("freeze" if on else "go on")


async def ask(proxy: Proxy, command: str) -> str:
    """What comes back on a new connection; empty: the connection ends."""
    try:
        reader, writer = await asyncio.open_unix_connection(proxy.socket)
    except OSError:
        return ""
    try:
        writer.write(command.encode() + b"\r\n")
        return (await asyncio.wait_for(reader.readline(), DEADLINE)).decode().strip()
    except OSError:
        return ""
    finally:
        writer.transport.abort()


class RedisTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="chat-audit-")
        self.addCleanup(folder.cleanup)
        self.meeting = Meeting(Path(folder.name), 2)
        self.redis, self.proxy = self.meeting.redis, self.meeting.proxies[0]
        self.addAsyncCleanup(self.meeting.stop)
        await self.meeting.start()

    async def test_keeps_what_it_was_told_until_it_has_to_forget(self) -> None:
        await self.redis.ask("SET key 17")
        for how in signal.SIGKILL, signal.SIGTERM:
            await self.redis.end(how)
            await self.redis.start()
            self.assertEqual((await self.redis.ask("STRLEN key")), ":2")
        await self.redis.end(signal.SIGKILL)
        self.redis.forget()
        await self.redis.start()
        self.assertEqual((await self.redis.ask("STRLEN key")), ":0")

    async def test_says_what_redis_refuses(self) -> None:
        with self.assertRaisesRegex(RedisError, "unknown command"):
            await self.redis.ask("NOSUCH")

    async def test_a_redis_that_is_frozen_answers_later_and_can_be_ended(self) -> None:
        self.redis.freeze(True)
        answer = asyncio.create_task(self.redis.ask("PING"))
        await asyncio.sleep(0.1)
        self.assertFalse(answer.done())
        self.redis.freeze(False)
        self.assertEqual(await asyncio.wait_for(answer, DEADLINE), "+PONG")
        self.redis.freeze(True)
        await asyncio.wait_for(self.redis.end(signal.SIGTERM), DEADLINE)

    async def test_a_way_that_is_cut_ends_connections_and_takes_none(self) -> None:
        self.assertEqual(await ask(self.proxy, "PING"), "+PONG")
        reader, writer = await asyncio.open_unix_connection(self.proxy.socket)
        writer.write(b"PING\r\n")
        await reader.readline()
        self.proxy.cut(True)
        self.assertEqual(await asyncio.wait_for(reader.read(), DEADLINE), b"")
        writer.transport.abort()
        self.assertEqual(await ask(self.proxy, "PING"), "")
        self.assertEqual(await ask(self.meeting.proxies[1], "PING"), "+PONG")
        self.proxy.cut(False)
        self.assertEqual(await ask(self.proxy, "PING"), "+PONG")

    async def test_a_way_that_is_silent_hands_on_later(self) -> None:
        self.proxy.silence(True)
        answer = asyncio.create_task(ask(self.proxy, "SET key 1"))
        await asyncio.sleep(0.1)
        self.assertFalse(answer.done())
        self.assertEqual(await self.redis.ask("STRLEN key"), ":0")
        self.proxy.silence(False)
        self.assertEqual(await asyncio.wait_for(answer, DEADLINE), "+OK")

    async def test_without_redis_a_way_leads_nowhere(self) -> None:
        await self.redis.end(signal.SIGKILL)
        self.assertEqual(await ask(self.proxy, "PING"), "")

    async def test_all_harm_is_made_good(self) -> None:
        servers = [FakeServer(1), FakeServer(2)]
        harm = self.make_harm(servers)
        kinds = [*REDIS_HARM, "empty", "kill", "stop"]
        begin = time.monotonic()
        await asyncio.wait_for(
            harm.run([Blow(0, kind, 6, 0.05) for kind in kinds], begin), 3 * DEADLINE
        )
        self.assertEqual(dict(harm.done), dict.fromkeys(kinds, 1))
        for proxy in self.meeting.proxies:
            self.assertEqual(await ask(proxy, "PING"), "+PONG")
        once = ["SIGKILL", "SIGTERM", "start", "start"]
        self.assertEqual(sorted(servers[0].done), sorted([*once, "freeze", "freeze", "go on", "go on"]))
        self.assertEqual(servers[1].done, [])

    async def test_tells_the_judge_when_messages_may_be_refused(self) -> None:
        harm = self.make_harm([FakeServer(1)])
        begin = time.monotonic()
        await harm.run([Blow(0, "cut", 0, 0.1)], begin)
        [(first, last)] = harm.troubles
        self.assertLessEqual(first, begin - SLACK + 0.1)
        self.assertGreaterEqual(last, begin + 0.1 + RETURN)

    def make_harm(self, servers: list[FakeServer]) -> Harm:
        cluster = Cluster(cast(list[Server], servers), seed=1)
        members = [cast(Member, SimpleNamespace(connected=True))] * 7
        return Harm(cluster, members, time.monotonic, meeting=self.meeting)


class ClusterTest(unittest.IsolatedAsyncioTestCase):
    async def test_clients_come_to_servers_that_listen(self) -> None:
        servers = [FakeServer(1), FakeServer(2, listens=False), FakeServer(3)]
        cluster = Cluster(cast(list[Server], servers), seed=1)
        self.assertEqual({await cluster.port() for _ in range(50)}, {1, 3})
        for server in servers:
            server.listens = False
        port = asyncio.create_task(cluster.port())
        await asyncio.sleep(0.05)
        self.assertFalse(port.done())
        servers[1].listens = True
        self.assertEqual(await asyncio.wait_for(port, DEADLINE), 2)


if __name__ == "__main__":
    unittest.main()
