"""Puts the planned loads on the stacks in turn, and collects what the load tool found."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

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
    """How many runs of the load tool a plan has."""
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
        finally:
            if server:
                await server.stop()
    return samples


async def _put_load(load: Load, stack: Stack, server: Server, tool: str) -> Sample:
    endpoint = stack.echo_options if load.kind in ("echo", "idle") else stack.chat_options
    assert server.process
    argv = [tool, load.mode, *endpoint(server.port), *load.command_options()]
    argv += ["--pid", str(server.process.pid), "--format", "json"]
    finished = await run(argv, load.patience + SLACK)
    if server.process.returncode is not None:
        return {"failed": "the server ended", "log": list(server.log)[-10:]}
    try:
        report = json.loads(finished.stdout)
    except ValueError:
        if finished.status in (-1, 1):  # too late, or not all of it could be opened
            return {"failed": explain(load, finished.stderr)}
        raise ServerError(f"{' '.join(argv)}\nended with {finished.status}: {finished.stderr}")
    return digest(load, report)


def explain(load: Load, stderr: str) -> str:
    """Why the load tool gave up, in few words."""
    opened = re.search(r"(\d+) of (\d+) connections are ready", stderr)
    if opened:
        return f"{int(opened[1]):,} of {int(opened[2]):,} connections opened in {load.patience} s"
    return stderr.removeprefix("chat_load: ").strip()


def digest(load: Load, report: dict[str, Any]) -> Sample:
    """What the report needs of the load tool's output."""
    server = report["server"]
    if load.kind == "idle":
        return {"kib": server.get("rss_kib_per_connection"), "problems": report["problems"]}
    traffic = report["traffic"]
    if load.kind == "stall":
        return _stall(report)
    return {
        "per_second": traffic["delivered_per_second"],
        # The server's CPU time comes in steps of 10 ms; of a step or two nothing can be told.
        "per_cpu_second": server["delivered_per_cpu_second"]
        if server.get("cpu_seconds", 0) >= 0.05
        else None,
        "p50_ms": traffic["latency"]["p50_ms"],
        "p99_ms": traffic["latency"]["p99_ms"],
        "max_ms": traffic["latency"]["max_ms"],
        "problems": report["problems"] + _of_the_client(report),
    }


def _of_the_client(report: dict[str, Any]) -> list[str]:
    server, client = report["server"].get("cpu_share", 0), report["client"]["cpu_share"]
    return ["the load tool was at its limit"] if client > max(server, 0.95) else []


def _stall(report: dict[str, Any]) -> Sample:
    traffic = report["traffic"]
    check, stalled = traffic["check"], traffic["stalled"]
    silence = traffic["longest_silence_ms"]
    # A room that froze holds messages that nobody has got; a slow one only lags behind.
    nobody_got = check["lost"] - check["lost_by_some"]
    return {
        "silence_ms": silence,
        "recovered": not (nobody_got > 0 and silence >= 1000),
        "closed_with": next(iter(stalled["codes"]), "") if stalled["closed"] else "",
        "problems": [],  # that messages are late or lost is what is shown here
    }
