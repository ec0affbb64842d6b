"""Turns samples into rows: for each stack a median, its spread, and the ratio to FastAPI."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from . import figures
from .digest import fell
from .figures import Spread
from .plan import Load
from .stacks import BASE, STACKS

STUCK_LIMIT_MS = 50.0  # how long a stuck reader may delay the others
DISTURBED = 0.05  # share of the machine that others may take from a measurement

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
    also: tuple[float, ...] = ()  # further figures for a chart


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
    ("per_cpu_second", "{what} for each second of server CPU", "more", figures.rate),
    ("per_second", "{what} a second", "more", figures.rate),
    ("p50_ms", "time from send to arrival at saturation, median", "", figures.milliseconds),
    ("p99_ms", "at saturation, 99 % are faster", "", figures.milliseconds),
    ("max_ms", "at saturation, the slowest", "", figures.milliseconds),
)
_SATURATED = (
    "Each stack carries as much as it can here, so the times below are of different loads: how "
    "long a message takes at the same load is in the section above."
)


def make_sections(
    loads: list[Load],
    samples: dict[str, Any],
    lines: dict[str, dict[str, int]],
    classroom: dict[str, Any] | None = None,
) -> list[Section]:
    """All measurements as sections of the report."""
    sections = []
    offered = [load for load in loads if load.kind == "offered" and load.name in samples]
    if offered:
        sections.append(_offered(offered, samples))
    for load in (load for load in loads if load.kind in ("echo", "chat")):
        what = "round trips" if load.kind == "echo" else "messages delivered"
        rows = [
            make_row(key, label.format(what=what), better, write, samples[load.name])
            for key, label, better, write in _TRAFFIC
        ]
        about = f"{load.about} {_SATURATED}" if offered else load.about
        sections.append(Section(load.name, load.kind, load.title, about, rows))
    idle = [load for load in loads if load.kind == "idle"]
    if idle:
        sections.append(_memory(idle, samples))
    sections += [_churn(load, samples[load.name]) for load in loads if load.kind == "churn"]
    sections += [_stall(load, samples[load.name]) for load in loads if load.kind == "stall"]
    if classroom:
        sections.append(_classroom(classroom))
    sections.append(_lines(lines))
    return sections


def make_row(
    key: str, label: str, better: str, write: Writer, samples: dict[str, list[dict[str, Any]]]
) -> Row:
    """A row of one figure of the samples."""
    spreads = {
        stack.name: figures.spread(sample.get(key) for sample in samples.get(stack.name, []))
        for stack in STACKS
    }
    cells = {
        stack.name: _cell(spreads[stack.name], spreads[BASE], write, samples.get(stack.name, []))
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
    problems |= {"disturbed by other programs"} & {_disturbance(sample) for sample in samples}
    return Cell(
        write(found.median),
        found,
        figures.ratio_text(times) if times is not None else "",
        "; ".join([*filter(None, [note]), *failures, *sorted(problems)]),
        times,
    )


def _disturbance(sample: dict[str, Any]) -> str:
    return "disturbed by other programs" if sample.get("others", 0) > DISTURBED else ""


def count_disturbed(samples: dict[str, dict[str, list[dict[str, Any]]]]) -> tuple[int, int]:
    """How many measurements other programs disturbed, and how many there are."""
    every = [sample for of in samples.values() for stack in of.values() for sample in stack]
    return sum(bool(_disturbance(sample)) for sample in every), len(every)


# -- the same load for all ----------------------------------------------------------------------


def _offered(loads: list[Load], samples: dict[str, Any]) -> Section:
    rows = []
    for load in loads:
        of_load = {name: _that_kept_up(load, found) for name, found in samples[load.name].items()}
        label = f"{figures.count(load.rate * load.connections)} delivered a second"
        row = make_row("p99_ms", label, "less", figures.milliseconds, of_load)
        cells = {}
        for stack in STACKS:
            cell, found = row.cells[stack.name], of_load.get(stack.name, [])
            raw = samples[load.name].get(stack.name, [])
            if not found:
                cells[stack.name] = Cell(_how_it_fell(load, raw))
                continue
            p50 = figures.spread(each["p50_ms"] for each in found)
            p999 = figures.spread(each["p99_9_ms"] for each in found)
            assert p50 and p999
            note = f"half within {figures.milliseconds(p50.median)}, 99.9 % within "
            note += figures.milliseconds(p999.median)
            fallen = len(raw) - len(found)
            note += f"; fell in {fallen} of {len(raw)} rounds" if fallen else ""
            note += f"; {cell.note}" if cell.note else ""
            cells[stack.name] = replace(cell, note=note, also=(p50.median, p999.median))
        rows.append(Row(load.name, label, row.better, row.write, cells))
    about = (
        "The same load for all, and nobody waits for answers: messages are due at fixed times, as "
        "people send them, and a message’s time counts from when it was due, so a server that "
        "falls behind can’t hide it. A figure is the time within which 99 of 100 messages reach a "
        "member; the pale band goes from half of them to 99.9 of 100. At the cross, the stack "
        "falls: it delivers less than it is given, and the queue grows."
    )
    return Section("offered", "offered", "How long a message takes", about, rows)


def _that_kept_up(load: Load, samples: list[dict[str, Any]]) -> list[dict[str, Any]]:
    kept = [sample for sample in samples if not fell(load, sample)]
    return kept if 2 * len(kept) > len(samples) else []  # what it does in most rounds counts


def _how_it_fell(load: Load, samples: list[dict[str, Any]]) -> str:
    if not samples:
        return "–"
    measured = figures.spread(sample.get("per_second") for sample in samples)
    if measured is None:
        return f"falls: {samples[0]['failed']}"
    late = figures.spread(sample["p50_ms"] for sample in samples if "p50_ms" in sample)
    text = f"falls: {figures.rate(measured.median)} arrive"
    return f"{text}, half after {figures.milliseconds(late.median)}" if late else text


# -- memory ---------------------------------------------------------------------------------------


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


def _churn(load: Load, samples: dict[str, list[dict[str, Any]]]) -> Section:
    rows = [
        make_row("first_mib", "memory after the first thousand", "less", figures.mib, samples),
        make_row("last_mib", f"after thousand number {load.waves}", "less", figures.mib, samples),
        make_row("growth_kib", "growth with each thousand", "", figures.kib, samples),
    ]
    about = (
        f"{load.waves} times 1,000 clients come into the chat and leave again, 16 at a time, half "
        "of them without a goodbye. What does the server hold when all of them are gone?"
    )
    return Section("churn", "churn", "Coming and going", about, rows)


# -- one stuck reader -----------------------------------------------------------------------------


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
        of_stack, cell = samples.get(stack.name, []), row.cells[stack.name]
        if cell.spread and frozen.get(stack.name):
            text = f"did not recover in {cell.text}"
            row.cells[stack.name] = replace(cell, text=text, is_bound=True)
        elif cell.spread and frozen.get(BASE) and cell.times is not None:
            # FastAPI's wait would have gone on: the ratio is a bound.
            row.cells[stack.name] = replace(cell, ratio=f"under {cell.ratio}")
        codes = {sample["closed_with"] for sample in of_stack if "closed_with" in sample}
        ends = (f"closed with {code}" if code else "still there" for code in sorted(codes))
        fates[stack.name] = Cell(" or ".join(ends) or "–")
    about = f"{load.about} The goal of the C++ version is {STUCK_LIMIT_MS:.0f} ms."
    what_became = Row("fate", "the stuck reader at the end", "", str, fates)
    return Section(load.name, load.kind, load.title, about, [row, what_became])


# -- what a class asks ----------------------------------------------------------------------------


def fixed_row(
    name: str, label: str, better: str, write: Writer, values: dict[str, Iterable[float]], none: str
) -> Row:
    """A row of figures that no load was needed for; `none` says why one has no figure."""
    spreads = {stack.name: figures.spread(values.get(stack.name, ())) for stack in STACKS}
    cells = {}
    for stack in STACKS:
        found, base = spreads[stack.name], spreads[BASE]
        cells[stack.name] = _cell(found, base, write, []) if found else Cell(none)
    return Row(name, label, better, write, cells)


def _classroom(found: dict[str, Any]) -> Section:
    rows = [
        fixed_row("start_ms", "from the command to the first answer", "less",
                  figures.milliseconds, found.get("start_ms", {}), "–"),
        fixed_row("change_ms", "from a changed line to the first answer", "less",
                  figures.milliseconds, found.get("change_ms", {}), "not measured"),
        fixed_row("build_ms", "to build it from nothing, with all cores", "less",
                  figures.milliseconds, found.get("build_ms", {}), "nothing to build"),
        fixed_row("run_mib", "installed, to run it", "less", figures.mib, found["run_mib"], "–"),
        fixed_row("build_mib", "installed, to build it", "less",
                  figures.mib, found["build_mib"], "nothing to build"),
    ]  # fmt: skip
    if not found.get("build_ms"):
        rows = [row for row in rows if row.name != "build_ms"]
    about = (
        "A changed line is one in the program’s own file, compiled, linked and started without a "
        "cache (Python: only started). Installed is what Debian’s packages need, their dependencies "
        "included, less what every system has. The time to write it isn’t measured: that takes "
        "people, not a machine."
    )
    return Section("classroom", "classroom", "What a class asks", about, rows)


def _lines(lines: dict[str, dict[str, int]]) -> Section:
    def row(name: str, label: str, better: str) -> Row:
        values = {stack: [of[name]] if of[name] else [] for stack, of in lines.items()}
        return fixed_row(name, label, better, figures.count, values, "in its framework")

    rows = [row("program", "the chat itself", "less"), row("layer", "the layer under it", "")]
    about = (
        "Counted by cloc: neither blank lines nor comments nor docstrings. The chat itself: its "
        "handlers, manager, messages and main. They don’t do the same: the tutorial’s has the "
        "faults of the museum; C++ has tokens, several workers, Redis and Server-Sent Events, too. "
        "Where Python has a framework, the C++ version brings a layer of its own, beastapi, on "
        "Boost."
    )
    return Section("lines", "lines", "Lines of code", about, rows)
