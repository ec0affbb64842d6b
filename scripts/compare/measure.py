"""Puts the planned loads on the stacks in turn, and collects what the load tool found."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

from .digest import digest, explain, fell, unite
from .machine import Others
from .plan import Load, Plan, Visit
from .processes import run
from .progress import Progress
from .stacks import STACKS, Server, ServerError, Stack

Sample = dict[str, Any]
Samples = dict[str, dict[str, list[Sample]]]  # by load, by stack, in the order of rounds

SLACK = 60.0  # seconds that the load tool may take beyond the times that it was given


def visits_in_order(plan: Plan) -> Iterator[tuple[int, Visit, Stack]]:
    """A round of all stacks, then the next: what disturbs the machine disturbs each alike."""
    for number in range(1, plan.rounds + 1):
        for visit in plan.visits:
            if number <= visit.rounds:
                for stack in STACKS:
                    yield number, visit, stack


def count_steps(plan: Plan) -> int:
    """How many measurements a plan has."""
    return sum(len(visit.loads) for _, visit, _ in visits_in_order(plan))


async def measure(plan: Plan, tool: str, progress: Progress) -> Samples:
    """Measures; one server runs at a time, so that none takes another's processor."""
    samples: Samples = {load.name: {stack.name: [] for stack in STACKS} for load in plan.loads}
    this_task = asyncio.current_task()
    for number, visit, stack in visits_in_order(plan):
        server = None
        try:
            for load in visit.loads:
                # asyncio.wait_for before Python 3.12 may have swallowed the cancellation.
                if this_task and this_task.cancelling():
                    raise asyncio.CancelledError
                of_stack = samples[load.name][stack.name]
                where = f"round {number} of {visit.rounds}, " if visit.rounds > 1 else ""
                progress.step(f"{where}{stack.title}: {load.title}")
                if any("failed" in sample for sample in of_stack):
                    continue  # it took all the time it had, and would again
                server = server or await Server.start(stack.name, stack.settings)
                of_stack.append(await _put_load(load, stack, server, tool))
                if "failed" in of_stack[-1]:
                    await server.stop()  # the next load must not meet what is left of this one
                    server = None
                if load.kind == "offered" and fell(load, of_stack[-1]):
                    for _ in visit.loads[visit.loads.index(load) + 1 :]:
                        progress.step(f"{where}{stack.title}: fell at {load.title}")
                    break  # what is too much at this rate is too much at the next
        finally:
            if server:
                await server.stop()
    return samples


async def _put_load(load: Load, stack: Stack, server: Server, tool: str) -> Sample:
    samples = []
    for _ in range(load.waves):
        samples.append(await _run_tool(load, stack, server, tool))
        if "failed" in samples[-1]:
            break
    return unite(samples) if load.kind == "churn" else samples[0]


async def _run_tool(load: Load, stack: Stack, server: Server, tool: str) -> Sample:
    endpoint = stack.echo_options if load.kind in ("echo", "idle") else stack.chat_options
    assert server.process
    argv = [tool, load.mode, *endpoint(server.port), *load.command_options()]
    argv += ["--pid", str(server.process.pid), "--format", "json"]
    others = Others(server.process.pid)
    finished = await run(argv, load.patience + SLACK)
    if server.process.returncode is not None:
        return {"failed": "the server ended", "log": list(server.log)[-10:]}
    try:
        report = json.loads(finished.stdout)
    except ValueError:
        if finished.status in (-1, 1):  # too late, or not all of it could be opened
            return {"failed": explain(load, finished.stderr)}
        raise ServerError(f"{' '.join(argv)}\nended with {finished.status}: {finished.stderr}")
    return digest(load, report) | {"others": others.share()}
