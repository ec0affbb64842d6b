"""Plays the conversations on each stack, and puts the results side by side."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .processes import run
from .stacks import CONFORMANCE, STACKS, ServerError, Stack, load_all

DEADLINE = 300.0  # seconds for all conversations on one stack

PASSED, KNOWN, NOT_APPLICABLE = "passed", "known failure", "not applicable"
UNEXPECTED = "unexpected"
_STATUS = {"passed": PASSED, "known failure": KNOWN, "not for this stack": NOT_APPLICABLE}

Result = dict[str, Any]


def count_conversations() -> int:
    """How many there are to play, on all stacks together."""
    scenarios = load_all(CONFORMANCE / "scenarios", CONFORMANCE / "faults")
    return sum(stack.name in scenario.stacks for scenario in scenarios for stack in STACKS)


async def play(on_scenario: Callable[[Stack, str], None]) -> list[Result]:
    """Plays all conversations on all stacks at once: they mostly wait for what must not come."""
    with tempfile.TemporaryDirectory(prefix="compare-") as folder:
        tasks = [asyncio.create_task(_play(stack, Path(folder), on_scenario)) for stack in STACKS]
        try:
            return side_by_side(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                if not task.cancelling():  # a second time would cut its clean-up short
                    task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _play(
    stack: Stack, folder: Path, on_scenario: Callable[[Stack, str], None]
) -> list[Result]:
    file = folder / f"{stack.name}.json"
    argv = [sys.executable, str(CONFORMANCE / "run.py"), "--stack", stack.name, "--json", str(file)]

    def on_line(line: str) -> None:
        words = line.split()
        if len(words) > 2 and words[0] in ("ok", "known", "FAILED") and words[1] == stack.name:
            on_scenario(stack, words[2])

    finished = await run(argv, DEADLINE, on_line)
    if not file.exists():
        raise ServerError(f"{stack.title}: the conversations were not played\n{finished.stderr}")
    results: list[Result] = json.loads(file.read_text(encoding="utf-8"))["results"]
    return results


def side_by_side(results_of_stacks: list[list[Result]]) -> list[Result]:
    """One row a scenario, with a cell for each stack: its status, and why."""
    rows: dict[str, Result] = {}
    for result in (result for results in results_of_stacks for result in results):
        row = rows.setdefault(
            result["name"],
            {"name": result["name"], "title": result["title"], "folder": result["folder"]},
        )
        status = _STATUS.get(result["status"], UNEXPECTED)
        cell = {"status": status, "why": result.get("why", "")}
        if status == UNEXPECTED:
            cell["why"] = result["status"] + (f": {cell['why']}" if cell["why"] else "")
            cell["differences"] = result.get("differences", [])
        row.setdefault("cells", {})[result["stack"]] = cell
    return sorted(rows.values(), key=lambda row: (row["folder"] == "faults", row["name"]))


def tally(rows: list[Result], stack: str) -> dict[str, int]:
    """How many scenarios have which status on a stack."""
    counts = dict.fromkeys((PASSED, KNOWN, UNEXPECTED, NOT_APPLICABLE), 0)
    for row in rows:
        counts[row["cells"].get(stack, {"status": NOT_APPLICABLE})["status"]] += 1
    return counts


def is_as_listed(rows: list[Result]) -> bool:
    """Whether no stack did what its list does not say."""
    return all(tally(rows, stack.name)[UNEXPECTED] == 0 for stack in STACKS)
