"""One audit: a server, its clients, the harm, and the judge's findings."""

from __future__ import annotations

import asyncio
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from pathlib import Path

from .disk import Disk, Quota, make_disk
from .harm import Harm, make_plan
from .judge import Finding, Promise, judge
from .member import Member
from .notes import Diary
from .people import Talk, make_people
from .server import Server, ServerError, command

GATHER_DEADLINE = 120.0  # seconds until all clients are in all their conversations
SETTLE_DEADLINE = 120.0  # seconds until all is acknowledged, and everyone has all of it

CLIENT_HARM = ("tear", "deaf", "tear_all", "away", "freeze")
SERVER_HARM = ("kill", "stop", "night")


@dataclass(frozen=True)
class Plan:
    """What an audit is to be."""

    program: Path
    seed: int
    database: bool = False
    seconds: float = 60.0
    clients: int = 20
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
        try:
            return await _Run(plan, database, disk).run()
        finally:
            if disk:
                disk.close()


class _Run:
    def __init__(self, plan: Plan, database: Path | None, disk: Disk | Quota | None) -> None:
        self._plan, self._disk = plan, disk
        options = list(plan.options)
        if plan.kept is not None:
            options += ["--history-messages", str(plan.kept)]
        self._server = Server(command(plan.program, database, options), plan.environment)
        self._begin = time.monotonic()
        self._members = [
            Member(person, self._server, plan.seed + i, self._clock)
            for i, person in enumerate(make_people(plan.clients))
        ]
        self._harm = Harm(self._server, self._members, disk, self._clock)
        self._trouble: list[Finding] = []

    def _clock(self) -> float:
        return time.monotonic() - self._begin

    async def run(self) -> Result:
        await self._server.start()
        self._begin = time.monotonic()
        lives = [asyncio.create_task(member.live()) for member in self._members]
        nurse = asyncio.create_task(self._harm.nurse())
        try:
            await self._in_time(self._gather(), GATHER_DEADLINE, "not all clients could come in")
            await self._talk_and_harm()
            quiet = self._clock()
            if self._server.pid is not None:
                await self._in_time(self._settle(), SETTLE_DEADLINE, "not all could be settled")
            settled_after = self._clock() - quiet
        finally:
            nurse.cancel()
            for life in lives:
                life.cancel()
            ends = await asyncio.gather(nurse, *lives, return_exceptions=True)
            await self._server.end(signal.SIGTERM)
        for end in ends:
            if not isinstance(end, asyncio.CancelledError):
                raise RuntimeError("a client failed") from end
        return self._result(settled_after)

    async def _gather(self) -> None:
        while not all(member.connected for member in self._members):
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
            talk.cancel()
            await asyncio.gather(talk, return_exceptions=True)

    async def _settle(self) -> None:
        while any(len(member.outbox) for member in self._members):
            await asyncio.sleep(0.02)
        await asyncio.gather(*(member.settle() for member in self._members))
        readers = {name: member for member in self._members for name in member.diary.conversations}
        await asyncio.gather(*(member.look_back(name) for name, member in readers.items()))

    async def _in_time(self, what: Awaitable[None], deadline: float, complaint: str) -> None:
        """A deadline that passes is a finding; the judge says what is missing."""
        try:
            await asyncio.wait_for(what, deadline)
        except asyncio.TimeoutError:
            log = list(self._server.log)[-5:]
            self._trouble.append(Finding("late", f"{complaint} in {deadline:g} s", log))

    def _result(self, settled_after: float) -> Result:
        plan = self._plan
        promise = Promise(
            durable=plan.database,
            kept=plan.kept,
            restarts=self._server.starts - 1,
            troubles=tuple(self._harm.troubles),
        )
        diaries = [member.diary for member in self._members]
        seconds = self._clock()
        deaths = [Finding("died", each) for each in self._server.deaths]
        return Result(
            plan,
            diaries,
            [*deaths, *self._trouble, *judge(diaries, promise)],
            self._server.command,
            self._disk.how if self._disk else "",
            self._harm.done,
            self._harm.refused_starts,
            seconds,
            settled_after,
            [each for member in self._members for each in member.latencies],
            [each for member in self._members for each in member.delays],
        )
