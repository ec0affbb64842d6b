"""The lists of known failures: which scenarios a stack is known to fail, and why."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .outcome import Outcome

PASSED, FAILED, KNOWN, UNLISTED_PASS = "passed", "failed", "known failure", "passes, but is listed"


@dataclass(frozen=True)
class Verdict:
    """An outcome held against the list; `ok` when the stack behaves as listed."""

    outcome: Outcome
    status: str
    why: str = ""

    @property
    def ok(self) -> bool:
        return self.status in (PASSED, KNOWN)


def load_known_failures(path: Path, names: set[str]) -> dict[str, str]:
    """Reads `name: why` lines; a name that is no scenario, or no reason, is an error."""
    known: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, why = (part.strip() for part in line.partition(":"))
        if name not in names or not why or name in known:
            raise ValueError(f"{path}:{number}: expected 'scenario: why', once each: {line}")
        known[name] = why
    return known


def judge(outcome: Outcome, known: dict[str, str]) -> Verdict:
    """Holds an outcome against the list."""
    why = known.get(outcome.scenario.name)
    if why is None:
        return Verdict(outcome, FAILED if outcome.differences else PASSED)
    return Verdict(outcome, KNOWN if outcome.differences else UNLISTED_PASS, why)
