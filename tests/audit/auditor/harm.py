"""What is done to the clients and to the server: a plan made of a seed, and its execution."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .cluster import Cluster, Meeting
from .disk import Disk, Quota
from .member import Member
from .redis import Redis
from .server import Server, ServerError

# How often a minute, for how long (seconds), and what it is.
KINDS = {
    "tear": (40, (0, 0), "a connection is reset"),
    "deaf": (30, (0.02, 0.3), "a client reads nothing, and its connection is reset: acks are lost"),
    "tear_all": (3, (0, 0), "all connections are reset at once"),
    "away": (8, (0.5, 5), "a client's connection is reset, and it comes back later"),
    "freeze": (15, (0.5, 5), "a client reads nothing"),
    "kill": (10, (0, 0.3), "kill -9, and the server is started again"),
    "stop": (1, (0, 0.3), "SIGTERM, and the server is started again"),
    "night": (1, (1.5, 2.5), "everybody leaves, all servers are killed and started, and they come back later"),
    "disk": (3, (0.5, 2), "the disk of the database is full"),
    "pause": (4, (0.3, 5), "SIGSTOP of a server"),
    "sleep": (0.5, (10.5, 13), "SIGSTOP of a server, for longer than its lease"),
    "cut": (4, (0.3, 5), "a server's connections to Redis end, and it gets no new ones"),
    "hush": (2, (0.5, 8), "a server hears nothing from Redis, and Redis nothing from it"),
    "cut_all": (1, (0.3, 4), "the same as a cut, of all servers"),
    "redis_kill": (1, (0, 1), "kill -9 of Redis, and it is started again"),
    "redis_stop": (1, (0, 1), "SIGTERM to Redis, and it is started again"),
    "redis_freeze": (1, (0.3, 7), "SIGSTOP of Redis"),
    "redis_pause": (2, (0.3, 3), "CLIENT PAUSE"),
    "empty": (2, (0, 1), "kill -9 of Redis, and it comes back with nothing"),
}
HASTE = 5  # one restart in so many doesn't wait for the clients to be back from the one before
PATIENCE = 10.0  # seconds for which the others do
SLACK = 1.0  # seconds before and after a trouble in which messages may have been refused
RETURN = 5.0  # seconds afterwards in which a server comes back to Redis: it tries every 2 s, and then has to hear


@dataclass(frozen=True)
class Blow:
    """One thing that is done."""

    at: float
    kind: str
    who: int  # the number of the client, where it's a client
    lasting: float

    def __str__(self) -> str:
        lasting = f" for {self.lasting:.1f} s" if self.lasting else ""
        return f"{self.at:.2f} s {self.kind}{lasting}"


def make_plan(
    seed: int,
    seconds: float,
    clients: int,
    kinds: list[str],
    kills: int | None = None,
    times: float = 1.0,
) -> list[Blow]:
    """The same for the same arguments. `times`: so many times as much as KINDS says."""
    rng, plan = random.Random(seed), []
    for kind in sorted(kinds):
        rate, (least, most), _ = KINDS[kind]
        count = max(1, round(times * rate * seconds / 60))
        if kind == "kill" and kills is not None:
            count = kills
        # One in each stretch, at a random moment: random, and yet never three at once.
        for i in range(count):
            at = (i + rng.random()) * seconds / count
            plan.append(Blow(at, kind, rng.randrange(clients), round(rng.uniform(least, most), 3)))
    return sorted(plan, key=lambda blow: blow.at)


class Harm:
    """Carries a plan out."""

    def __init__(
        self, cluster: Cluster, members: list[Member], clock: Callable[[], float],
        disk: Disk | Quota | None = None, meeting: Meeting | None = None,
    ) -> None:  # fmt: skip
        self._cluster, self._members, self._clock = cluster, members, clock
        self._disk, self._meeting = disk, meeting
        self._ends_server = [asyncio.Lock() for _ in cluster.servers]
        self._harms_redis = asyncio.Lock()
        self._way_is_harmed = [asyncio.Lock() for _ in cluster.servers]
        self._lasting: set[asyncio.Task[None]] = set()
        self._in_trouble = 0
        self.done: Counter[str] = Counter()
        self.refused_starts: list[str] = []  # in a trouble
        self.troubles: list[tuple[float, float]] = []

    async def run(self, plan: list[Blow], begin: float) -> None:
        """Blow by blow, at their times after `begin`; what lasts goes on beside the next."""
        for blow in plan:
            await asyncio.sleep(max(0.0, begin + blow.at - self._clock()))
            task = asyncio.create_task(self._strike(blow))
            self._lasting.add(task)
        await asyncio.gather(*self._lasting)

    async def _strike(self, blow: Blow) -> None:
        member = self._members[blow.who]
        if blow.kind == "tear":
            member.tear()
        elif blow.kind == "tear_all":
            for each in self._members:
                each.tear()
        elif blow.kind == "deaf":
            await member.turn_deaf(blow.lasting)
        elif blow.kind == "away":
            member.stay_away(blow.lasting)
        elif blow.kind == "freeze":
            await member.freeze(blow.lasting)
        elif blow.kind == "disk" and self._disk:
            await self._fill(blow.lasting, self._disk)
        elif blow.kind in ("kill", "stop", "night", "pause", "sleep"):
            await self._strike_server(blow, blow.who % len(self._cluster.servers))
        elif self._meeting:
            await self._strike_redis(blow, self._meeting)
        self.done[blow.kind] += 1

    async def _strike_server(self, blow: Blow, which: int) -> None:
        if blow.kind == "night":
            for each in self._members:
                each.stay_away(blow.lasting)
            await asyncio.gather(
                *(self._restart(Blow(blow.at, "kill", blow.who, 0), each)
                  for each in range(len(self._cluster.servers)))
            )  # fmt: skip
        elif blow.kind in ("kill", "stop"):
            await self._restart(blow, which)
        else:
            server = self._cluster.servers[which]
            async with self._ends_server[which]:
                await self._last(blow.lasting, server.freeze)

    async def _restart(self, blow: Blow, which: int) -> None:
        server = self._cluster.servers[which]
        async with self._ends_server[which]:
            if blow.who % HASTE:
                await self._until_most_are_in(server)
            await server.end(signal.SIGKILL if blow.kind == "kill" else signal.SIGTERM)
            await asyncio.sleep(blow.lasting)
            await self.start(server)

    async def _until_most_are_in(self, server: Server) -> None:
        """A server that nobody talks to has nothing to lose: on a slow machine the harm waits."""
        deadline = self._clock() + PATIENCE
        while self._clock() < deadline and server.pid is not None:
            if 2 * sum(member.connected for member in self._members) > len(self._members):
                return
            await asyncio.sleep(0.02)

    async def nurse(self) -> None:
        """Starts servers again that ended by themselves, so that the audit goes on."""
        await asyncio.gather(*(self._nurse(i) for i in range(len(self._cluster.servers))))

    async def _nurse(self, which: int) -> None:
        server = self._cluster.servers[which]
        while True:
            await server.died.wait()
            server.died.clear()
            async with self._ends_server[which]:
                if server.pid is None:
                    await self.start(server)

    async def start(self, server: Server) -> None:
        """Starts it. One that refuses to start in a trouble is right to, and is asked again."""
        while True:
            begin = self._clock()
            try:
                await server.start()
                return
            except ServerError as error:
                if not self._in_trouble and not any(end > begin for _, end in self.troubles):
                    raise
                self.refused_starts.append(str(error))
                await asyncio.sleep(0.1)

    async def _fill(self, seconds: float, disk: Disk | Quota) -> None:
        server = self._cluster.servers[0]

        def fill(on: bool) -> None:
            (disk.fill if on else disk.free)(server.pid)

        await self._last(seconds, fill, SLACK)

    async def _strike_redis(self, blow: Blow, meeting: Meeting) -> None:
        which = blow.who % len(meeting.proxies)
        proxy = meeting.proxies[which]
        if blow.kind == "cut":
            async with self._way_is_harmed[which]:
                await self._last(blow.lasting, proxy.cut)
        elif blow.kind == "hush":
            async with self._way_is_harmed[which]:
                await self._last(blow.lasting, proxy.silence)
        elif blow.kind == "cut_all":
            async with contextlib.AsyncExitStack() as all_ways:
                for way in self._way_is_harmed:
                    await all_ways.enter_async_context(way)
                await self._last(
                    blow.lasting, lambda on: [each.cut(on) for each in meeting.proxies]
                )
        else:
            async with self._harms_redis:
                await self._harm_redis(blow, meeting.redis)

    async def _harm_redis(self, blow: Blow, redis: Redis) -> None:
        if blow.kind == "redis_freeze":
            await self._last(blow.lasting, redis.freeze)
        elif blow.kind == "redis_pause":
            with self._trouble(RETURN):
                await redis.ask(f"CLIENT PAUSE {round(1000 * blow.lasting)}")
                await asyncio.sleep(blow.lasting)
        else:
            with self._trouble(RETURN):
                await redis.end(signal.SIGTERM if blow.kind == "redis_stop" else signal.SIGKILL)
                if blow.kind == "empty":
                    redis.forget()
                await asyncio.sleep(blow.lasting)
                await redis.start()

    async def _last(
        self, seconds: float, switch: Callable[[bool], object], slack: float = RETURN
    ) -> None:
        """A trouble that goes on for a while."""
        with self._trouble(slack):
            switch(True)
            try:
                await asyncio.sleep(seconds)
            finally:
                switch(False)

    @contextlib.contextmanager
    def _trouble(self, slack: float) -> Iterator[None]:
        begin = self._clock() - SLACK
        self._in_trouble += 1
        try:
            yield
        finally:
            self._in_trouble -= 1
            self.troubles.append((begin, self._clock() + slack))
