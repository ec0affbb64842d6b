"""By how much the event loop is late: a task that sleeps, and looks when it wakes."""

from __future__ import annotations

import asyncio
import time
from collections import deque

PERIOD = 0.02  # seconds
REMEMBERED = 1.0


class Lag:
    def __init__(self) -> None:
        self.lags: deque[tuple[float, float]] = deque()  # when, and how late
        self.largest = 0.0
        self.due = time.monotonic() + PERIOD

    async def measure(self) -> None:
        while True:
            self.due = time.monotonic() + PERIOD
            await asyncio.sleep(PERIOD)
            self.note(time.monotonic())

    def note(self, now: float) -> None:
        late = max(0.0, now - self.due)
        self.largest = max(self.largest, late)
        self.lags.append((now, late))
        while self.lags and self.lags[0][0] < now - REMEMBERED:
            self.lags.popleft()

    def of_last_second(self) -> float:
        """The largest. What is due right now, and late already, counts."""
        now = time.monotonic()
        late = [lag for when, lag in self.lags if when >= now - REMEMBERED]
        return max([0.0, now - self.due, *late])
