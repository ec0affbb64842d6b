"""One audit: a server, its clients, the harm, and the judge's findings."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path

from .cluster import Cluster, Meeting
from .disk import Disk, Quota, make_disk
from .harm import Harm, make_plan
from .judge import Finding, Promise, judge
from .member import Member
from .notes import Diary
from .people import Talk, make_people
from .server import Server, ServerError, command

GATHER_DEADLINE = 120.0  # seconds until all clients are in all their conversations
SETTLE_DEADLINE = 120.0  # seconds until all is acknowledged, and everyone has all of it
AGREE_DEADLINE = 60.0  # seconds until everyone is told who is there: a lease is 10 s

CLIENT_HARM = ("tear", "deaf", "tear_all", "away", "freeze")
SERVER_HARM = ("kill", "stop", "night")
# Redis keeps what it has been told: `empty` isn't among them.
REDIS_HARM = (
    "pause", "sleep", "cut", "hush", "cut_all", "redis_kill", "redis_stop", "redis_freeze", "redis_pause",
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What an audit is to be."""

    program: Path
    seed: int
    database: bool = False
    workers: int = 1  # of each server
    servers: int = 0  # that meet in Redis; 0: there's one, without Redis
    seconds: float = 60.0
    clients: int = 20
    events: bool = False  # half of them by Server-Sent Events and POST
    rate: float = 150.0  # messages a second, of all together
    kinds: tuple[str, ...] = CLIENT_HARM + SERVER_HARM
    times: float = 1.0  # as much harm as KINDS says
    kills: int | None = None  # None: as many as KINDS says
    kept: int | None = None  # messages of each conversation that the server is told to keep
    options: tuple[str, ...] = ()  # further ones, for the server
    environment: dict[str, str] = field(default_factory=dict)  # the same


@dataclass
class Result:
    """What came of it."""

    plan: Plan
    diaries: list[Diary]
    findings: list[Finding]
    command: list[str]
    disk: str
    done: Counter[str]
    refused_starts: list[str]
    seconds: float
    settled_after: float
    latencies: list[float]  # seconds until the ack, of messages that needed one try
    delays: list[float]  # the same of the others


async def audit(plan: Plan) -> Result:
    """Runs it, and leaves nothing behind."""
    with tempfile.TemporaryDirectory(prefix="chat-audit-") as folder:
        database = Path(folder, "disk", "chat.db") if plan.database else None
        disk = None
        if database:
            database.parent.mkdir()
            disk = make_disk(database.parent) if "disk" in plan.kinds else None
        meeting = Meeting(Path(folder), plan.servers) if plan.servers else None
        try:
            return await _Run(plan, database, disk, meeting).run()
        finally:
            if disk:
                disk.close()


class _Run:
    def __init__(
        self, plan: Plan, database: Path | None, disk: Disk | Quota | None, meeting: Meeting | None
    ) -> None:
        self._plan, self._disk, self._meeting = plan, disk, meeting
        self._cluster = Cluster(self._make_servers(database), plan.seed)
        self._begin = time.monotonic()
        self._members = [
            Member(person, self._cluster, plan.seed + i, self._clock)
            for i, person in enumerate(make_people(plan.clients, plan.events))
        ]
        self._harm = Harm(self._cluster, self._members, self._clock, disk, meeting)
        self._trouble: list[Finding] = []

    def _make_servers(self, database: Path | None) -> list[Server]:
        plan, options = self._plan, list(self._plan.options)
        if plan.kept is not None:
            options += ["--history-messages", str(plan.kept)]
        if plan.workers != 1:
            options += ["--workers", str(plan.workers)]
        where: list[list[str]] = [[]]
        if self._meeting:
            where = [["--redis", f"unix://{proxy.socket}"] for proxy in self._meeting.proxies]
        return [
            Server(command(plan.program, database, options + redis), plan.environment)
            for redis in where
        ]

    def _clock(self) -> float:
        return time.monotonic() - self._begin

    async def run(self) -> Result:
        try:
            if self._meeting:
                await self._meeting.start()
            return await self._run()
        finally:
            await self._cluster.end()
            if self._meeting:
                await self._meeting.stop()

    async def _run(self) -> Result:
        await self._cluster.start()
        self._begin = time.monotonic()
        lives: list[asyncio.Task[None]] = []
        nurse = asyncio.create_task(self._harm.nurse())
        try:
            come = self._gather(lives)
            await self._in_time(come, GATHER_DEADLINE, "not all clients could come in")
            await self._talk_and_harm()
            quiet = self._clock()
            if all(server.pid is not None for server in self._cluster.servers):
                await self._in_time(self._settle(), SETTLE_DEADLINE, "not all could be settled")
                await self._in_time(self._agree(), AGREE_DEADLINE, "not all know who is there")
            settled_after = self._clock() - quiet
        finally:
            nurse.cancel()
            for life in lives:
                life.cancel()
            ends = await asyncio.gather(nurse, *lives, return_exceptions=True)
            await self._cluster.end()
        for end in ends:
            if not isinstance(end, asyncio.CancelledError):
                raise RuntimeError("a client failed") from end
        return self._result(settled_after)

    async def _gather(self, lives: list[asyncio.Task[None]]) -> None:
        """Users come first, then their other connections: where two come to two servers in one
        moment, neither server knows of the other one yet, and each begins an inbox."""
        users = {member.person.user: member for member in reversed(self._members)}
        first = [each for each in self._members if not each.person.user or users[each.person.user] is each]
        for members in first, [each for each in self._members if each not in first]:
            lives += [asyncio.create_task(member.live()) for member in members]
            while not all(member.connected for member in members):
                await asyncio.sleep(0.02)

    async def _talk_and_harm(self) -> None:
        plan, begin = self._plan, self._clock()
        blows = make_plan(
            plan.seed, plan.seconds, plan.clients, list(plan.kinds), plan.kills, plan.times
        )
        talk = asyncio.create_task(Talk(self._members, plan.rate, plan.seed).run())
        try:
            await self._harm.run(blows, begin)
            await asyncio.sleep(max(0.0, begin + plan.seconds - self._clock()))
        except ServerError as error:
            self._trouble.append(Finding("died", "the server did not start again", [str(error)]))
        finally:
            # wait_for of Python 3.11 swallows a cancellation that comes together with its result.
            while not talk.done():
                talk.cancel()
                await asyncio.wait((talk,), timeout=1)

    async def _settle(self) -> None:
        while any(len(member.outbox) for member in self._members):
            await asyncio.sleep(0.02)
        await asyncio.gather(*(member.settle() for member in self._members))
        readers = {name: member for member in self._members for name in member.diary.conversations}
        await asyncio.gather(*(member.look_back(name) for name, member in readers.items()))

    async def _agree(self) -> None:
        """Until all are told that all are there: the users of a server that was killed are
        still told to be on it for a while."""
        users = {member.person.user for member in self._members if member.person.user}
        while True:
            await asyncio.gather(*(member.look_around() for member in self._members))
            present = [member.present for member in self._members]
            if all(
                each and set(each.users) == users and each.connections == len(self._members)
                for each in present
            ):
                return
            await asyncio.sleep(0.1)

    async def _in_time(self, what: Awaitable[None], deadline: float, complaint: str) -> None:
        """A deadline that passes is a finding; the judge says what is missing."""
        try:
            await asyncio.wait_for(what, deadline)
        except asyncio.TimeoutError:
            log = list(self._cluster.log)
            self._trouble.append(Finding("late", f"{complaint} in {deadline:g} s", log))

    def _result(self, settled_after: float) -> Result:
        plan, empties = self._plan, self._harm.done["empty"]
        promise = Promise(
            durable=plan.database or (plan.servers > 0 and not empties),
            kept=plan.kept,
            many=plan.servers > 1 or plan.workers > 1,
            restarts=empties if plan.servers else self._cluster.starts - 1,
            troubles=tuple(self._harm.troubles),
        )
        for member in self._members:
            if member.present:
                member.diary.notes.append(member.present)
        diaries = [member.diary for member in self._members]
        seconds = self._clock()
        deaths = [Finding("died", each) for each in self._cluster.deaths]
        return Result(
            plan,
            diaries,
            [*deaths, *self._trouble, *judge(diaries, promise)],
            self._cluster.servers[0].command,
            self._disk.how if self._disk else "",
            self._harm.done,
            self._harm.refused_starts,
            seconds,
            settled_after,
            [each for member in self._members for each in member.latencies],
            [each for member in self._members for each in member.delays],
        )
