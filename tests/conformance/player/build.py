"""Builds the C++ program that is played, so that it does what its sources say now."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_BUILD = 'source scripts/lib/build.sh && build release "$1"'


class BuildError(Exception):
    """The program could not be built; the compiler has said why."""


async def build(stack: str, chapter: str | None = None) -> None:
    """Brings a program of `build/release` up to date; one of another build is taken as it is."""
    variable = "CHAPTER08_STEPS" if chapter else "CHAPTER08"
    if stack != "cpp" or variable in os.environ:
        return
    target = f"step_{chapter}" if chapter else "chapter08"
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", _BUILD, "build.sh", target, cwd=ROOT, stdin=asyncio.subprocess.DEVNULL,
        stdout=sys.stderr, start_new_session=True,
    )  # fmt: skip
    try:
        status = await process.wait()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)  # the compilers, too
        await process.wait()
        raise
    if status:
        raise BuildError(f"{target} could not be built: see above; scripts/run.sh installs what is missing")
