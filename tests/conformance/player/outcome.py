"""What came of a scenario: what differed, and who received what."""

from __future__ import annotations

from dataclasses import dataclass, field

from .pattern import Json
from .scenario import Scenario


class Mismatch(Exception):
    """A step did not go as written; one line for each thing that differed."""

    def __init__(self, *lines: str) -> None:
        super().__init__("; ".join(lines))
        self.lines = list(lines)


@dataclass(frozen=True)
class Event:
    """Something that happened to somebody, for the transcript."""

    at: float  # seconds since the scenario began
    step: int  # index of the step during which it happened
    who: str
    did: str
    what: Json


@dataclass
class Outcome:
    """How a scenario went."""

    scenario: Scenario
    stack: str
    seconds: float = 0.0
    differences: list[str] = field(default_factory=list)
    mismatches: dict[int, list[str]] = field(default_factory=dict)  # by index of the step
    transcript: list[Event] = field(default_factory=list)
    left_behind: bool = False  # the server still counts connections that are gone
