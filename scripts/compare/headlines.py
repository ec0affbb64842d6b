"""The few figures that stand at the head of the report: where Python wins, then where C++ does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import behaviour, figures
from .stacks import BASE, STACKS
from .tables import Row, Section

CLEAR = 1.1  # less than that is no win


@dataclass(frozen=True)
class Headline:
    """A figure, what it says, and what it was compared with; `winner` is a stack's name."""

    figure: str
    text: str
    detail: str
    winner: str = "cpp"


def headlines(sections: list[Section], scenarios: list[dict[str, Any]]) -> list[Headline]:
    """Those figures that were measured: first those in which FastAPI is better."""
    found = {section.name: section for section in sections}
    lines = [*_of_python(found), *_of_cpp(found, scenarios)]
    return sorted(lines, key=lambda line: line.winner == "cpp")


def _of_python(found: dict[str, Section]) -> list[Headline]:
    """What a class meets first, and costs time of people."""
    asked = [
        ("lines", "program", "the lines of code of the same chat"),
        ("classroom", "change_ms", "the time from a changed line to the first answer"),
        ("classroom", "build_mib", "has to be installed to build it"),
        ("classroom", "start_ms", "the time from the command to the first answer"),
        ("classroom", "run_mib", "has to be installed to run it"),
    ]
    lines = []
    for section, name, text in asked:
        rows = found[section].rows if section in found else []
        row = next((row for row in rows if row.name == name), None)
        if row is None:
            continue
        cpp, base = row.cells["cpp"], row.cells[BASE]
        if not cpp.spread:
            continue
        if not base.spread:  # it needs nothing of the kind
            lines.append(Headline("none", text, f"{cpp.text} for C++", BASE))
        elif cpp.spread.median > CLEAR * base.spread.median:
            figure = figures.ratio_text(base.spread.median / cpp.spread.median)
            detail = f"{base.text} in FastAPI, {cpp.text} in C++"
            lines.append(Headline(figure, text, detail, BASE))
    return lines


def _of_cpp(found: dict[str, Section], scenarios: list[dict[str, Any]]) -> list[Headline]:
    lines = []
    if "offered" in found:
        lines += _where_it_falls(found["offered"])
    if "chat_100" in found:
        text = "the messages for each second of server CPU, to 100 members"
        lines += _compared(found["chat_100"].row("per_cpu_second"), text)
    if "memory" in found and found["memory"].rows:
        rows = found["memory"].rows
        row = next((row for row in rows if row.name == "idle_1000"), rows[0])
        lines += _compared(row, f"the memory a connection, with {row.label}")
    if "stall" in found:
        row = found["stall"].row("silence_ms")
        cpp, base = row.cells["cpp"], row.cells[BASE]
        if cpp.spread:
            text = "is the longest that one stuck reader makes another wait"
            tutorial = row.cells["fastapi"].text
            detail = f"FastAPI: {base.text}; the tutorial’s program: {tutorial}"
            if not base.spread or base.spread.median > CLEAR * cpp.spread.median:
                lines.append(Headline(cpp.text, text, detail))
            elif cpp.spread.median > CLEAR * base.spread.median:
                detail = f"C++: {cpp.text}; the tutorial’s program: {tutorial}"
                lines.append(Headline(base.text, text, detail, BASE))
    if scenarios:
        held = {stack.name: _held(behaviour.tally(scenarios, stack.name)) for stack in STACKS}
        detail = f"{held[BASE]} in FastAPI, {held['fastapi']} in the tutorial’s program"
        lines.append(Headline(held["cpp"], "conversations hold in C++", detail))
    return lines


def _where_it_falls(section: Section) -> list[Headline]:
    """At the greatest load that FastAPI carries: how long a message takes in both."""
    both = [row for row in section.rows if row.cells[BASE].spread and row.cells["cpp"].spread]
    if not both:
        return []
    last = both[-1]
    text = f"the time of a message (99 % are faster) where {last.label}"
    lines = _compared(last, text)
    carried = [
        [row.label.split()[0] for row in section.rows if row.cells[name].spread][-1]
        for name in ("cpp", BASE)
    ]
    if carried[0] != carried[1]:
        text = "messages delivered a second are the most that C++ carries of the loads offered"
        lines.append(Headline(carried[0], text, f"{carried[1]} in FastAPI"))
    return lines


def _held(counts: dict[str, int]) -> str:
    played = sum(counts.values()) - counts[behaviour.NOT_APPLICABLE]
    return f"{counts[behaviour.PASSED]} of {played}"


def _compared(row: Row, text: str) -> list[Headline]:
    cpp, base = row.cells["cpp"], row.cells[BASE]
    if not cpp.spread or not base.spread or cpp.times is None:
        return []
    detail = f"{cpp.text} in C++, {base.text} in FastAPI"
    if 1 / CLEAR < cpp.times < CLEAR:
        return []
    worse = (cpp.times < 1) if row.better == "more" else (cpp.times > 1)
    if worse:
        return [Headline(figures.ratio_text(1 / cpp.times), text, detail, BASE)]
    return [Headline(figures.ratio_text(cpp.times), text, detail)]
