"""What is done to the clients and to the server: a plan made of a seed, and its execution."""

from __future__ import annotations

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from .disk import Disk, Quota
from .member import Member
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
    "night": (1, (1.5, 2.5), "everybody leaves, the server is killed and started, and they come back later"),
    "disk": (3, (0.5, 2), "the disk of the database is full"),
}
HASTE = 5  # one restart in so many doesn't wait for the clients to be back from the one before
PATIENCE = 10.0  # seconds for which the others do
SLACK = 1.0  # seconds before and after a full disk in which messages may have been refused


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
        self, server: Server, members: list[Member], disk: Disk | Quota | None,
        clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self._server, self._members, self._disk, self._clock = server, members, disk, clock
        self._ends_server = asyncio.Lock()
        self._lasting: set[asyncio.Task[None]] = set()
        self._full = False
        self.done: Counter[str] = Counter()
        self.refused_starts: list[str] = []  # while the disk was full
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
        elif blow.kind in ("kill", "stop"):
            await self._restart(blow)
        elif blow.kind == "night":
            for each in self._members:
                each.stay_away(blow.lasting)
            await self._restart(Blow(blow.at, "kill", blow.who, 0))
        elif blow.kind == "disk" and self._disk:
            await self._fill(blow.lasting, self._disk)
        self.done[blow.kind] += 1

    async def _restart(self, blow: Blow) -> None:
        async with self._ends_server:
            if blow.who % HASTE:
                await self._until_most_are_in()
            await self._server.end(signal.SIGKILL if blow.kind == "kill" else signal.SIGTERM)
            await asyncio.sleep(blow.lasting)
            await self.start()

    async def _until_most_are_in(self) -> None:
        """A server that nobody talks to has nothing to lose: on a slow machine the harm waits."""
        deadline = self._clock() + PATIENCE
        while self._clock() < deadline and self._server.pid is not None:
            if 2 * sum(member.connected for member in self._members) > len(self._members):
                return
            await asyncio.sleep(0.02)

    async def nurse(self) -> None:
        """Starts a server again that ended by itself, so that the audit goes on."""
        while True:
            await self._server.died.wait()
            self._server.died.clear()
            async with self._ends_server:
                if self._server.pid is None:
                    await self.start()

    async def start(self) -> None:
        """Starts the server. One that refuses to start on a full disk is right to, and is asked again."""
        while True:
            begin = self._clock()
            try:
                await self._server.start()
                return
            except ServerError as error:
                if not self._full and not any(end > begin for _, end in self.troubles):
                    raise
                self.refused_starts.append(str(error))
                await asyncio.sleep(0.1)

    async def _fill(self, seconds: float, disk: Disk | Quota) -> None:
        begin = self._clock() - SLACK
        self._full = True
        disk.fill(self._server.pid)
        await asyncio.sleep(seconds)
        disk.free(self._server.pid)
        self._full = False
        self.troubles.append((begin, self._clock() + SLACK))
