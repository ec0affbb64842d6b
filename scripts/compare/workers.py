"""Several processes or threads: are they one chat, and what do they deliver?"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import websockets

from . import figures
from .processes import descendants, processor_ticks, run
from .stacks import CONFORMANCE, ROOT, UNLIMITED, ServerError
from player.redis_server import RedisServer  # found by stacks.py

ROUNDS = 2
TRIES = 6  # which worker gets a connection is luck, so one worker can get them all
MEMBERS = 12
LOST = 0.005  # share of the messages that an overloaded chat may bring too late
DEADLINE = 30.0
AGAIN = 0.1  # between two attempts to come in
CHAPTERS = ROOT / "docs" / "src"
LOAD = ("--connections", "100", "--senders", "4", "--concurrency", "1", "--warm-up", "0.5")
LOAD += ("--duration", "3", "--drain", "2", "--connect-timeout", "20", "--format", "json")
# Chapter 16's program wants an id of each message.
WITH_ID = ("--message", '{"type":"message","id":"{id}","message":"{text}"}')

ABOUT_WORKERS = (
    "The same chat of 100, on two cores. FastAPI’s corrected program keeps its members in one "
    "process, so two workers are two chats. Chapter 16’s program shares messages by Redis Streams "
    "(it has names, private messages and history, but no rooms and no notices). CPU is that of all "
    "processes, Redis included, over the whole run; the load tool takes a core of its own."
)

# What a table says of each setup, and how it's written.
MEASURED = (
    ("per_second", figures.rate),
    ("per_cpu_second", figures.rate),
    ("p99_ms", figures.milliseconds),
)

assert CONFORMANCE  # it has put `player` on the path


@dataclass(frozen=True)
class Setup:
    """A way to use two cores."""

    name: str
    title: str
    argv: tuple[str, ...]
    has_redis: bool = False
    load: tuple[str, ...] = ()


def _uvicorn(folder: str, app: str, workers: int) -> tuple[str, ...]:
    program = (sys.executable, "-m", "uvicorn", "--app-dir", str(CHAPTERS / folder), f"{app}:app")
    return (*program, "--workers", str(workers), "--ws-max-size", "65536")


def _chapter08(*options: str) -> tuple[str, ...]:
    program = str(ROOT / os.environ.get("CHAPTER08", "build/release/chapter08/chapter08"))
    rates = ("--message-rate", "0", "--max-text-length", "0")
    return (program, *UNLIMITED, *rates, *options)


SETUPS = (
    Setup(
        "uvicorn_1",
        "FastAPI, corrected: one worker",
        _uvicorn("08_chat", "fastapi_corrected", 1),
    ),
    Setup(
        "uvicorn_2",
        "FastAPI, corrected: uvicorn --workers 2",
        _uvicorn("08_chat", "fastapi_corrected", 2),
    ),
    Setup(
        "streams_2",
        "FastAPI of chapter 16: --workers 2, Redis Streams",
        _uvicorn("16_workers", "fastapi_app", 2),
        True,
        WITH_ID,
    ),
    Setup("cpp_1", "C++: one worker", _chapter08()),
    Setup("cpp_2", "C++: --workers 2", _chapter08("--workers", "2")),
    Setup("cpp_redis", "C++: --workers 2 --redis", _chapter08("--workers", "2"), True),
)


def count_steps(rounds: int) -> int:
    """How often `measure_workers` says what it does."""
    return rounds * len(SETUPS)


async def measure_workers(
    tool: str, rounds: int, step: Callable[[str], None]
) -> dict[str, list[dict[str, Any]]]:
    """By the name of the setup, in the order of rounds."""
    samples: dict[str, list[dict[str, Any]]] = {setup.name: [] for setup in SETUPS}
    for number in range(1, rounds + 1):
        for setup in SETUPS:
            step(f"round {number} of {rounds}, {setup.title}")
            samples[setup.name].append(await _measure(setup, tool))
    return samples


async def _measure(setup: Setup, tool: str) -> dict[str, Any]:
    redis = RedisServer() if setup.has_redis else None
    try:
        if redis:
            await redis.start()
        async with _serving(setup, redis) as (process, port):
            pids = [process.pid, *([redis.pid] if redis else [])]
            before = _cpu_seconds(pids)
            url = f"ws://127.0.0.1:{port}/ws/chat/{{user}}"
            finished = await run([tool, "chat", url, *LOAD, *setup.load], DEADLINE)
            try:
                report = json.loads(finished.stdout)
            except ValueError:
                return {"chats": 0, "failed": finished.stderr.strip()}
            sample = _digest(report, _cpu_seconds(pids) - before)
            # Where every message reaches everybody there is one chat, and nothing to be counted.
            sample["chats"] = await _count_chats(port) if sample["lost_share"] > LOST else 1
            return sample
    finally:
        if redis:
            await redis.stop()


def _digest(report: dict[str, Any], cpu_seconds: float) -> dict[str, Any]:
    traffic = report["traffic"]
    check = traffic["check"]
    return {
        "per_second": traffic["delivered_per_second"],
        "per_cpu_second": check["delivered"] / max(cpu_seconds, 0.01),
        "p99_ms": traffic["latency"]["p99_ms"],
        "lost_share": check["lost"] / max(check["lost"] + check["delivered"], 1),
    }


@contextlib.asynccontextmanager
async def _serving(setup: Setup, redis: RedisServer | None):  # type: ignore[no-untyped-def]
    with socket.socket() as probe:  # with workers, uvicorn doesn't tell which port it has taken
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    argv = [*setup.argv, "--host", "127.0.0.1", "--port", str(port)]
    # uvicorn's own program has no limits; the corrected one reads its from variables.
    environment = {"CHAT_MAX_CONNECTIONS": "0", "CHAT_MESSAGE_RATE": "0"}
    if redis:
        environment["CHAT_REDIS"] = redis.url  # chapter08 reads it, too
    process = await asyncio.create_subprocess_exec(
        *argv, env=os.environ | environment, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        await _wait_until_it_welcomes(process, port, setup)
        yield process, port
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.wait(), 5)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its workers, if it has left any
        await process.wait()


async def _wait_until_it_welcomes(
    process: asyncio.subprocess.Process, port: int, setup: Setup
) -> None:
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline and process.returncode is None:
        try:
            async with websockets.connect(f"ws://127.0.0.1:{port}/ws/chat/Probe") as client:
                await client.recv()
                return
        except (OSError, websockets.WebSocketException):  # before Redis has answered, it's 1013
            await asyncio.sleep(AGAIN)
    raise ServerError(f"{setup.title} did not start")


async def _count_chats(port: int) -> int:
    """How many groups of members hear each other."""
    program = CHAPTERS / "16_workers" / "how_many_chats.py"
    argv = [sys.executable, str(program), f"ws://127.0.0.1:{port}", str(MEMBERS)]
    most = 0
    for _ in range(TRIES):
        finished = await run(argv, DEADLINE)
        found = re.search(r"^(\d+) chats?$", finished.stdout, re.MULTILINE)
        most = max(most, int(found[1]) if found else 0)
        if most != 1:
            break
    return most


def _cpu_seconds(pids: list[int]) -> float:
    """Of these processes and all that they have started."""
    all_of_them = {each for pid in pids for each in [pid, *descendants(pid)]}
    return sum(map(processor_ticks, all_of_them)) / os.sysconf("SC_CLK_TCK")


def workers_table(samples: dict[str, list[dict[str, Any]]]) -> tuple[list[str], list[list[str]]]:
    """The heads of the columns, and a row for each setup."""
    head = ["setup", "chats", "delivered a second", "for each second of CPU", "99 % are faster"]
    head.append("never arrive")
    return head, [_row(setup, samples[setup.name]) for setup in SETUPS if samples.get(setup.name)]


def _row(setup: Setup, samples: list[dict[str, Any]]) -> list[str]:
    chats = max(sample["chats"] for sample in samples)
    row = [setup.title, "one" if chats == 1 else f"{chats}: they don’t hear each other"]
    for key, write in MEASURED:
        found = figures.spread(sample.get(key) for sample in samples)
        text = write(found.median) if found else "–"
        if found and found.count > 1:
            text += f" ({write(found.low)} – {write(found.high)})"
        row.append(text)
    return [*row, never_arrive(samples)]


def never_arrive(samples: list[dict[str, Any]]) -> str:
    """The share of the messages that do so."""
    lost = figures.spread(sample.get("lost_share") for sample in samples)
    return "–" if not lost else f"{lost.median:.0%}" if lost.median > LOST else "none"
