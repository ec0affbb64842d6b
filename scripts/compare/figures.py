"""Statistics of repeated measurements, and how figures are written."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """Median, least and greatest of some measurements."""

    median: float
    low: float
    high: float
    count: int


def spread(values: Iterable[float | None]) -> Spread | None:
    """The spread of those values that there are."""
    found = [value for value in values if value is not None]
    if not found:
        return None
    return Spread(statistics.median(found), min(found), max(found), len(found))


def ratio(value: float, base: float) -> float | None:
    """How many times `base` it is; None where that means nothing."""
    return value / base if base > 0 and value >= 0 else None


def ratio_text(times: float | None) -> str:
    """22×, 1.4×, 0.83× or, below a half, 1/12."""
    if times is None:
        return "–"
    if times == 1:
        return "1×"
    if times >= 0.5:
        return f"{_digits(times, 2)}×"
    return f"1/{_digits(1 / times, 2)}" if times > 0 else "0×"


def rate(value: float) -> str:
    """A number of things, in thousands or millions where that is shorter."""
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if round(value) >= size:
            return f"{_digits(value / size)}{letter}"
    return _digits(value)


def milliseconds(value: float) -> str:
    """A time that is given in ms."""
    if value >= 999.5:
        return f"{_digits(value / 1000)} s"
    return f"{_digits(value)} ms"


def kib(value: float) -> str:
    """An amount of memory that is given in KiB."""
    return f"{_digits(value)} KiB"


def mib(value: float) -> str:
    """An amount of memory that is given in MiB."""
    return f"{_digits(value)} MiB" if value < 1024 else f"{_digits(value / 1024)} GiB"


def count(value: float) -> str:
    """A whole number."""
    return f"{value:,.0f}"


def _digits(value: float, significant: int = 3) -> str:
    """At least that many digits: 0.012, 0.12, 1.23, 12.3, 123, 1,234."""
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(float(f"{value:.{significant - 1}e}"))))
    return f"{value:,.{min(max(significant - 1 - size, 0), significant)}f}"
