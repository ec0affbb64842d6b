"""What was compared where: the machine, and the versions of everything."""

from __future__ import annotations

import asyncio
import os
import platform
import re
import resource
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

from .processes import processor_ticks
from .stacks import ROOT

_PACKAGES = {
    "FastAPI": "fastapi",
    "Starlette": "starlette",
    "uvicorn": "uvicorn",
    "uvloop": "uvloop",
    "websockets": "websockets",
    "Flask": "flask",
    "Flask-SocketIO": "flask-socketio",
    "python-socketio": "python-socketio",
}


def describe_machine() -> dict[str, str]:
    """Processor, memory and system."""
    found = {
        "Processor": _first(r"^model name\s*:\s*(.+)$", "/proc/cpuinfo") or platform.machine(),
        "Cores": f"{len(os.sched_getaffinity(0))}",
        "Memory": "unknown",
        "System": _first(r'^PRETTY_NAME="?([^"\n]+)', "/etc/os-release") or platform.system(),
        "Kernel": platform.release(),
        "Governor": _first(r"(\S+)", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
        or "none to be seen: a virtual machine’s clock is its host’s",
        "Load when it began": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }
    total = _first(r"^MemTotal:\s*(\d+)", "/proc/meminfo")
    if total:
        found["Memory"] = f"{int(total) / 2**20:.1f} GiB"
    return found


def describe_versions() -> dict[str, str]:
    """Compiler, libraries and the Python packages."""
    compiler = _build_setting("CMAKE_CXX_COMPILER") or "g++"
    found = {
        "Compiler": _compiler_version(compiler),
        "Build": " ".join(
            part
            for part in (
                _build_setting("CMAKE_BUILD_TYPE"),
                _build_setting("CMAKE_CXX_FLAGS_RELEASE"),
            )
            if part
        ),
        "Boost": _boost(compiler),
        "Python": platform.python_version(),
    }
    found |= {title: _package(name) for title, name in _PACKAGES.items()}
    mode = _first(r'async_mode="(\w+)"', ROOT / "docs/src/08_chat/flask_socketio_app.py")
    if mode:
        found["Flask-SocketIO’s async mode"] = f"{mode} {_package(mode)}"
    commit = _output(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"])
    if commit:
        changed = _output(["git", "-C", str(ROOT), "status", "--porcelain"])
        found["This project"] = f"{commit}, with changes since" if changed else commit
    return {title: text for title, text in found.items() if text}


async def busy_share() -> float:
    """How much of the machine's processor others use now: 1 is all of its cores.

    The load average would still hold what this machine has just compiled.
    """
    busy, whole = _processor_times()
    await asyncio.sleep(0.5)
    busy_now, whole_now = _processor_times()
    return (busy_now - busy) / max(whole_now - whole, 1)


class Others:
    """Which share of the machine's processor goes to neither the server nor what runs beside it."""

    def __init__(self, server: int) -> None:
        self._server = server
        self._busy, self._whole = _processor_times()
        self._ours = self._own_times()

    def share(self) -> float:
        """Since the beginning; 1 is all of its cores. Ask when what was started has ended."""
        busy, whole = _processor_times()
        others = busy - self._busy - (self._own_times() - self._ours)
        return max(0.0, others / max(whole - self._whole, 1))

    def _own_times(self) -> float:
        """In ticks: of this process, of those that it has waited for, and of the server."""
        whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        seconds = sum(sum(resource.getrusage(who)[:2]) for who in whose)
        return seconds * os.sysconf("SC_CLK_TCK") + processor_ticks(self._server)


def _processor_times() -> tuple[int, int]:
    """Ticks in which it worked for a program or for another machine, and all ticks.

    Ticks of interrupts are left out: on a loopback most of them are the load's own, and they count
    as nobody's.
    """
    times = [int(word) for word in _first(r"^cpu +(.*)$", "/proc/stat").split()]
    return sum(times[:3]) + times[7], sum(times[:8])


def _first(pattern: str, path: str | Path) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.search(pattern, text, re.MULTILINE)
    return found[1].strip() if found else ""


def _build_setting(name: str) -> str:
    return _first(rf"^{name}:\w+=(.*)$", ROOT / "build/release/CMakeCache.txt")


def _compiler_version(compiler: str) -> str:
    text = _output([compiler, "--version"]) or "unknown"
    line = text.splitlines()[0]
    # GCC calls itself by the name under which it was called: often c++.
    return re.sub(r"^\S+", "GCC", line) if "Free Software Foundation" in text else line


def _boost(compiler: str) -> str:
    source = "#include <boost/version.hpp>\nBOOST_LIB_VERSION\n"
    text = _output([compiler, "-E", "-P", "-x", "c++", "-"], source) or ""
    found = re.search(r'"([\d_]+)"\s*$', text)
    return found[1].replace("_", ".") if found else "unknown"


def _package(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "unknown" if name != "uvloop" else "not installed: asyncio's own loop"


def _output(argv: list[str], stdin: str = "") -> str:
    if not shutil.which(argv[0]):
        return ""
    done = subprocess.run(
        argv, input=stdin, capture_output=True, text=True, timeout=20, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""
