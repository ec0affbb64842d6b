"""What a class asks besides speed: how soon it runs, how soon a change is seen, and its size."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .stacks import CONFORMANCE, ROOT, STACKS, Server, Stack
from player.http_request import build_request, send_request  # found by stacks.py

ROUNDS = 3
BUILD = ROOT / "build" / "release"
CHANGED = "chapter08/chat/messages.cpp"  # where the texts are that a class would change first
PACKAGES = {
    "flask": ["python3", "python3-flask-socketio", "python3-eventlet"],
    "fastapi": ["python3", "python3-fastapi", "python3-uvicorn", "python3-uvloop"]
    + ["python3-websockets"],
}
PACKAGES["fastapi_corrected"] = PACKAGES["fastapi"]
PACKAGES["flask_corrected"] = [*PACKAGES["flask"], "python3-pydantic"]

assert CONFORMANCE  # it has put `player` on the path


async def look_at(step: Callable[[str], None], long: bool) -> dict[str, Any]:
    """All of it; `long` also builds the C++ version from nothing."""
    found: dict[str, Any] = {"start_ms": {}, "change_ms": {}, "build_ms": {}}
    for _ in range(ROUNDS):
        for stack in STACKS:
            step(f"{stack.title}: from the command to the first answer")
            found["start_ms"].setdefault(stack.name, []).append(await _start(stack))
    for name, starts in found["start_ms"].items():
        found["change_ms"][name] = list(starts)  # Python has nothing to compile
    step("C++: compiles and links a changed line")
    compiled = await asyncio.to_thread(_compile)
    starts = found["change_ms"].pop("cpp")
    if compiled:
        found["change_ms"]["cpp"] = [compiled + start for start in starts]
    step("C++: from nothing" if long else "what is installed")
    if long:
        found["build_ms"]["cpp"] = [await asyncio.to_thread(_build)]
    return found | await asyncio.to_thread(_sizes)


def count_steps() -> int:
    """How often `look_at` says what it does."""
    return ROUNDS * len(STACKS) + 2


async def _start(stack: Stack) -> float:
    began = time.monotonic()
    server = await Server.start(stack.name, stack.settings)
    try:
        answer = await send_request(server.port, build_request("GET", "/health", {}))
        assert answer.status == 200, answer
        return (time.monotonic() - began) * 1000
    finally:
        await server.stop()


def _run(command: str, **environment: str) -> str:
    done = subprocess.run(
        command, shell=True, cwd=BUILD, env=os.environ | environment, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    return done.stdout


def _compile() -> float | None:
    """Milliseconds to compile one file of the server and to link it, beside the real ones."""
    try:
        commands = _run("ninja -t commands chapter08").splitlines()
        one = next(line for line in commands if line.endswith(CHANGED))
        link = next(line for line in reversed(commands) if " -o chapter08/chapter08 " in line)
        with tempfile.TemporaryDirectory(prefix="compare-") as folder:
            one = re.sub(r" -o \S+", f" -o {folder}/changed.o", one)
            one = re.sub(r" -M[FT] \S+| -MD", "", one)
            link = link.replace(" -o chapter08/chapter08 ", f" -o {folder}/chapter08 ")
            began = time.monotonic()
            _run(one, CCACHE_DISABLE="1")
            _run(link)
            return (time.monotonic() - began) * 1000
    except (StopIteration, subprocess.CalledProcessError, FileNotFoundError):
        return None


def _build() -> float:
    with tempfile.TemporaryDirectory(prefix="compare-build-") as folder:
        began = time.monotonic()
        _run(f"cmake -S {ROOT} -B {folder} -G Ninja -DCMAKE_BUILD_TYPE=Release", CCACHE_DISABLE="1")
        _run(f"ninja -C {folder} chapter08", CCACHE_DISABLE="1")
        return (time.monotonic() - began) * 1000


# -- what is installed ----------------------------------------------------------------------------


def _sizes() -> dict[str, dict[str, list[float]]]:
    """MiB of packages, to run each stack and to build it."""
    installed = Installed()
    run = {name: [installed.mib(packages)] for name, packages in PACKAGES.items()}
    build: dict[str, list[float]] = {}
    program = ROOT / os.environ.get("CHAPTER08", "build/release/chapter08/chapter08")
    if program.exists():
        own = program.stat().st_size / 2**20
        run["cpp"] = [own + installed.mib(_libraries(program))]
        build["cpp"] = [installed.mib(_build_packages())]
    return {"run_mib": run, "build_mib": build}


class Installed:
    """Debian's packages on this machine, with their sizes and what they depend on."""

    def __init__(self) -> None:
        fields = ("Package", "Installed-Size", "Priority", "Pre-Depends", "Depends", "Provides")
        form = "\\t".join(f"${{{field}}}" for field in fields) + "\\n"
        try:
            text = _run(f"dpkg-query -W -f '{form}'")
        except (subprocess.CalledProcessError, FileNotFoundError):
            text = ""
        self._size: dict[str, int] = {}
        self._needs: dict[str, list[list[str]]] = {}
        self._provider: dict[str, str] = {}
        basic = []
        for line in text.splitlines():
            name, size, priority, before, depends, provides = line.split("\t")
            self._size[name] = int(size or 0)
            self._needs[name] = [_names(part, "|") for part in f"{before},{depends}".split(",")]
            self._provider |= dict.fromkeys(_names(provides, ","), name)
            basic += [name] if priority == "required" else []
        self._everywhere = self._closure(basic)

    def mib(self, packages: list[str]) -> float:
        """What these and all that they need take, beyond what every system has."""
        return sum(self._size[name] for name in self._closure(packages) - self._everywhere) / 1024

    def _closure(self, packages: list[str]) -> set[str]:
        found: set[str] = set()
        left = list(packages)
        while left:
            name = left.pop()
            name = name if name in self._size else self._provider.get(name, name)
            if name in self._size and name not in found:
                found.add(name)
                for alternatives in self._needs[name]:
                    there = (each for each in alternatives if self._knows(each))
                    left += [first for first in [next(there, "")] if first]
        return found

    def _knows(self, name: str) -> bool:
        return name in self._size or name in self._provider


def _names(text: str, separator: str) -> list[str]:
    words = (part.split() for part in text.split(separator))
    return [found[0].partition(":")[0] for found in words if found]


def _libraries(program: Path) -> list[str]:
    """The packages of the shared libraries that a program loads."""
    try:
        names = re.findall(r"^\s+(\S+\.so\S*) =>", _run(f"ldd {program}"), re.MULTILINE)
        owners = (_run(f"dpkg-query -S '*/{name}'").splitlines() for name in names)
        return sorted({line.partition(":")[0] for lines in owners for line in lines})
    except (subprocess.CalledProcessError, FileNotFoundError):
        return []


def _build_packages() -> list[str]:
    """The packages that scripts/lib/setup.sh installs to build the server."""
    setup = (ROOT / "scripts/lib/setup.sh").read_text(encoding="utf-8")
    names = re.findall(r'^    "run\|([^|,]+)', setup, re.MULTILINE)
    boost = re.search(r"boost(\d+\.\d+)", " ".join(_run("dpkg-query -W -f '${Package} '").split()))
    return [name.replace("@", boost[1] if boost else "") for name in names]
