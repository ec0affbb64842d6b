"""Counts lines of code with cloc: neither blank ones, nor comments, nor Python's docstrings."""

from __future__ import annotations

import json
import subprocess

from .stacks import ROOT

_CHAT = "docs/src/08_chat"
_SHARED = ("frames", "message_log", "rooms", "settings", "token_bucket")  # by both corrected programs
_CORRECTED = [f"{_CHAT}/corrected/{name}.py" for name in _SHARED]
# What the class reads of each stack, and the layer that C++ needs where Python has a framework.
PROGRAMS = {
    "flask": [f"{_CHAT}/flask_socketio_app.py"],
    "flask_corrected": [f"{_CHAT}/flask_corrected.py", *_CORRECTED],
    "fastapi": [f"{_CHAT}/fastapi_app.py"],
    "fastapi_corrected": [f"{_CHAT}/fastapi_corrected.py", f"{_CHAT}/corrected"],
    "cpp": ["chapter08/main.cpp", "chapter08/routers", "chapter08/chat"],
}
LAYERS = {"cpp": ["chapter08/beastapi"]}


def count_lines() -> dict[str, dict[str, int]]:
    """Lines of each stack's program, and of its layer if it brings one."""
    return {
        stack: {"program": cloc(paths), "layer": cloc(LAYERS.get(stack, []))}
        for stack, paths in PROGRAMS.items()
    }


def cloc(paths: list[str]) -> int:
    """Lines of code in all files below some paths of the project."""
    if not paths:
        return 0
    argv = ["cloc", "--json", "--quiet", "--skip-uniqueness", *paths]
    try:
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return 0  # scripts/compare.sh installs it
    return int(json.loads(done.stdout)["SUM"]["code"]) if done.stdout.strip() else 0
