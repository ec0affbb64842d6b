"""HTTP requests written by hand, so that a scenario can send a bad one and see the bare answer."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import dataclass

from .pattern import Variables, differences, expand, expand_pattern, parse_pattern, shorten, show

DEADLINE = 5.0  # seconds for a whole request
NO_BODY = (204, 304)


@dataclass(frozen=True)
class Answer:
    """A response: header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Expected:
    """The lines under an HTTP step: what to send (`>`), what must come back (`<`), the body."""

    send: dict[str, str]
    headers: dict[str, str]
    body: str


def parse_expected(rest: str) -> Expected:
    """Reads what follows the status of an HTTP step."""
    send: dict[str, str] = {}
    headers: dict[str, str] = {}
    body: list[str] = []
    for line in rest.strip().splitlines():
        found = re.fullmatch(r"([<>]) ([\w-]+): (.*)", line)
        if not found:
            body.append(line)
        elif found[1] == ">":
            send[found[2]] = found[3]
        else:
            headers[found[2]] = found[3]
    return Expected(send, headers, "\n".join(body).strip())


def build_request(method: str, path: str, headers: dict[str, str]) -> bytes:
    """The request's bytes; the connection is not kept."""
    fields = {"Host": "127.0.0.1", "Connection": "close"} | headers
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def send_request(port: int, request: bytes) -> Answer:
    """Sends bytes and reads one answer; raises ConnectionError or TimeoutError without one."""
    return await asyncio.wait_for(_exchange(port, request), DEADLINE)


async def _exchange(port: int, request: bytes) -> Answer:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.IncompleteReadError as error:
            raise ConnectionError(f"no answer, only {error.partial!r}") from error
        status = int(head[0].split(" ")[1])
        fields = (line.partition(":") for line in head[1:] if line)
        headers = {name.strip().lower(): value.strip() for name, _, value in fields}
        body = b""
        if not request.startswith(b"HEAD ") and status not in NO_BODY and status >= 200:
            length = headers.get("content-length")
            body = await reader.read() if length is None else await reader.readexactly(int(length))
        return Answer(status, headers, body)
    finally:
        writer.close()


def answer_differences(
    status: int, expected: Expected, answer: Answer, variables: Variables
) -> list[str]:
    """One line for each thing about an answer that is not as expected."""
    found = []
    if answer.status != status:
        found.append(
            f"status: expected {status}, got {answer.status} "
            + shorten(answer.body.decode("utf-8", "replace"))
        )
    for name, pattern in expected.headers.items():
        found += _header_differences(name, pattern, answer.headers.get(name.lower()), variables)
    if expected.body:
        pattern = expand_pattern(parse_pattern(expected.body), variables)
        try:
            found += differences(pattern, json.loads(answer.body), variables)
        except ValueError:
            text = answer.body.decode("utf-8", "replace")
            found.append(f"body: expected {show(pattern)}, got {shorten(text) or 'nothing'}")
    return found


def _header_differences(
    name: str, pattern: str, value: str | None, variables: Variables
) -> list[str]:
    if pattern == "<absent>":
        return [] if value is None else [f"{name}: expected no such header, got {value}"]
    if value is None:
        return [f"{name}: expected {pattern}, but the header is missing"]
    kept = re.fullmatch(r"<any(?: as (\w+))?>", pattern)
    if kept:
        if kept[1]:
            variables[kept[1]] = value
        return []
    choices = [choice.split("…") for choice in expand(pattern, variables).split(" or ")]
    if not any(re.fullmatch(".*".join(map(re.escape, parts)), value) for parts in choices):
        return [f"{name}: expected {pattern}, got {value}"]
    return []
