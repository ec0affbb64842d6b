"""Plays one scenario against one server, step by step."""

from __future__ import annotations

import asyncio
import json
import time

from .http_request import build_request, send_request
from .outcome import Mismatch, Outcome
from .pattern import show
from .scenario import Scenario, Step
from .server import Server
from .steps import Steps

CLEAN_ANSWERS = 3  # a handler that is still saying goodbye needs some turns of the server's loop


class Player(Steps):
    """One performance of a scenario."""

    def __init__(
        self,
        scenario: Scenario,
        server: Server,
        expected_to_fail: bool,
        to_the_end: bool = False,
        transport: str = "websocket",
    ) -> None:
        """`to_the_end` goes on after a difference, and lets each step's effects come to rest."""
        super().__init__(scenario, server, expected_to_fail, transport)
        self._to_the_end = to_the_end

    async def play(self) -> Outcome:
        """Plays every step, then cleans up."""
        for self._step, step in enumerate(self.scenario.steps):
            if not await self._play_step(step) and not self._to_the_end:
                break
        else:
            await self._nothing_more()
        self._over = True
        await self._clean_up()
        if self._broken:
            lines = [f"    {line}" for line in dict.fromkeys(self._broken)]
            self.outcome.differences += ["against /asyncapi.json", *lines]
        self.outcome.seconds = time.monotonic() - self._began
        return self.outcome

    async def _play_step(self, step: Step) -> bool:
        try:
            await getattr(self, f"_do_{step.kind}")(step)
            return True
        except Mismatch as mismatch:
            lines = mismatch.lines
        except (OSError, asyncio.TimeoutError, NotImplementedError) as error:
            lines = [f"{type(error).__name__}: {error}"]
        finally:
            # A burst isn't waited for: what comes next is meant to happen in its midst.
            if self._to_the_end and not (step.kind == "send" and step.get("times")):
                await self._settle()
        self.outcome.mismatches[self._step] = lines
        where = f"line {step.line}, {step.text.splitlines()[0]}"
        self.outcome.differences += [where, *(f"    {line}" for line in lines)]
        return False

    async def _nothing_more(self) -> None:
        """After the last step nobody may have anything that no step expected."""
        await self._settle()
        for client in self._clients.values():
            if client.inbox and not client.left:
                line = f"    {client.name} received {show(client.take().value, 400)}"
                self.outcome.differences += ["after the last step", line]
            elif client.ending and not client.left:
                how = f"{client.ending.code} {client.ending.reason}"
                line = f"    {client.name} was closed with {how}"
                self.outcome.differences += ["after the last step", line]

    async def _clean_up(self) -> None:
        """Everybody leaves; a server that still counts somebody has left a ghost."""
        for client in self._clients.values():
            if not client.left and client.ending is None:
                await client.disconnect(1000)
        if not self.scenario.ends_without_server and self.server.is_running:
            await self._count_nobody(self.server)
        if self.server.other and self.server.other.is_running:
            await self._count_nobody(self.server.other)

    async def _count_nobody(self, server: Server) -> None:
        deadline = time.monotonic() + self._patience
        clean = 0
        while clean < CLEAN_ANSWERS and time.monotonic() < deadline:
            answer = await send_request(server.port, build_request("GET", "/ws/status", {}))
            if server.chapter and answer.status in (400, 404):
                return  # this chapter's program counts nobody
            status = json.loads(answer.body)
            users = [] if server.chapter else status["connected_users"]
            users = status.get("connected_users", users)
            nobody = status["connected_count"] == 0 and users == []
            clean = clean + 1 if nobody else 0
        if clean:
            return
        self.outcome.left_behind = True
        self.outcome.differences += [
            "after everybody left",
            f"    the server still counts {status['connected_count']} connections"
            f" and the users {show(users)}",
        ]
