"""The few figures that stand at the head of the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from . import behaviour, figures
from .stacks import BASE
from .tables import Row, Section


@dataclass(frozen=True)
class Headline:
    """A figure of the C++ version, what it says, and what it was compared with."""

    figure: str
    text: str
    detail: str


def headlines(sections: list[Section], scenarios: list[dict[str, Any]]) -> list[Headline]:
    """Those figures that were measured."""
    found = {section.name: section for section in sections}
    lines = []
    if scenarios:
        held = {name: _held(behaviour.tally(scenarios, name)) for name in ("cpp", BASE)}
        detail = f"{held[BASE]} in FastAPI"
        lines.append(Headline(held["cpp"], "conversations hold in C++", detail))
    if "chat_100" in found:
        chat = found["chat_100"]
        text = "the messages for each second of server CPU, to 100 members"
        lines += _compared(chat.row("per_cpu_second"), text)
        lines += _compared(chat.row("p99_ms"), "the latency (p99) with 100 members")
    if "memory" in found and found["memory"].rows:
        rows = found["memory"].rows
        row = next((row for row in rows if row.name == "idle_1000"), rows[0])
        lines += _compared(row, f"the memory a connection, with {row.label}")
    if "stall" in found:
        row = found["stall"].row("silence_ms")
        cpp, base = row.cells["cpp"], row.cells[BASE]
        if cpp.spread:
            text = "is the longest that one stuck reader makes another wait"
            lines.append(Headline(cpp.text, text, f"FastAPI: {base.text}"))
    return lines


def _held(counts: dict[str, int]) -> str:
    played = sum(counts.values()) - counts[behaviour.NOT_APPLICABLE]
    return f"{counts[behaviour.PASSED]} of {played}"


def _compared(row: Row, text: str) -> list[Headline]:
    cpp, base = row.cells["cpp"], row.cells[BASE]
    if not cpp.spread or not base.spread:
        return []
    detail = f"{cpp.text} in C++, {base.text} in FastAPI"
    return [Headline(figures.ratio_text(cpp.times), text, detail)]
