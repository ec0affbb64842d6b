"""Shows what one scenario looked like on several stacks: transcripts in columns."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator

from .outcome import Event, Outcome
from .pattern import Json, shorten, show
from .report import BOLD, GREEN, RED, paint, shortened
from .scenario import Step

TITLES = {"cpp": "C++ (beastapi)", "fastapi_corrected": "FastAPI, corrected"}
TITLES |= {"flask_corrected": "Flask-SocketIO, corrected"}
TITLES |= {"fastapi": "FastAPI", "flask": "Flask-SocketIO"}

Cell = list[tuple[str, str]]  # lines, each with what to compare it by

# What differs from run to run, and so is no difference between stacks.
_RESTLESS = {"timestamp", "last_activity", "idle_seconds"}
_EXPECTATIONS = ("receive", "see", "closed", "refused", "http", "raw_http", "server_exits")
SHORTEST_RUN = 4  # frames that count on: fewer are shown one by one
_SHOWN = ("receives", "is closed:", "answers", "gets no pong")  # the rest is in the step itself


def side_by_side(outcomes: list[Outcome], width: int, colour: bool) -> str:
    """The transcripts of one scenario in columns.

    What the last stack did not do alike is red; what only the last one did is green.
    """
    scenario = outcomes[0].scenario
    column = max(30, (width - 3 * (len(outcomes) - 1)) // len(outcomes))
    lines = [paint(scenario.title, BOLD, colour), *wrap(scenario.about, width), ""]
    titles = [pad(TITLES[outcome.stack], column) for outcome in outcomes]
    lines += [paint(" │ ".join(titles).rstrip(), BOLD, colour), "═" * width]
    for index, step in enumerate(scenario.steps):
        lines.append(paint(shorten(" ".join(step.text.split()), width), BOLD, colour))
        lines += _rows(_marked([_cell(outcome, index, step) for outcome in outcomes]), column, colour)
    return "\n".join(lines)


def _marked(cells: list[Cell]) -> list[list[tuple[str, bool]]]:
    """Marks the lines that the last column lacks, and those of the last that another lacks."""
    keys = [{key for _, key in cell} for cell in cells]
    held_against = [keys[-1:]] * (len(cells) - 1) + [keys[:-1]]
    return [
        [(text, any(key not in other for other in others)) for text, key in cell]
        for cell, others in zip(cells, held_against)
    ]


def _rows(cells: list[list[tuple[str, bool]]], column: int, colour: bool) -> list[str]:
    columns = [
        [(piece, differs) for text, differs in cell for piece in wrap(text, column, "    ")]
        for cell in cells
    ]
    rows = []
    for row in range(max(map(len, columns))):
        parts = []
        for i, pieces in enumerate(columns):
            text, differs = pieces[row] if row < len(pieces) else ("", False)
            shade = GREEN if i and i == len(columns) - 1 else RED
            parts.append(paint(pad(text, column), shade, colour and differs))
        rows.append(" │ ".join(parts).rstrip())
    return rows


def _cell(outcome: Outcome, index: int, step: Step) -> Cell:
    """What a stack did during a step, as (line, what to compare it by), and whether as written."""
    lines: Cell = []
    counts: dict[str, int] = {}
    for event, more in _runs(_in_order(outcome, index)):
        key = f"{event.who} {event.did} {_canonical(event.what)}" + f" and {more}" * bool(more)
        if key not in counts:
            what = _settled(event.what)
            text = what if isinstance(what, str) else show(shortened(what, 60), 400)
            text = shorten(text, 400) + f" … and the next {more}" * bool(more)
            lines.append((f"{event.at:6.2f} {event.who} {event.did} {text}", key))
        counts[key] = counts.get(key, 0) + 1
    lines = [
        (f"{text}  × {counts[key]}", f"{key} × {counts[key]}") if counts[key] > 1 else (text, key)
        for text, key in lines
    ]
    if step.kind == "enter":
        lines = []
    wrong = outcome.mismatches.get(index)
    if wrong:
        # Of several lines the first repeats the frame, which stands above.
        lines += [(f"     ✗ {line}", line) for line in wrong[1:] or wrong]
    elif step.kind.startswith(_EXPECTATIONS):
        lines.append(("     ✓", "✓"))
    return lines


def _in_order(outcome: Outcome, step: int) -> list[Event]:
    """Events of a step by person: between people the order of arrival says nothing."""
    events = [e for e in outcome.transcript if e.step == step and e.did in _SHOWN]
    people = list(dict.fromkeys(event.who for event in outcome.transcript))
    return sorted(events, key=lambda event: people.index(event.who))


def _runs(events: list[Event]) -> Iterator[tuple[Event, int]]:
    """Folds events that count on, such as "line 1", "line 2", …: the first, and how many follow.

    Two that take turns, such as a message and its ack, are folded, too.
    """
    at = 0
    while at < len(events):
        turns = 1
        for period in (2, 1):
            end = at + period
            while end < len(events) and _counts_on(events[end - period], events[end]):
                end += 1
            if end - at >= SHORTEST_RUN * period:
                turns = period
                break
        else:
            end = at + 1
        for lane in range(turns):
            yield events[at + lane], (end - at - lane - 1) // turns
        at = end


def _counts_on(one: Event, other: Event) -> bool:
    if (one.who, one.did) != (other.who, other.did):
        return False
    pairs = list(zip(*(re.split(r"(\d+)", _canonical(event.what)) for event in (one, other))))
    words, numbers = pairs[::2], pairs[1::2]
    steps = {int(after) - int(before) for before, after in numbers}
    return all(before == after for before, after in words) and steps in ({1}, {0, 1})


def _canonical(value: Json) -> str:
    """Equal for frames that say the same, whatever the order of their fields and the time."""
    return json.dumps(_settled(value), sort_keys=True, default=show)


def _settled(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _settled(item) for key, item in value.items() if key not in _RESTLESS}
    if isinstance(value, list):
        return [_settled(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


# -- text in columns; a Chinese character takes two ------------------------------------------


def text_width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def pad(text: str, width: int) -> str:
    """Fills a text up with blanks."""
    return text + " " * (width - text_width(text))


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """Breaks a text into lines, between words where that is possible."""
    lines: list[str] = []
    line = ""
    for word in re.split(r"(?<=[ ,])", text):
        if line.strip() and text_width(line + word.rstrip()) > width:
            lines.append(line.rstrip())
            line = indent
        for char in word:
            if text_width(line + char) > width and char != " ":
                lines.append(line)
                line = indent
            line += char
    return [*lines, line.rstrip()] if line.strip() else lines
