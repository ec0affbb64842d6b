"""Where a coroutine waits: the chain of those that it awaits, down to a future."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any, NamedTuple

# Of each kind of object that can be awaited: where its frame is, and what it awaits itself.
KINDS = {
    "coroutine": ("cr_frame", "cr_await"),
    "generator": ("gi_frame", "gi_yieldfrom"),
    "async_generator": ("ag_frame", "ag_await"),
}
# They tell nothing, but refer to one of those above.
WRAPPERS = {"coroutine_wrapper", "async_generator_asend", "async_generator_athrow"}


class Step(NamedTuple):
    """A function of the chain, and the line that it has come to; 0 where nobody asks for it."""

    code: CodeType
    line: int
    is_own: bool
    frame: int  # which of its calls it is


def frames(awaited: Any) -> Iterator[FrameType]:
    """Outermost first."""
    while awaited is not None:
        kind = type(awaited).__name__
        if kind in WRAPPERS:
            referents = gc.get_referents(awaited)
            awaited = next((each for each in referents if type(each).__name__ in KINDS), None)
            continue
        if kind not in KINDS:
            return
        frame_of, awaited_by = KINDS[kind]
        frame = getattr(awaited, frame_of)
        if frame is None:
            return
        yield frame
        awaited = getattr(awaited, awaited_by)


def steps(coroutine: Any, is_own: Any) -> list[Step]:
    """The chain as it is now. Lines of libraries cost time, and few are shown: of them the first."""
    chain = []
    for frame in frames(coroutine):
        own = is_own(frame.f_code)
        line = frame.f_lineno if own or not chain else 0
        chain.append(Step(frame.f_code, line, own, id(frame)))
    return chain


# What one waits for in a function of a library: a part of its file's path, the start of its name.
# The first row that fits the outermost function counts.
REASONS = (
    ("/starlette/websockets.py", "receive", "a message"),
    ("/starlette/websockets.py", "iter_", "a message"),
    ("/starlette/websockets.py", "accept", "the handshake"),
    ("/starlette/websockets.py", "close", "the client's goodbye"),
    ("/starlette/websockets.py", "send", "room in the outbox"),
    ("/starlette/requests.py", "", "the request"),
    ("/starlette/responses.py", "", "room in the outbox"),
    ("/uvicorn/protocols/websockets/", "asgi_receive", "a message"),
    ("/uvicorn/protocols/", "asgi_send", "room in the outbox"),
    ("/uvicorn/protocols/http/", "send", "room in the outbox"),
    ("/websockets/", "recv", "a message"),
    ("/websockets/", "drain", "room in the outbox"),
    ("/asyncio/tasks.py", "sleep", "a timer"),
    ("/asyncio/tasks.py", "", "its children"),  # wait, wait_for, gather, as_completed
    ("/asyncio/taskgroups.py", "", "its children"),
    ("/asyncio/threads.py", "", "a thread"),
    ("/anyio/to_thread.py", "", "a thread"),
    ("/starlette/concurrency.py", "run_in_threadpool", "a thread"),
    ("/asyncio/locks.py", "", "a lock"),
    ("/asyncio/queues.py", "get", "a queue"),
    ("/asyncio/queues.py", "put", "room in a queue"),
    ("/asyncio/streams.py", "drain", "room in the outbox"),
    ("/asyncio/streams.py", "read", "bytes"),
    ("/redis/", "", "Redis"),
)


def reason_of(code: CodeType) -> str | None:
    for path, name, reason in REASONS:
        if path in code.co_filename and code.co_name.startswith(name):
            # An Event isn't a lock, though it's in the same file.
            return "an event" if code.co_qualname.startswith("Event.") else reason
    return None


def is_timeout(code: CodeType) -> bool:
    return code.co_name == "wait_for" and "/asyncio/" in code.co_filename
