"""The list of attacks."""

from dataclasses import dataclass, field
from typing import Callable


@dataclass
class Attack:
    name: str
    about: str
    function: Callable
    options: list = field(default_factory=list)
    tokens: bool = False  # does the server ask for tokens?
    stderr: str = "file"  # or "unread": a pipe that nobody reads; "dead": its reader has ended
    files: int | None = None  # descriptors that the server may have
    unlimited: bool = False  # are the limits of rates out of the way?
    least: float = 0.0  # seconds that it needs to show anything
    rss: float = 400.0  # MiB
    latency: float | None = 20.0  # ms, at the 99th percentile; None: it is not judged
    check: Callable | None = None  # of the row: what is wrong, a text each


ATTACKS = {}


def attack(about, **options):
    """Makes an attack of a function of a Context; its name is the function's."""

    def add(function):
        name = function.__name__.replace("_", "-")
        ATTACKS[name] = Attack(name, about, function, **options)
        return function

    return add


def wrong_if(*claims):
    """A check: each claim is a text, and a function of the notes that says whether it is so."""
    return lambda row: [text for text, holds in claims if holds(row["notes"])]
