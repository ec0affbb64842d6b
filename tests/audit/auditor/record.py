"""All clients' notes, sorted by message, by place and by view, for the judge to look things up in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from . import notes
from .notes import Diary, Position


class Place(NamedTuple):
    """A position in a conversation."""

    conversation: str
    position: Position

    def __str__(self) -> str:
        return f"{self.position} of {self.conversation}"


@dataclass
class Said:
    """A message, as its sender knows it."""

    id: str
    sender: str
    number: int  # of the sender, in the order in which it was said first
    conversation: str
    text: str
    first_at: float
    sent: list[notes.Sent] = field(default_factory=list)
    acks: list[notes.Acked] = field(default_factory=list)
    refusals: list[notes.Refused] = field(default_factory=list)

    @property
    def answered(self) -> bool:
        """Whether its sender knows what became of it."""
        return bool(self.acks) or any(not each.retry for each in self.refusals)

    @property
    def evidence(self) -> list[str]:
        """What its sender noted about it."""
        lines = [*self.sent, *self.acks, *self.refusals]
        return [f"{self.sender} noted: {note}" for note in sorted(lines, key=lambda note: note.at)]


@dataclass
class View:
    """One client's view of one conversation."""

    client: str
    conversation: str
    joined: notes.Joined
    entries: list[notes.Saw | notes.Gap] = field(default_factory=list)
    seen: dict[str, list[notes.Saw]] = field(default_factory=lambda: defaultdict(list))
    gaps: list[notes.Gap] = field(default_factory=list)
    epochs: list[str] = field(default_factory=list)  # of the client's positions, in order

    def add(self, note: notes.Saw | notes.Gap) -> None:
        """The next thing that the client saw."""
        self.entries.append(note)
        if isinstance(note, notes.Saw):
            self.seen[note.id].append(note)
            epoch = note.position.epoch
        else:
            self.gaps.append(note)
            epoch = note.before.epoch
        if self.epochs[-1] != epoch:
            self.epochs.append(epoch)

    def around(self, at: float) -> list[str]:
        """What the client noted just before and after that time."""
        later = next((i for i, note in enumerate(self.entries) if note.at >= at), len(self.entries))
        near = self.entries[max(0, later - 2) : later + 2]
        return [f"{self.client} noted: {note}" for note in near]


class Record:
    """The notes of everyone."""

    def __init__(self, diaries: Iterable[Diary]) -> None:
        self.diaries = list(diaries)
        self.said: dict[str, Said] = {}
        self._counts: dict[str, int] = defaultdict(int)
        self.views: dict[tuple[str, str], View] = {}
        # What anyone saw at a place: by id, who saw it there.
        self.places: dict[Place, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        # Where anyone saw a message.
        self.found: dict[str, set[Place]] = defaultdict(set)
        for diary in self.diaries:
            self._add(diary)

    def _add(self, diary: Diary) -> None:
        answers = []
        for note in diary.notes:
            if isinstance(note, notes.Sent):
                self._sent(diary.client, note)
            elif isinstance(note, (notes.Acked, notes.Refused)):
                answers.append(note)
            elif isinstance(note, notes.Joined):
                view = View(diary.client, note.conversation, note, epochs=[note.position.epoch])
                self.views[diary.client, note.conversation] = view
            elif isinstance(note, (notes.Saw, notes.Gap)):
                self.views[diary.client, note.conversation].add(note)
            if isinstance(note, (notes.Saw, notes.Again)):
                place = Place(note.conversation, note.position)
                who = self.places[place][note.id]
                if diary.client not in who:
                    who.append(diary.client)
                self.found[note.id].add(place)
        for note in answers:
            if said := self.said.get(note.id):
                (said.acks if isinstance(note, notes.Acked) else said.refusals).append(note)

    def _sent(self, client: str, note: notes.Sent) -> None:
        said = self.said.get(note.id)
        if said is None:
            self._counts[client] += 1
            number = self._counts[client]
            said = Said(note.id, client, number, note.conversation, note.text, note.at)
            self.said[note.id] = said
        said.sent.append(note)

    def ids_in(self, conversation: str) -> list[Said]:
        """What was said there."""
        return [said for said in self.said.values() if said.conversation == conversation]

    def views_of(self, conversation: str) -> list[View]:
        """How its members saw it."""
        return [view for (_, name), view in self.views.items() if name == conversation]

    def members_with(self, id: str) -> list[str]:
        """Who saw a message, and where: for the evidence."""
        lines = []
        for place in sorted(self.found[id]):
            who = self.places[place][id]
            lines.append(f"{', '.join(who[:5])}{' …' if len(who) > 5 else ''} saw it at {place}")
        return lines or ["nobody saw it"]
