"""All servers that are one chat: one of its own, or several that meet in Redis."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import Iterable
from pathlib import Path

from .redis import Proxy, Redis
from .server import Server


class Cluster:
    """The servers; clients come to one of them by chance, and each time to another."""

    def __init__(self, servers: list[Server], seed: int) -> None:
        self.servers = servers
        self._random = random.Random(seed)

    async def port(self) -> int:
        """Where one of those that listen does; waits until one does."""
        while not (up := [each for each in self.servers if each.listens]):
            await asyncio.sleep(0.01)
        return await self._random.choice(up).port()

    async def start(self) -> None:
        """Starts all."""
        await asyncio.gather(*(each.start() for each in self.servers))

    async def end(self) -> None:
        """Ends all, and waits for that."""
        await asyncio.gather(*(each.end(signal.SIGTERM) for each in self.servers))

    @property
    def starts(self) -> int:
        """Of processes."""
        return sum(each.starts for each in self.servers)

    @property
    def deaths(self) -> list[str]:
        """That nobody asked for."""
        return [death for each in self.servers for death in each.deaths]

    @property
    def log(self) -> Iterable[str]:
        """The last lines of each."""
        return [line for each in self.servers for line in list(each.log)[-5:]]


class Meeting:
    """A Redis, and the way of each server to it."""

    def __init__(self, folder: Path, count: int) -> None:
        self.redis = Redis(folder)
        self.proxies = [Proxy(self.redis.socket, folder / f"way-{i}.sock") for i in range(count)]

    async def start(self) -> None:
        """Starts it, and opens the ways."""
        await self.redis.start()
        for proxy in self.proxies:
            await proxy.start()

    async def stop(self) -> None:
        """Ends all."""
        for proxy in self.proxies:
            await proxy.stop()
        await self.redis.end(signal.SIGTERM)
