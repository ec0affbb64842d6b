"""Turns samples into rows: for each stack a median, its spread, and the ratio to FastAPI."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from . import figures
from .figures import Spread
from .plan import Load
from .stacks import BASE, STACKS

STUCK_LIMIT_MS = 50.0  # how long a stuck reader may delay the others

Writer = Callable[[float], str]


@dataclass(frozen=True)
class Cell:
    """One stack's figure in a row."""

    text: str
    spread: Spread | None = None
    ratio: str = ""
    note: str = ""  # the spread, and what went wrong
    times: float | None = None  # the ratio as a number
    is_bound: bool = False  # it would have been more, had the measurement gone on


@dataclass(frozen=True)
class Row:
    """One figure of all stacks."""

    name: str
    label: str
    better: str  # "more", "less" or ""
    write: Writer
    cells: dict[str, Cell]


@dataclass(frozen=True)
class Section:
    """Rows that belong together."""

    name: str
    kind: str
    title: str
    about: str
    rows: list[Row] = field(default_factory=list)

    def row(self, name: str) -> Row:
        return next(row for row in self.rows if row.name == name)


_TRAFFIC = (
    ("per_second", "{what} a second", "more", figures.rate),
    ("per_cpu_second", "{what} for each second of server CPU", "more", figures.rate),
    ("p50_ms", "latency, median (p50)", "less", figures.milliseconds),
    ("p99_ms", "latency, 99 % are faster (p99)", "less", figures.milliseconds),
    ("max_ms", "latency, the slowest", "less", figures.milliseconds),
)


def make_sections(
    loads: list[Load], samples: dict[str, Any], lines: dict[str, dict[str, int]]
) -> list[Section]:
    """All measurements as sections of the report."""
    sections = []
    idle = [load for load in loads if load.kind == "idle"]
    for load in (load for load in loads if load.kind in ("echo", "chat")):
        what = "round trips" if load.kind == "echo" else "messages delivered"
        rows = [
            make_row(key, label.format(what=what), better, write, samples[load.name])
            for key, label, better, write in _TRAFFIC
        ]
        sections.append(Section(load.name, load.kind, load.title, load.about, rows))
    if idle:
        sections.append(_memory(idle, samples))
    sections += [_stall(load, samples[load.name]) for load in loads if load.kind == "stall"]
    sections.append(_lines(lines))
    return sections


def make_row(
    key: str, label: str, better: str, write: Writer, samples: dict[str, list[dict[str, Any]]]
) -> Row:
    """A row of one figure of the samples."""
    spreads = {
        stack.name: figures.spread(sample.get(key) for sample in samples[stack.name])
        for stack in STACKS
    }
    cells = {
        stack.name: _cell(spreads[stack.name], spreads[BASE], write, samples[stack.name])
        for stack in STACKS
    }
    return Row(key, label, better, write, cells)


def _cell(
    found: Spread | None, base: Spread | None, write: Writer, samples: list[dict[str, Any]]
) -> Cell:
    failures = [sample["failed"] for sample in samples if "failed" in sample]
    if found is None:
        return Cell(failures[0] if failures else "too little to tell")
    times = figures.ratio(found.median, base.median) if base else None
    note = f"{write(found.low)} – {write(found.high)}" if found.count > 1 else ""
    problems = {problem for sample in samples for problem in sample.get("problems", [])}
    return Cell(
        write(found.median),
        found,
        figures.ratio_text(times),
        "; ".join([*filter(None, [note]), *failures, *sorted(problems)]),
        times,
    )


def _memory(idle: list[Load], samples: dict[str, Any]) -> Section:
    rows = []
    for load in idle:
        row = make_row("kib", load.title, "less", figures.kib, samples[load.name])
        rows.append(Row(load.name, row.label, row.better, row.write, row.cells))
    about = (
        "Resident memory of a fresh server with so many silent connections to its echo endpoint, "
        "less that before them, divided by their number. (In the chat everybody hears of each who "
        "joins: 5,000 members are 12.5 million notices, which would measure something else.)"
    )
    return Section("memory", "memory", "Memory a connection", about, rows)


def _stall(load: Load, samples: dict[str, list[dict[str, Any]]]) -> Section:
    row = make_row(
        "silence_ms", "longest wait of another member", "less", figures.milliseconds, samples
    )
    fates = {}
    frozen = {
        name: any(sample.get("recovered") is False for sample in of_stack)
        for name, of_stack in samples.items()
    }
    for stack in STACKS:
        of_stack, cell = samples[stack.name], row.cells[stack.name]
        if cell.spread and frozen[stack.name]:
            text = f"did not recover in {cell.text}"
            row.cells[stack.name] = replace(cell, text=text, is_bound=True)
        elif cell.spread and frozen[BASE] and cell.times is not None:
            # FastAPI's wait would have gone on: the ratio is a bound.
            row.cells[stack.name] = replace(cell, ratio=f"under {cell.ratio}")
        codes = {sample["closed_with"] for sample in of_stack if "closed_with" in sample}
        ends = (f"closed with {code}" if code else "still there" for code in sorted(codes))
        fates[stack.name] = Cell(" or ".join(ends) or "–")
    about = f"{load.about} The goal of the C++ version is {STUCK_LIMIT_MS:.0f} ms."
    what_became = Row("fate", "the stuck reader at the end", "", str, fates)
    return Section(load.name, load.kind, load.title, about, [row, what_became])


def _lines(lines: dict[str, dict[str, int]]) -> Section:
    def cells(key: str) -> dict[str, Cell]:
        base = lines[BASE][key]
        made = {}
        for stack in STACKS:
            number = lines[stack.name][key]
            if not number:
                made[stack.name] = Cell("in its framework")
                continue
            times = figures.ratio(number, base)
            text = figures.ratio_text(times) if times is not None else ""
            found = Spread(number, number, number, 1)
            made[stack.name] = Cell(figures.count(number), found, text, "", times)
        return made

    rows = [
        Row("program", "the chat itself", "less", figures.count, cells("program")),
        Row("layer", "the layer under it", "", figures.count, cells("layer")),
    ]
    about = (
        "Neither blank lines nor comments. The chat itself: its handlers, manager, messages and "
        "main; in C++ with what mends the faults, and with rooms, limits and tokens. Where Python "
        "has a framework, the C++ version brings a layer of its own, beastapi, on Boost."
    )
    return Section("lines", "lines", "Lines of code", about, rows)
