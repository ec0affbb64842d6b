"""Runs a program to its end, and ends it if this comparison ends first."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

STOP_DEADLINE = 7.0  # seconds; the conversations' runner has servers of its own to stop


@dataclass(frozen=True)
class Finished:
    """What came of a program."""

    status: int
    stdout: str
    stderr: str


async def run(
    argv: list[str], deadline: float, on_line: Callable[[str], None] | None = None
) -> Finished:
    """Runs a program; `on_line` sees each line of its standard output as it comes.

    It gets a session of its own, so that Ctrl-C reaches only this process, which then stops it.
    """
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=2**24,
        start_new_session=True,
    )
    assert process.stdout and process.stderr
    lines: list[str] = []

    async def read_lines(stream: asyncio.StreamReader) -> None:
        async for line in stream:
            lines.append(line.decode("utf-8", "replace"))
            if on_line:
                on_line(lines[-1].rstrip())

    async def finish(stdout: asyncio.StreamReader, stderr: asyncio.StreamReader) -> bytes:
        _, errors, _ = await asyncio.gather(read_lines(stdout), stderr.read(), process.wait())
        return errors

    try:
        stderr = await asyncio.wait_for(finish(process.stdout, process.stderr), deadline)
    except asyncio.TimeoutError:
        return Finished(-1, "".join(lines), f"it did not end within {deadline:.0f} s")
    finally:
        await _stop(process)
    return Finished(process.returncode or 0, "".join(lines), stderr.decode("utf-8", "replace"))


async def _stop(process: asyncio.subprocess.Process) -> None:
    # Twice: asyncio.wait_for before Python 3.12 swallows a cancellation that comes just when what it
    # waits for is done, and the runner goes on.
    for _ in range(2):
        if process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_DEADLINE)
            except asyncio.TimeoutError:
                pass
    if process.returncode is None:
        # Who is killed cannot stop its own children.
        for pid in [*descendants(process.pid), process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await process.wait()


def stat_fields(pid: int) -> list[str]:
    """What the kernel knows of a process, from its state on; nothing if there's no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()  # its name can hold anything


def processor_ticks(pid: int) -> int:
    """How long a process has run, without its children; 0 if there's no such process."""
    fields = stat_fields(pid)
    return int(fields[11]) + int(fields[12]) if fields else 0


def descendants(pid: int) -> list[int]:
    parents = {}
    for each in (int(folder.name) for folder in Path("/proc").glob("[0-9]*")):
        if fields := stat_fields(each):
            parents[each] = int(fields[1])
    found = [pid]
    for parent in found:
        found += [child for child, its_parent in parents.items() if its_parent == parent]
    return found[1:]
