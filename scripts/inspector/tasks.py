"""Follows the tasks of the event loop: who started each, its turns, and where it waits between them."""

from __future__ import annotations

import asyncio
import sys
import time
import weakref
from collections import deque
from collections.abc import Coroutine
from itertools import count
from types import CodeType, CoroutineType
from typing import Any

from .chains import Step, reason_of, steps
from .sources import Sources

KEPT = 200  # transitions
NEVER_OWN = ("/dist-packages/websockets/", "/site-packages/websockets/", "/uvicorn/server.py")  # tasks of these run none of the program's code


class Record:
    """What is known of a task."""

    def __init__(self, number: int, name: str, parent: Record | None, is_hidden: bool) -> None:
        self.id = number
        self.name = name
        self.parent = parent
        self.is_hidden = is_hidden  # the inspector's own
        self.is_followed = True
        self.children: dict[int, Record] = {}
        self.started_by: CodeType | None = None  # the function that made the task
        self.scope: dict[str, Any] | None = None  # of a connection or a request
        self.protocol: Any = None
        self.task: weakref.ref[asyncio.Task[Any]] | None = None
        self.born = self.since = time.monotonic()
        self.resumptions = 0
        self.cpu = 0.0
        self.state = "running"
        self.chain: list[Step] = []
        self.own: list[tuple[Step, int, float]] = []  # of the chain: with their ids, and since when
        self.runs_own = False  # or something that it has started

    @property
    def has_ended(self) -> bool:
        return self.state == "finished"


class Stepped(Coroutine[Any, Any, Any]):
    """A coroutine that tells of each of its turns. A task takes it as it takes the one inside."""

    def __init__(self, inner: CoroutineType[Any, Any, Any], record: Record, tasks: Tasks) -> None:
        self.inner, self.record, self.tasks = inner, record, tasks

    def send(self, value: Any) -> Any:
        return self.turn(self.inner.send, value)

    def throw(self, *error: Any) -> Any:
        return self.turn(self.inner.throw, *error)

    def close(self) -> None:
        self.inner.close()

    def __await__(self) -> Any:
        return self.inner.__await__()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def turn(self, step: Any, *arguments: Any) -> Any:
        record = self.record
        self.tasks.resumes(record)
        begun = time.thread_time()
        what = "finished"
        try:
            awaited = step(*arguments)
            what = "waits"
            return awaited
        except asyncio.CancelledError:
            what = "cancelled"
            raise
        finally:
            record.cpu += time.thread_time() - begun
            if what == "waits":
                self.tasks.waits(record, self.inner)
            else:
                self.tasks.ends(record, what)


class Tasks:
    """All that run, as trees: a task is below the one that made it, a connection at the top."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.roots: dict[int, Record] = {}
        # Weakly, as asyncio does: a task that nobody refers to may be lost, here too.
        self.records: weakref.WeakKeyDictionary[asyncio.Task[Any], Record] = weakref.WeakKeyDictionary()
        self.transitions: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self.ids = count(1)

    def follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on each task that is made is known."""
        loop.set_task_factory(self.make)

    def make(self, loop: Any, coroutine: Any, **options: Any) -> asyncio.Task[Any]:
        if not isinstance(coroutine, CoroutineType):
            return asyncio.Task(coroutine, loop=loop, **options)
        parent = self.current(loop)
        record = Record(next(self.ids), coroutine.__qualname__, parent, bool(parent and parent.is_hidden))
        record.is_followed = not any(each in coroutine.cr_code.co_filename for each in NEVER_OWN)
        record.started_by = self.maker()
        task = asyncio.Task(Stepped(coroutine, record, self), loop=loop, **options)
        record.task = weakref.ref(task, lambda _: self.ends(record, "cancelled"))
        self.records[task] = record
        (self.roots if parent is None else parent.children)[record.id] = record
        return task

    def current(self, loop: Any) -> Record | None:
        task = asyncio.current_task(loop)
        return self.records.get(task) if task else None

    def maker(self) -> CodeType | None:
        """The innermost function of the program's own that is making a task."""
        frame = sys._getframe(1)
        while frame is not None and not self.sources.is_own(frame.f_code):
            frame = frame.f_back
        return frame and frame.f_code

    def is_connection(self, scope: dict[str, Any], protocol: Any) -> None:
        """The task that runs is that of a connection: it's nobody's child, no matter which task made it."""
        record = self.current(asyncio.get_running_loop())
        if record is None:
            return
        record.scope, record.protocol = scope, protocol
        if record.parent is not None:
            record.parent.children.pop(record.id, None)
            record.parent = None
            self.roots[record.id] = record

    def resumes(self, record: Record) -> None:
        record.resumptions += 1
        record.state = "running"
        if record.own:
            self.note(record, "resumed")

    def waits(self, record: Record, coroutine: Any) -> None:
        now = record.since = time.monotonic()
        record.state = "waiting"
        if not record.is_followed or record.is_hidden:
            record.chain = record.chain or steps(coroutine, self.sources.is_own)
            return
        record.chain = steps(coroutine, self.sources.is_own)
        is_new = not record.own
        record.own = self.known(record, now)
        if record.own:
            if is_new:
                mark_own(record)
                self.note(record, "started")
            self.note(record, "waits", self.reason(record))

    def known(self, record: Record, now: float) -> list[tuple[Step, int, float]]:
        """The program's own steps of the chain, each with the id and the time that it has had."""
        own = [step for step in record.chain if step.is_own]
        result = []
        for depth, step in enumerate(own):
            number, since = next(self.ids) if depth else record.id, now
            if depth < len(record.own):
                before, old, then = record.own[depth]
                if before.frame == step.frame and before.code is step.code:
                    number = old
                    is_last = depth == len(own) - 1
                    since = then if before == step and not is_last else now
            result.append((step, number, since))
        return result

    def ends(self, record: Record, what: str) -> None:
        if record.has_ended:
            return
        record.state = "finished"
        if record.own:
            self.note(record, what)
        self.forget(record)

    def forget(self, record: Record | None) -> None:
        """Who has ended is kept for as long as something that it started runs on."""
        while record is not None and record.has_ended and not record.children:
            siblings = self.roots if record.parent is None else record.parent.children
            siblings.pop(record.id, None)
            record = record.parent

    def note(self, record: Record, what: str, reason: str | None = None) -> None:
        step, number, _ = record.own[-1]
        root = record
        while root.parent is not None:
            root = root.parent
        self.transitions.append(
            {
                "at_ms": time.monotonic() * 1000,
                "task": root.id,
                "coroutine": number,
                "function": step.code.co_name,
                "file": self.sources.name(step.code),
                "line": step.line,
                "what": what,
                "waiting_on": reason,
            }
        )

    @staticmethod
    def below(record: Record) -> list[CodeType]:
        """The functions of libraries in which the program's own code waits; else the whole chain."""
        chain = [step.code for step in record.chain]
        last = max((i for i, step in enumerate(record.chain) if step.is_own), default=-1)
        return chain[last + 1 :]

    def reason(self, record: Record) -> str:
        """What it waits for, from what is at the end of its chain."""
        below = self.below(record)
        for code in below if record.own else reversed(below):
            reason = reason_of(code)
            if reason is not None:
                return reason
        waiter = getattr(record.task and record.task(), "_fut_waiter", None)
        if isinstance(waiter, asyncio.Task):
            return "its children" if self.records.get(waiter, record).parent is record else "a task"
        if type(waiter).__name__ == "_GatheringFuture":  # gather() is no coroutine
            return "its children"
        return "its turn" if not below and waiter is None else "a future"


def mark_own(record: Record | None) -> None:
    while record is not None and not record.runs_own:
        record.runs_own = True
        record = record.parent
