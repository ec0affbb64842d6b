"""What the runner prints of a scenario, and the results that `--json` writes."""

from __future__ import annotations

from typing import Any

from .known import KNOWN, PASSED, Verdict
from .pattern import shorten, show
from .outcome import Outcome
from .scenario import Scenario

GREEN, RED, YELLOW, BOLD, RESET = "\033[32m", "\033[31m", "\033[33m", "\033[1m", "\033[0m"


def paint(text: str, colour: str, on: bool) -> str:
    """Colours a text for a terminal."""
    return f"{colour}{text}{RESET}" if on else text


def print_verdict(verdict: Verdict, colour: bool, verbose: bool) -> None:
    """One line for a scenario, and what differed where that was not expected."""
    outcome = verdict.outcome
    mark = {PASSED: "ok", KNOWN: "known"}.get(verdict.status, "FAILED")
    paints = {"ok": GREEN, "known": YELLOW, "FAILED": RED}[mark]
    line = f"{outcome.stack:8} {outcome.scenario.name} ({outcome.seconds:.2f} s)"
    print(paint(f"{mark:7}", paints, colour), line, flush=True)
    if verdict.why and (verbose or not verdict.ok):
        print(f"          {verdict.status}: {verdict.why}")
    if verbose or verdict.status not in (PASSED, KNOWN):
        for difference in outcome.differences:
            print(f"          {difference}", flush=True)


def scenario_json(verdict: Verdict) -> dict[str, Any]:
    """A scenario's result for `--json`."""
    scenario = verdict.outcome.scenario
    return {
        "stack": verdict.outcome.stack,
        "name": scenario.name,
        "title": scenario.title,
        "folder": scenario.path.parent.name,
        "status": verdict.status,
        "why": verdict.why,
        "seconds": round(verdict.outcome.seconds, 3),
        "differences": verdict.outcome.differences,
    }


def skipped_json(scenario: Scenario, stack: str) -> dict[str, Any]:
    """The result of a scenario that is not meant for a stack."""
    return {
        "stack": stack,
        "name": scenario.name,
        "title": scenario.title,
        "folder": scenario.path.parent.name,
        "status": "not for this stack",
    }


def transcript_json(outcome: Outcome) -> dict[str, Any]:
    """A transcript for `--fault NAME --json`."""
    scenario = outcome.scenario
    events = [
        {
            "at": round(event.at, 4),
            "step": event.step,
            "who": event.who,
            "did": event.did,
            "what": shortened(event.what),
        }
        for event in outcome.transcript
    ]
    return {
        "stack": outcome.stack,
        "fault": scenario.name,
        "title": scenario.title,
        "about": scenario.about,
        "steps": [step.text for step in scenario.steps],
        "transcript": events,
        "differences": outcome.differences,
    }


def shortened(value: Any, limit: int = 160) -> Any:
    """A value with its long texts cut."""
    if isinstance(value, dict):
        return {key: shortened(item, limit) for key, item in value.items()}
    if isinstance(value, list):
        return [shortened(item, limit) for item in value]
    if isinstance(value, bytes):
        return show(value)
    return shorten(value, limit) if isinstance(value, str) else value
