"""The client's part in sending: what was said waits, in order, until the server has acknowledged it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass
class Message:
    """One thing to say."""

    number: int  # of its sender, in the order in which they were said
    id: str
    conversation: str
    frame: str
    text: str
    first_sent: float | None = None
    times_sent: int = 0


class Outbox:
    """Messages in order; at most `window` are on their way."""

    def __init__(self, window: int) -> None:
        self.window = window
        self._waiting: deque[Message] = deque()
        self._flying: dict[str, Message] = {}  # in the order in which they went out

    def __len__(self) -> int:
        return len(self._waiting) + len(self._flying)

    def add(self, message: Message) -> None:
        """Puts a message behind the others."""
        self._waiting.append(message)

    def next(self) -> Message | None:
        """The next that may go out now; it's on its way from here on."""
        if not self._waiting or len(self._flying) >= self.window:
            return None
        message = self._waiting.popleft()
        self._flying[message.id] = message
        return message

    def done(self, id: str) -> Message | None:
        """Takes a message out: it was acknowledged, or refused for good."""
        message = self._flying.pop(id, None)
        if message is None:
            message = next((each for each in self._waiting if each.id == id), None)
            if message:
                self._waiting.remove(message)
        return message

    def retry(self, id: str) -> None:
        """This one and those behind it go out again, in order."""
        if id not in self._flying:
            return
        order = list(self._flying)
        for each in reversed(order[order.index(id) :]):
            self._waiting.appendleft(self._flying.pop(each))

    def broke(self) -> None:
        """All that is on its way goes out again on the next connection, in order."""
        if self._flying:
            self.retry(next(iter(self._flying)))
