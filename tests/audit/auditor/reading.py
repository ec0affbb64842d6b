"""The client's part in reading: one conversation, shown in order, without repeats, gaps told.

No sockets here: frames go in, notes and what to ask the server come out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import notes
from .notes import Position

Frame = dict[str, Any]


class Reading:
    """Up to where a client has everything of one conversation, and what it holds back above that."""

    def __init__(self, name: str, note: Callable[[notes.Note], None], clock: Callable[[], float]):
        self.name = name
        self.have: Position | None = None
        self._note = note
        self._clock = clock
        self._ids: set[str] = set()  # of what it has shown
        self._epoch = ""  # of the live messages on this connection
        self._held: dict[int, Frame] = {}
        self._owed = False  # the history that comes before the first live message
        self._asked = False  # a history that the client has asked for

    def begin(self, epoch: str, last: int) -> None:
        """A welcome or a joined: the log ends at `last`, and what the client missed comes next."""
        told = Position(epoch, last)
        self._epoch, self._held, self._asked = epoch, {}, False
        if self.have is None:
            self.have = told
            self._note(notes.Joined(self._clock(), self.name, told))
        elif epoch == self.have.epoch and last < self.have.seq:
            self._note(notes.Back(self._clock(), self.name, self.have, told))
        self._owed = self.have != told

    def live(self, frame: Frame) -> bool:
        """A message that was just said. True if the client has to ask for what is before it."""
        assert self.have is not None, f"{self.name}: a message before the welcome"
        came = Position(self._epoch, frame["seq"])
        if self._owed:
            self._note(notes.Early(self._clock(), self.name, self.have, came))
        elif self._epoch == self.have.epoch and came.seq <= self.have.seq:
            self._again(came, frame)
            return False
        elif self._epoch == self.have.epoch and came.seq == self.have.seq + 1:
            self._show(frame)
            self._release()
            return False
        elif not self._asked:
            self._note(notes.Hole(self._clock(), self.name, self.have, came, "live"))
        self._held[came.seq] = frame
        ask = not self._asked
        self._owed, self._asked = False, True
        return ask

    def refused(self) -> None:
        """The log can't be read now: what the client was owed, it has to ask for."""
        owed, self._owed = self._owed, False
        self._asked = self._asked or owed

    @property
    def asked(self) -> bool:
        """Whether an answer to the client's question is to come, or was refused."""
        return self._asked

    def history(self, frame: Frame) -> bool:
        """What the client missed, or a page of it. True if the client has to ask for the next page."""
        assert self.have is not None, f"{self.name}: a history before the welcome"
        self._owed = self._asked = False
        epoch, messages, last = frame["epoch"], frame["messages"], frame["seq"]
        if not frame["recovered"]:
            self._gap(frame)
        elif epoch != self.have.epoch:
            self._hole(Position(epoch, last), "recovered in another epoch")
            self.have = Position(epoch, messages[0]["seq"] - 1 if messages else last)
        for each in messages:
            self._from_history(Position(epoch, each["seq"]), each)
        if frame.get("more"):
            self._asked = True
            return True
        if self.have.seq < last:
            self._hole(Position(epoch, last), "a history that ends early")
        self._release()
        self._skip_to(last)
        if self._held:
            between = min(self._held) - 1
            self._hole(Position(epoch, between), "between the history and what came live")
            self._skip_to(between)
        return False

    def _gap(self, frame: Frame) -> None:
        epoch, messages, last = frame["epoch"], frame["messages"], frame["seq"]
        before = Position(epoch, messages[0]["seq"] if messages else last + 1)
        self._note(
            notes.Gap(self._clock(), self.name, self.have, before, last, frame["reason"])
        )
        self._epoch = epoch
        if epoch != self.have.epoch or before.seq > self.have.seq:
            self.have = Position(epoch, before.seq - 1)

    def _from_history(self, position: Position, frame: Frame) -> None:
        if position.seq <= self.have.seq:
            self._again(position, frame)
            return
        if position.seq > self.have.seq + 1:
            self._hole(Position(position.epoch, position.seq - 1), "inside a history")
            self._skip_to(position.seq - 1)
        self._show(frame)

    def _show(self, frame: Frame) -> None:
        assert self.have is not None
        self.have = Position(self.have.epoch, frame["seq"])
        id = frame.get("id", "")
        if id in self._ids:  # a server that forgot it at its end took it once more
            self._again(self.have, frame)
            return
        self._ids.add(id)
        self._note(notes.Saw(self._clock(), self.name, self.have, id, frame["message"]))

    def _again(self, position: Position, frame: Frame) -> None:
        self._note(notes.Again(self._clock(), self.name, position, frame.get("id", "")))

    def _release(self) -> None:
        """Shows what was held back, up to the next hole."""
        for seq in sorted(self._held):
            if seq == self.have.seq + 1:
                self._show(self._held.pop(seq))
            elif seq <= self.have.seq:
                self._again(Position(self._epoch, seq), self._held.pop(seq))

    def _hole(self, told: Position, where: str) -> None:
        assert self.have is not None
        self._note(notes.Hole(self._clock(), self.name, self.have, told, where))

    def _skip_to(self, seq: int) -> None:
        """Goes on behind a hole that nobody will fill; shows what was held back on the way."""
        assert self.have is not None
        while self.have.seq < seq:
            above = min((each for each in self._held if each > self.have.seq), default=seq + 1)
            self.have = Position(self.have.epoch, min(above - 1, seq))
            self._release()
