"""What a frame or an answer should look like: JSON with placeholders, compared field by field."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Json = Any  # what json.loads gives
Variables = dict[str, str]  # what `<any as NAME>` has kept

_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_PLACEHOLDER = re.compile(r"<(any|text|number|timestamp|datetime|absent)(?: as (\w+))?>")
_KEPT = re.compile(r"<(\w+)([+-]\d+)?>")
_REPEAT = re.compile(r"<(\d+) (.)>")
_KEY = "<a placeholder>"


class PatternError(ValueError):
    """A pattern that cannot be read."""


@dataclass(frozen=True)
class Placeholder:
    """Stands for any value of one kind; `keep` is the variable that takes it."""

    kind: str
    keep: str | None = None


def is_rfc3339(text: str) -> bool:
    """Whether `text` is a timestamp with its offset, and a date that exists."""
    return _RFC3339.fullmatch(text) is not None and _is_datetime(text)


def _is_datetime(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def expand(text: str, variables: Variables, n: int = 1) -> str:
    """Replaces `<60000 x>` by 60,000 letters x, `<n>` by the count, `<NAME>` by a kept value.

    `<NAME+1>` is one more than a kept number.
    """

    def kept(found: re.Match[str]) -> str:
        name, more = found.groups()
        if name not in variables:
            return found[0]
        return str(int(variables[name]) + int(more)) if more else variables[name]

    text = _REPEAT.sub(lambda found: found[2] * int(found[1]), text).replace("<n>", str(n))
    return _KEPT.sub(kept, text)


def parse_pattern(text: str) -> Json:
    """Reads JSON in which `<any>`, `<number>`, … may stand for a value."""
    pieces = re.split(r'("(?:[^"\\]|\\.)*")', text)  # every second piece is a string literal
    for i in range(0, len(pieces), 2):
        pieces[i] = _PLACEHOLDER.sub(
            lambda found: json.dumps({_KEY: [found[1], found[2]]}), pieces[i]
        )
        pieces[i] = _KEPT.sub(lambda found: json.dumps({_KEY: ["kept", found[0]]}), pieces[i])
    try:
        return json.loads("".join(pieces), object_hook=_placeholder_or_dict, strict=False)
    except json.JSONDecodeError as error:
        raise PatternError(f"not JSON with placeholders ({error.msg}): {text}") from error


def _placeholder_or_dict(value: dict[str, Json]) -> Json:
    return Placeholder(*value[_KEY]) if _KEY in value else value


def expand_pattern(pattern: Json, variables: Variables, n: int = 1) -> Json:
    """`expand` for every string in a pattern, and for numbers such as `<NAME+1>`."""
    if isinstance(pattern, Placeholder) and pattern.kind == "kept":
        assert pattern.keep
        value = expand(pattern.keep, variables, n)
        return json.loads(value) if value != pattern.keep else Placeholder(f"kept as {value[1:-1]}")
    if isinstance(pattern, str):
        return expand(pattern, variables, n)
    if isinstance(pattern, list):
        return [expand_pattern(item, variables, n) for item in pattern]
    if isinstance(pattern, dict):
        return {key: expand_pattern(item, variables, n) for key, item in pattern.items()}
    return pattern


def show(value: Json, limit: int = 160) -> str:
    """A value as one short line of JSON."""
    if isinstance(value, Placeholder):
        return f"<{value.kind}>"
    if isinstance(value, bytes):
        return "binary " + shorten(value.hex(" "), limit)
    return shorten(json.dumps(value, ensure_ascii=False, default=show), limit)


def shorten(text: str, limit: int = 160) -> str:
    """Keeps the start of a long text and says how long it was."""
    if len(text) <= limit:
        return text
    return f"{text[: limit // 2]}… ({len(text):,} characters)"


def differences(expected: Json, actual: Json, keep: Variables, path: str = "") -> list[str]:
    """One line for each field that is not as expected; fields the pattern does not name may be.

    Values of `<any as NAME>` are put into `keep`.
    """
    where = path or "it"
    if isinstance(expected, Placeholder):
        if not _fits(expected.kind, actual):
            return [f"{where}: expected <{expected.kind}>, got {show(actual)}"]
        if expected.keep:
            keep[expected.keep] = actual if isinstance(actual, str) else json.dumps(actual)
        return []
    if isinstance(expected, dict) and isinstance(actual, dict):
        return _object_differences(expected, actual, keep, path)
    if isinstance(expected, list) and isinstance(actual, list):
        if len(expected) != len(actual):
            return [f"{where}: expected {len(expected)} items, got {show(actual)}"]
        return [
            line
            for i, item in enumerate(expected)
            for line in differences(item, actual[i], keep, f"{path}[{i}]")
        ]
    if isinstance(expected, bool) != isinstance(actual, bool) or expected != actual:
        return [f"{where}: expected {show(expected)}, got {show(actual)}"]
    return []


def _object_differences(
    expected: dict[str, Json], actual: dict[str, Json], keep: Variables, path: str
) -> list[str]:
    found: list[str] = []
    for name, value in expected.items():
        field = f"{path}.{name}" if path else name
        absent = isinstance(value, Placeholder) and value.kind == "absent"
        if absent and name in actual:
            found.append(f"{field}: expected no such field, got {show(actual[name])}")
        elif not absent and name not in actual:
            found.append(f"{field}: expected {show(value)}, but the field is missing")
        elif not absent:
            found += differences(value, actual[name], keep, field)
    return found


def _fits(kind: str, value: Json) -> bool:
    if kind == "number":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "any":
        return True
    if not isinstance(value, str):
        return False
    if kind == "timestamp":
        return is_rfc3339(value)
    return kind == "text" or (kind == "datetime" and _is_datetime(value))
