"""What the page is told: the tasks, each with the tree of its coroutines."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from .chains import Step, is_timeout
from .lag import Lag
from .tasks import Record, Tasks

MOST_TASKS = 200


class Snapshots:
    def __init__(self, tasks: Tasks, lag: Lag) -> None:
        self.tasks = tasks
        self.sources = tasks.sources
        self.lag = lag

    def take(self, query: dict[str, str]) -> dict[str, Any]:
        now = time.monotonic()
        every = [record for record in self.tasks.roots.values() if not record.is_hidden]
        shown = [record for record in every if record.scope is not None or record.runs_own]
        left_out = len(every) - len(shown)
        if query.get("library") == "1":
            shown = every
        found = [record for record in shown if self.matches(record, query.get("find", "").lower(), now)]
        after = number(query.get("after"), 0)
        most = min(number(query.get("tasks"), MOST_TASKS), MOST_TASKS)
        page = sorted((record for record in found if record.id > after), key=lambda record: record.id)
        lag = self.lag.of_last_second()
        return {
            "runtime": "Python asyncio",
            "now_ms": now * 1000,
            "loops": [
                {
                    "name": "the event loop",
                    "lag_ms": lag * 1000,
                    "lag_max_ms": max(lag, self.lag.largest) * 1000,
                    "tasks": len(shown),
                }
            ],
            "task_count": len(found),
            "tasks": [self.task(record, now) for record in page[:most]],
            "library_tasks": left_out,
            "transitions": list(self.tasks.transitions),
        }

    def matches(self, record: Record, text: str, now: float) -> bool:
        if not text:
            return True
        names = f"{self.name(record)}\n{peer(record)}".lower()
        return text in names or any(
            text in f"{node['function']}\n{node['source']}\n{node['waiting_on']}".lower()
            for node in nodes(self.coroutine(record, now))
        )

    @staticmethod
    def name(record: Record) -> str:
        return record.scope["path"] if record.scope else record.name

    def task(self, record: Record, now: float) -> dict[str, Any]:
        return {
            "id": record.id,
            "name": self.name(record),
            "peer": peer(record),
            "worker": 0,
            "age_ms": (now - record.born) * 1000,
            "inbox": inbox(record),
            "outbox": outbox(record),
            "closed": is_closed(record),
            "coroutine": self.coroutine(record, now),
        }

    def coroutine(self, record: Record, now: float) -> dict[str, Any]:
        """The program's own functions of a task, each awaiting the next; the last has the children."""
        children, folded = self.children(record, now)
        below = self.tasks.below(record)
        reason = self.tasks.reason(record)
        # wait_for() runs what it is given as a task of its own, with none of the program's code.
        timed = any(is_timeout(code) for code in below)
        if folded and reason == "its children" and (timed or not children):
            reason = self.tasks.reason(folded[0]) + (" or a timer" if timed else "")
            below = below + self.tasks.below(folded[0])
        below = [code.co_name for code in below if not code.co_name.startswith("_")]
        if not record.own:
            return self.of_library(record, below, reason, children, now)
        tree: dict[str, Any] = {}
        for depth in range(len(record.own) - 1, -1, -1):
            step, identity, since = record.own[depth]
            mine = [node for started_by, node in children if started_by is step.code]
            children = [(by, node) for by, node in children if by is not step.code]
            if depth == 0:
                mine += [node for _, node in children]
            is_last = depth == len(record.own) - 1
            node = self.node(identity, step, record.state, now - since)
            node["waiting_on"] = reason if is_last else tree["function"]
            node["below"] = below if is_last else []
            node["children"] = mine if is_last else [tree, *mine]
            if depth == 0:
                node |= {"resumptions": record.resumptions, "cpu_ms": record.cpu * 1000}
            tree = node
        return tree

    def children(self, record: Record, now: float) -> tuple[list[Any], list[Record]]:
        """Its tasks: those that run the program's code with the function that made each, and the others."""
        shown, folded = [], []
        for child in record.children.values():
            if child.runs_own:
                shown.append((child.started_by, self.coroutine(child, now)))
            elif not child.has_ended:
                folded.append(child)
        return shown, folded

    def of_library(self, record: Record, below: Any, reason: str, children: Any, now: float) -> dict[str, Any]:
        """A task in which nothing of the program's own runs, or not yet."""
        if not record.chain:
            node = self.unknown(record, now)
        else:
            node = self.node(record.id, record.chain[0], record.state, now - record.since)
        return node | {
            "function": record.name.rpartition(".")[2],
            "waiting_on": reason,
            "below": below[1:],
            "resumptions": record.resumptions,
            "cpu_ms": record.cpu * 1000,
            "children": [node for _, node in children],
        }

    def node(self, identity: int, step: Step, state: str, seconds: float) -> dict[str, Any]:
        file = self.sources.name(step.code)
        return {
            "id": identity,
            "function": step.code.co_name,
            "file": file,
            "line": step.line,
            "source": self.sources.line(file, step.line),
            "state": state,
            "for_ms": seconds * 1000,
            "resumptions": None,
            "cpu_ms": None,
            "children": [],
        }

    @staticmethod
    def unknown(record: Record, now: float) -> dict[str, Any]:
        """It has had no turn yet."""
        return {
            "id": record.id,
            "file": None,
            "line": None,
            "source": None,
            "state": record.state,
            "for_ms": (now - record.since) * 1000,
        }


def nodes(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield tree
    for child in tree["children"]:
        yield from nodes(child)


def number(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else otherwise


def peer(record: Record) -> str | None:
    client = record.scope.get("client") if record.scope else None
    return "{}:{}".format(*client) if client else None


def inbox(record: Record) -> dict[str, int] | None:
    """What websockets has read for the program, and it hasn't taken yet."""
    messages = getattr(record.protocol, "messages", None)
    return None if messages is None else {"frames": len(messages)}


def outbox(record: Record) -> dict[str, int | None] | None:
    """asyncio keeps bytes, no frames."""
    if record.scope is None or record.scope["type"] != "websocket":
        return None
    transport = getattr(record.protocol, "transport", None)
    return None if transport is None else {"frames": None, "bytes": transport.get_write_buffer_size()}


def is_closed(record: Record) -> bool | None:
    """Whether the client has left, and something of its connection is still there."""
    if record.scope is None or record.scope["type"] != "websocket":
        return None
    return record.has_ended or bool(getattr(record.protocol, "closed", False))
