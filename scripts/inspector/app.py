"""An ASGI app around the program's: it answers what is below /inspect, and passes on the rest."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from .lag import Lag
from .snapshot import Snapshots
from .sources import Sources
from .tasks import Tasks

PERIOD = 0.5  # seconds between two snapshots of a stream
STATIC = re.compile(r"/inspect/static/([a-z_]+\.(?:css|js))")
TYPES = {"css": "text/css", "js": "text/javascript", "html": "text/html"}
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
BY_PROXIES = {b"forwarded", b"x-forwarded-for", b"x-real-ip"}
FORBIDDEN = (
    "{} is for programs on the server's own machine. Open it there, as http://127.0.0.1:PORT/inspect "
    "and without a proxy.\n"
)


class Inspector:
    def __init__(self, app: Any, sources: Sources, static: Path) -> None:
        self.app = app
        self.sources = sources
        self.static = static
        self.tasks = Tasks(sources)
        self.lag = Lag()
        self.snapshots = Snapshots(self.tasks, self.lag)
        self.is_stopping: Callable[[], bool] = lambda: False
        self.measuring: asyncio.Task[None] | None = None

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        # uvicorn calls this first for the lifespan, before there's any connection.
        if self.measuring is None:
            loop = asyncio.get_running_loop()
            self.measuring = loop.create_task(self.lag.measure())
            self.tasks.follow(loop)
        if scope["type"] != "lifespan":
            self.tasks.is_connection(scope, getattr(receive, "__self__", None))
        if scope["type"] == "http" and is_ours(scope["path"]):
            self.hide()
            await self.answer(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def hide(self) -> None:
        """What serves the page isn't what people look for on it."""
        record = self.tasks.current(asyncio.get_running_loop())
        if record is not None:
            record.is_hidden = True

    async def answer(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        path, query = scope["path"], dict(parse_qsl(scope["query_string"].decode("latin-1")))
        static = STATIC.fullmatch(path)
        if not may_look(scope):
            await reply(send, 403, "text/plain", FORBIDDEN.format(path))
        elif scope["method"] not in ("GET", "HEAD"):
            await reply(send, 405, "text/plain", "Method not allowed\n")
        elif path == "/inspect/events":
            await self.stream(query, receive, send)
        elif path == "/inspect.json":
            await reply(send, 200, "application/json", self.look(query))
        elif path == "/inspect":
            await self.file(send, "index.html")
        elif static:
            await self.file(send, static[1])
        elif path == "/inspect/source" and self.sources.text(query.get("file", "")) is not None:
            await reply(send, 200, "text/plain", self.sources.text(query["file"]) or "")
        else:
            await reply(send, 404, "text/plain", "Not found\n")

    def look(self, query: dict[str, str]) -> str:
        return json.dumps(self.snapshots.take(query), ensure_ascii=False)

    async def file(self, send: Any, name: str) -> None:
        path = self.static / name
        if path.is_file():
            await reply(send, 200, TYPES[path.suffix[1:]], path.read_text(encoding="utf-8"))
        else:
            await reply(send, 404, "text/plain", f"INSPECT_DIR has no {name}\n")

    async def stream(self, query: dict[str, str], receive: Any, send: Any) -> None:
        """Snapshots until the page is closed, or the server stops: it would wait for this."""
        await begin(send, 200, "text/event-stream")
        gone = asyncio.create_task(until_gone(receive))
        while not gone.done() and not self.is_stopping():
            body = f"data: {self.look(query)}\n\n".encode()
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await asyncio.wait({gone}, timeout=PERIOD)
        gone.cancel()
        if not gone.done():
            await send({"type": "http.response.body", "body": b""})


def is_ours(path: str) -> bool:
    return path in ("/inspect", "/inspect.json") or path.startswith("/inspect/")


def may_look(scope: dict[str, Any]) -> bool:
    """Only this machine, under a name of its own: a page from elsewhere may have a name that leads here."""
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"").decode("latin-1")
    name = re.sub(r":\d+$", "", host).strip("[]")
    client = scope.get("client")
    return (
        client is not None
        and is_loopback(client[0])
        and not BY_PROXIES & headers.keys()
        and (name == "localhost" or is_loopback(name))
    )


def is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


async def until_gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def begin(send: Any, status: int, kind: str, **more: str) -> None:
    headers = HEADERS | {"Content-Type": f"{kind}; charset=utf-8"} | more
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})


async def reply(send: Any, status: int, kind: str, text: str) -> None:
    body = text.encode()
    await begin(send, status, kind, Content_Length=str(len(body)))
    await send({"type": "http.response.body", "body": body})
