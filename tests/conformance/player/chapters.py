"""The tutorial's chapters: where their conversations are, and how their programs are started."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .scenario import Scenario, ScenarioError, load_all

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ROOT / "docs" / "src"
CONVERSATIONS = ROOT / "tests" / "conformance" / "chapters"
SOURCES = {"cpp": "main.cpp", "fastapi": "fastapi_app.py", "flask": "flask_socketio_app.py"}
LAST_STEP = "08_chat"  # the whole chat: its conversations are scenarios/

_CHAPTER = re.compile(r"\d\d[a-z]?_\w+")


def all_chapters() -> list[str]:
    """The chapters that have programs or conversations of their own."""
    folders = [*PROGRAMS.glob("*/"), *CONVERSATIONS.glob("*/")]
    names = {folder.name for folder in folders if _CHAPTER.fullmatch(folder.name)}
    return sorted(names - {LAST_STEP})


def find_chapters(words: list[str]) -> list[str]:
    """The chapters that are meant by their names or numbers, or by `all`."""
    there = all_chapters()
    if "all" in words:
        return there
    found = []
    for word in words:
        named = [name for name in there if word in (name, name.partition("_")[0])]
        if not named:
            raise ScenarioError(f"there is no chapter {word}; there are: {', '.join(there)}")
        found += named
    return list(dict.fromkeys(found))


def load_chapter(chapter: str) -> list[Scenario]:
    """The conversations of a chapter. Each of its programs has one at least, and none lacks one."""
    scenarios = load_all(CONVERSATIONS / chapter)
    for stack in SOURCES:
        source = PROGRAMS / chapter / SOURCES[stack]
        meant = [scenario for scenario in scenarios if stack in scenario.stacks]
        if source.exists() and not meant:
            raise ScenarioError(f"{_short(source)} has no conversation in {_short(CONVERSATIONS)}")
        if meant and not source.exists():
            raise ScenarioError(
                f"{_short(meant[0].path)} is for {stack} too, but there is no {_short(source)}:"
                " write it, or name the others in a line `stacks:`"
            )
    return scenarios


def chapter_command(
    chapter: str, stack: str, settings: dict[str, str], python: str, program: str = ""
) -> tuple[list[str], dict[str, str]]:
    """The command line that starts a chapter's program on a free port, and its extra environment.

    `program` is another program of docs/src that FastAPI runs. The programs have no command line: a
    setting `--some-name` is the variable `CHAT_SOME_NAME`.
    """
    environment = {"HOST": "127.0.0.1", "PORT": "0", "PYTHONUNBUFFERED": "1"}
    environment["STATIC_DIR"] = str(ROOT / "static")
    for name, value in settings.items():
        environment["CHAT_" + name.strip("-").upper().replace("-", "_")] = value
    if stack == "cpp":
        folder = ROOT / os.environ.get("CHAPTER08_STEPS", "build/release/docs")
        return [str(folder / f"step_{chapter}")], environment
    return [python, str(PROGRAMS / (program or f"{chapter}/{SOURCES[stack]}"))], environment


def _short(path: Path) -> str:
    return str(path.relative_to(ROOT))
