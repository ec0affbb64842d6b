"""Compares two reports, and says which differences are more than noise."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import figures
from .figures import Spread
from .plan import Load
from .stacks import STACKS
from .tables import Section, make_sections

LEAST = 0.05  # a smaller change is never more than noise
ALONE = 0.3  # what was measured once has no spread: it may differ by so much
NOISE, BETTER, WORSE, OTHER = "noise", "better", "worse", "differs"
DISTURBED = "disturbed"
STEADY = ("per_cpu_second", "kib", "idle_100", "idle_1000", "idle_5000")  # whatever else runs


@dataclass(frozen=True)
class Difference:
    """One figure of one stack, before and now."""

    section: str
    label: str
    stack: str
    before: str
    now: str
    change: float
    verdict: str


def read_report(path: Path) -> tuple[dict[str, Any], list[Section]]:
    """What `results.json` holds, and the sections that the report made of it."""
    if path.is_dir():
        path /= "results.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    loads = [Load(**{**load, "options": tuple(load["options"])}) for load in result["plan"]]
    known = make_sections(loads, result["samples"], result["lines"], result.get("classroom"))
    return result, known


def compare_sections(before: list[Section], now: list[Section]) -> list[Difference]:
    """Each figure that both have."""
    found = []
    old_rows = {(section.name, row.name): row for section in before for row in section.rows}
    for section in now:
        for row in section.rows:
            old = old_rows.get((section.name, row.name))
            for stack in STACKS:
                was = old.cells[stack.name].spread if old and stack.name in old.cells else None
                is_now = row.cells[stack.name].spread
                if was is None or is_now is None or was.median <= 0:
                    continue
                notes = old.cells[stack.name].note + row.cells[stack.name].note
                disturbed = "disturbed" in notes and row.name not in STEADY
                found.append(
                    Difference(
                        section.title,
                        row.label,
                        stack.title,
                        row.write(was.median),
                        row.write(is_now.median),
                        is_now.median / was.median - 1,
                        DISTURBED if disturbed else judge(was, is_now, row.better),
                    )
                )
    return found


def judge(was: Spread, now: Spread, better: str) -> str:
    """Noise if the ranges meet, or the change is too small to speak of."""
    change = now.median / was.median - 1
    ranges_meet = was.low <= now.high and now.low <= was.high
    once = was.count == 1 or now.count == 1
    if abs(change) < (ALONE if once else LEAST) or (ranges_meet and not once):
        return NOISE
    if not better:
        return OTHER
    return BETTER if (change > 0) == (better == "more") else WORSE


def print_comparison(before: Path, now: Path) -> int:
    """Prints what differs; 1 if something is worse."""
    (old, old_sections), (new, new_sections) = read_report(before), read_report(now)
    print(f"before: {old['date']}\nnow:    {new['date']}\n")
    for group in ("machine", "versions"):
        for name in old[group].keys() | new[group].keys():
            pair = old[group].get(name, "–"), new[group].get(name, "–")
            if pair[0] != pair[1] and not name.startswith("Load when"):
                print(f"not the same {name}: {pair[0]} → {pair[1]}")
    for name, result in (("before", old), ("now", new)):
        for warning in result["warnings"]:
            print(f"{name}: {warning}")
    differences = compare_sections(old_sections, new_sections)
    real = [each for each in differences if each.verdict not in (NOISE, DISTURBED)]
    disturbed = sum(each.verdict == DISTURBED for each in differences)
    print(f"\n{len(differences)} figures are in both;", end=" ")
    quiet = len(differences) - disturbed - len(real)
    print(f"{quiet} differ by no more than noise, and {disturbed} say nothing, because other", end=" ")
    print("programs disturbed them.")
    for each in real:
        where = f"{each.section}: {each.label}"
        print(f"{each.verdict:8} {each.change:+5.0%}  {each.stack:24} {each.before:>10} →"
              f" {each.now:<10} {where}")  # fmt: skip
    return int(any(each.verdict == WORSE for each in real))


def spread_of_ratios(section: Section, name: str) -> Spread | None:
    """The least and the greatest ratio of C++ to FastAPI that the measured ranges allow."""
    row = section.row(name)
    cpp, base = row.cells["cpp"].spread, row.cells["fastapi_corrected"].spread
    if not cpp or not base or base.low <= 0:
        return None
    return Spread(cpp.median / base.median, cpp.low / base.high, cpp.high / base.low, cpp.count)


def ratio_range(section: Section, name: str) -> str:
    """`14× (12× – 16×)`."""
    found = spread_of_ratios(section, name)
    if not found:
        return "–"
    text = figures.ratio_text(found.median)
    if found.count < 2:
        return text
    return f"{text} ({figures.ratio_text(found.low)} – {figures.ratio_text(found.high)})"
