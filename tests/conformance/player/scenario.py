"""Reads `.chat` files: a head that says what is shown, then one step a line."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

STACKS = ("cpp", "fastapi_corrected", "fastapi", "flask_corrected", "flask")
SOCKET_IO = ("flask_corrected", "flask")
# Another program of the same framework: what is meant for the one is meant for the other.
ALSO = {"fastapi": "fastapi_corrected", "flask": "flask_corrected"}

_NAME = r"[A-Z]\w*"
_NAMES = rf"(?P<names>{_NAME}(?:, {_NAME})*(?: and {_NAME})?|everybody)"
_PATH = r"(?P<path>/\S*)"
_WINDOW = r"(?: within (?P<within>[\d.]+) s| after (?P<least>[\d.]+) to (?P<most>[\d.]+) s)?"
_CODES = r"\d{4}(?: or \d{4})*"
_METHOD = r"(?P<method>GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|BREW)"

# Every kind of step, in the order in which they are tried. README.md explains each.
GRAMMAR: dict[str, re.Pattern[str]] = {
    kind: re.compile(pattern, re.DOTALL)
    for kind, pattern in {
        "enter": rf"{_NAMES} (?:is|are) in the room",
        "connect": rf"{_NAMES} connects? to {_PATH}(?P<other> on the other server)?"
        r"(?P<headers>(?:\n.*)*)",
        "refused": rf"{_NAMES} is refused at {_PATH} with (?P<status>\d+)",
        "send_binary": rf"{_NAMES} sends binary (?P<bytes>.+)",
        "send_raw": rf"{_NAMES} sends raw bytes (?P<bytes>.+)",
        "send_frame": rf"{_NAMES} sends the frame (?P<frame>.+)",
        "send_paced": rf"{_NAMES} sends (?P<at_most>up to )?(?P<times>\d+) times, one by one, "
        r"(?P<what>.+)",
        "send": rf"{_NAMES} sends (?:(?P<times>\d+) times )?(?P<what>.+)",
        "receive_nothing": rf"{_NAMES} receives? nothing(?: for (?P<seconds>[\d.]+) s)?",
        "receive_binary": rf"{_NAMES} receives? binary (?P<bytes>[0-9a-fA-F ]+?){_WINDOW}",
        "receive_pong": rf"{_NAMES} receives? pong (?P<what>.+?){_WINDOW}",
        "see": rf"{_NAMES} sees? (?:(?P<times>\d+) times )?(?P<what>.+?){_WINDOW}",
        "receive": rf"{_NAMES} receives? (?:(?P<times>\d+) times )?(?P<what>.+?){_WINDOW}",
        "closed": rf"the server closes {_NAMES} with (?P<code>{_CODES})"
        rf"(?: (?!within |after )(?P<reason>.+?))?{_WINDOW}",
        "disconnect": rf"{_NAMES} disconnects?(?: with (?P<code>\d+))?",
        "vanish": rf"{_NAMES} vanish(?:es)?",
        "stop_reading": rf"{_NAMES} stops? reading",
        "read_on": rf"{_NAMES} reads? on",
        "ignore": rf"{_NAMES} ignores? (?P<what>.+)",
        "answer": rf"{_NAMES} answers? each (?P<what>.+?) with (?P<reply>.+)",
        "http": rf"{_METHOD} {_PATH} answers (?P<status>\d+)(?P<rest>.*?)"
        r"(?: within (?P<within>[\d.]+) s)?",
        "raw_http": r"the request (?P<request>\".*?\") answers (?P<status>\d+)(?P<rest>.*)",
        "stop_server": r"the server is stopped",
        "kill_server": r"the server is killed",
        "kill_redis": r"Redis is killed",
        "start_redis": r"Redis starts (?P<how>again|empty)",
        "start_server": r"the server starts again",
        "server_exits": r"the server exits with (?P<status>\d+) within (?P<within>[\d.]+) s",
    }.items()
}


# What only a WebSocket has: its own frames, and what its peer says of them.
OF_WEBSOCKETS = {"refused", "send_binary", "send_raw", "send_frame", "receive_binary", "receive_pong"}
CODES_OF_WEBSOCKETS = {"1002", "1003", "1007", "1009"}


class ScenarioError(ValueError):
    """A `.chat` file that cannot be read; says where."""


@dataclass(frozen=True)
class Step:
    """One step: its kind is a key of GRAMMAR, its arguments are that pattern's groups."""

    line: int
    text: str
    kind: str
    args: dict[str, str | None]

    @property
    def names(self) -> list[str]:
        return re.findall(rf"{_NAME}|everybody", self.args.get("names") or "")

    def get(self, key: str, default: str = "") -> str:
        return self.args.get(key) or default

    def seconds(self, key: str) -> float | None:
        value = self.args.get(key)
        return float(value) if value else None


@dataclass(frozen=True)
class Scenario:
    """A conversation, and the servers and settings it is meant for."""

    name: str
    path: Path
    title: str
    about: str  # the rest of the head
    stacks: tuple[str, ...]
    needs: tuple[str, ...]  # the server's settings, as on chapter08's command line
    program: str  # of docs/src: what stack fastapi runs, if it is not the whole chat
    steps: tuple[Step, ...] = field(repr=False)
    transport: str = ""  # sse: its clients have no WebSockets, whatever the runner is told

    @property
    def stops_the_server(self) -> bool:
        kinds = ("stop_server", "kill_server", "kill_redis")
        return any(step.kind in kinds for step in self.steps)

    @property
    def ends_without_server(self) -> bool:
        kinds = ("stop_server", "kill_server", "start_server")
        last = [step.kind for step in self.steps if step.kind in kinds][-1:]
        return last not in ([], ["start_server"])

    @property
    def has_two_servers(self) -> bool:
        return any(step.get("other") for step in self.steps)

    @property
    def fits_events(self) -> bool:
        """Whether it can be played without a WebSocket: by a stream of events, and POST."""
        paths = [step.get("path") for step in self.steps if step.kind == "connect"]
        enters = any(step.kind == "enter" for step in self.steps)
        kinds = {step.kind for step in self.steps}
        return (
            (enters or bool(paths))
            and all(re.fullmatch(r"/ws/chat(/[^/?]+)?(\?.*)?", path) for path in paths)
            and not kinds & OF_WEBSOCKETS
            and not any(step.get("code") in CODES_OF_WEBSOCKETS for step in self.steps)
            # A stream's client asks something to know that nothing comes: that would be limited.
            and not any(need in ("--message-rate", "--message-burst") for need in self.needs)
            and not any("Sec-WebSocket" in step.get("headers") for step in self.steps)
        )

    def slow_readers(self) -> set[str]:
        """Who stops reading, and so should connect with a small receive buffer."""
        return {name for step in self.steps if step.kind == "stop_reading" for name in step.names}


def load(path: Path) -> Scenario:
    """Reads one file."""
    return parse(path.read_text(encoding="utf-8"), path)


def load_all(*folders: Path) -> list[Scenario]:
    """Reads every `.chat` file of some folders, in the order of their names."""
    paths = [path for folder in folders for path in sorted(folder.glob("*.chat"))]
    scenarios = [load(path) for path in paths]
    names = [scenario.name for scenario in scenarios]
    for name in names:
        if names.count(name) > 1:
            raise ScenarioError(f"two scenarios are named {name}")
    return scenarios


def parse(text: str, path: Path) -> Scenario:
    """Reads a scenario from the text of its file."""
    head: list[str] = []
    headers = {"stacks": " ".join(STACKS), "needs": "", "program": "", "transport": ""}
    lines: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        header = re.fullmatch(r"(stacks|needs|program|transport): (.*)", line)
        if line.startswith("#"):
            if not lines:
                head.append(line.lstrip("# ").rstrip())
        elif header and not lines:
            headers[header[1]] = header[2]
        elif line[:1].isspace() and line.strip() and lines:
            lines[-1] = (lines[-1][0], f"{lines[-1][1]}\n{line.strip()}")
        elif line.strip():
            lines.append((number, line.strip()))
    if not head or not lines:
        raise ScenarioError(f"{path}: a scenario is a head (# …) and at least one step")
    named = headers["stacks"].split()
    stacks = tuple(dict.fromkeys([*named, *(ALSO[stack] for stack in named if stack in ALSO)]))
    for stack in stacks:
        if stack not in STACKS:
            raise ScenarioError(f"{path}: no stack is named {stack}")
    steps = tuple(parse_step(line, number, path) for number, line in lines)
    needs = tuple(shlex.split(headers["needs"]))
    about = " ".join(head[1:]).strip()
    program = headers["program"]
    transport = headers["transport"]
    return Scenario(path.stem, path, head[0], about, stacks, needs, program, steps, transport)


def parse_step(text: str, number: int, path: Path) -> Step:
    """Finds which kind of step a line is."""
    for kind, pattern in GRAMMAR.items():
        found = pattern.fullmatch(text)
        if found:
            return Step(number, text, kind, found.groupdict())
    raise ScenarioError(f"{path}:{number}: not a step: {text}")
